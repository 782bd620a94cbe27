"""加入証跡 from the command line: the key that printed certificates are signed with."""

import click
from flask.cli import AppGroup

from occto import clock, signing
from occto.domain.actor import SYSTEM
from occto.services.certificates import enter_signing_key
from occto.unit_of_work import run


def register(group: AppGroup) -> None:
    """Add the commands to `group`."""
    group.add_command(rotate)


@click.command("rotate-signing-key")
def rotate() -> None:
    """加入証跡の署名に使う鍵を新しくします。これまでの公開鍵は、公開したままです。"""
    key = signing.make_key()
    retired = run(enter_signing_key, **key.values(), actor=SYSTEM, now=clock.now())
    click.echo(f"新しい鍵 {key.kid} で署名します。署名を終えた鍵 {retired}本は、検証のために公開を続けます。")
