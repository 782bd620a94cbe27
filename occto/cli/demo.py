"""The demo from the command line, and the copies of the register for lists."""

import sys

import click
from flask import current_app
from flask.cli import AppGroup

from occto import clock, vault
from occto.cli.refusals import refusals_as_exit
from occto.demo.accounts import accounts_table
from occto.demo.load import SEED, SMALLEST, load_demo, make_secrets
from occto.domain.errors import Refusal
from occto.extensions import db
from occto.queries.people import user_by_email
from occto.services import search
from occto.services.rebuild import rebuild_batch
from occto.unit_of_work import run

_BATCH = 500


def register(group: AppGroup) -> None:
    """Add the commands to `group`."""
    for command in (load, code, rebuild):
        group.add_command(command)


def _require_demo() -> None:
    if not current_app.config["DEMO"]:
        raise Refusal("not_demo", "このコマンドは、デモ用の設定（OCCTO_DEMO=1）でだけ使えます。")


@click.command("load-demo")
@click.option("--members", default=300, show_default=True, type=click.IntRange(SMALLEST, 1_000_000), help="会員の数")
@click.option("--seed", default=SEED, show_default=True, help="同じ数なら同じデータになります。")
@refusals_as_exit
def load(members: int, seed: int) -> None:
    """空のデータベースにデモデータを作ります（デモ用の設定でだけ使えます）。"""
    _require_demo()
    hidden = not sys.stderr.isatty()
    with click.progressbar(length=members, label="デモデータの作成", file=sys.stderr, hidden=hidden) as bar:
        cases = run(load_demo, members, secrets=make_secrets(), now=clock.now(), seed=seed, progress=bar.update)
    click.echo(f"会員 {members:,} 件と加入申請 {cases:,} 件を作りました。")
    click.echo(accounts_table())


@click.command("demo-code")
@click.argument("login")
@refusals_as_exit
def code(login: str) -> None:
    """デモのユーザの、いまの確認コードを表示します（デモ用の設定でだけ使えます）。"""
    _require_demo()
    user = user_by_email(db.session(), login.strip().lower())
    secret = vault.decrypt(user.totp_secret_enc) if user and user.totp_secret_enc else None
    if secret is None:
        raise Refusal("no_code", f"{login} には確認コードがありません。ログインIDをお確かめください。")
    click.echo(vault.totp_now(secret, now=clock.now()))


@click.command("rebuild-current")
@refusals_as_exit
def rebuild() -> None:
    """会員一覧用の写しを、登録された事実から作り直します。"""
    now, after, seen, differed = clock.now(), 0, 0, 0
    while (batch := run(rebuild_batch, after=after, limit=_BATCH, now=now)).last_id is not None:
        after, seen, differed = batch.last_id, seen + batch.seen, differed + batch.differed
    run(search.rebuild_index)
    click.echo(f"{seen:,} 件を確かめ、{differed:,} 件を直しました。")
