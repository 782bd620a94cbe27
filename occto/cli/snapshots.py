"""`verify-snapshot`: frozen votes against their SHA-256 and against the register as it was known then."""

import sys

import click
from flask.cli import AppGroup, with_appcontext

from occto.extensions import db
from occto.labels import label
from occto.services.verifying import verify_snapshots


def register(group: AppGroup) -> None:
    """Add the command to `group`."""
    group.add_command(verify_snapshot)


@click.command("verify-snapshot")
@click.argument("assembly", required=False, type=click.IntRange(min=1, max=2**63 - 1))
@with_appcontext
def verify_snapshot(assembly: int | None) -> None:
    """確定した議決権を検証する。ASSEMBLY(総会の番号)がなければ、すべての総会について行う。"""
    faults = checked = 0
    for one in verify_snapshots(db.session(), assembly_id=assembly):
        checked += 1
        line = f"総会 {one.assembly_id} 集計 {one.no}（{label(one.state)}） {one.sha256}"
        click.echo(f"{line} {'違いがあります: ' + one.fault if one.fault else '一致'}")
        faults += one.fault is not None
    if not checked:
        click.echo("確定した議決権はありません。")
    if faults:
        click.echo(f"{faults}件に、改ざんまたは破損があります。", err=True)
        sys.exit(1)
