"""Accounts of the staff from the command line: the first system administrator comes into being here."""

import click
from flask.cli import AppGroup

from occto import clock
from occto.cli.refusals import refusals_as_exit
from occto.domain.actor import SYSTEM
from occto.domain.permissions import STAFF_ROLES, Role
from occto.services.staff import create_staff
from occto.unit_of_work import run


def register(group: AppGroup) -> None:
    """Add the commands to `group`."""
    group.add_command(create)


@click.command("create-staff")
@click.argument("email")
@click.option("--name", required=True, help="氏名")
@click.option(
    "--role",
    "roles",
    required=True,
    multiple=True,
    type=click.Choice([role.value for role in STAFF_ROLES], case_sensitive=False),
    help="役割。複数の役割は、繰り返して指定します。",
)
@refusals_as_exit
def create(email: str, name: str, roles: tuple[str, ...]) -> None:
    """職員のユーザを作り、パスワード設定用のリンクをメールで送ります。"""
    chosen = [Role(role.upper()) for role in roles]
    run(create_staff, email, name=name, roles=chosen, actor=SYSTEM, now=clock.now())
    click.echo(f"{email} を登録しました。パスワード設定用のリンクをメールで送ります。")
