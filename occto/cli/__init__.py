"""`flask --app app occto …`: what operators and the machine itself run."""

from flask import Flask
from flask.cli import AppGroup

from occto.cli import certificates, demo, snapshots, staff, votes, work

group = AppGroup("occto", help="会員情報管理システムの運用コマンド")


def register(app: Flask) -> None:
    """Add the commands to `app`."""
    work.register(group)
    demo.register(group)
    staff.register(group)
    votes.register(group)
    certificates.register(group)
    snapshots.register(group)
    app.cli.add_command(group)
