"""Running the system: web and worker, mail, daily work, checks."""

import os
import sys

import click
from flask import current_app
from flask.cli import AppGroup

import config
from occto import clock, worker
from occto.delivery import deliver_due, transport
from occto.extensions import db
from occto.queries.health import oldest_unsealed
from occto.serve import serve as run_both
from occto.services import audit


def register(group: AppGroup) -> None:
    """Add the commands to `group`."""
    for command in (serve, work, deliver_mail, run_daily, verify_audit, check_production):
        group.add_command(command)


@click.command("serve")
@click.option("--host", default=lambda: os.environ.get("HOST", "127.0.0.1"), help="待ち受けるアドレス")
@click.option("--port", default=lambda: int(os.environ.get("PORT", "8000")), type=int, help="待ち受けるポート")
@click.option("--workers", default=2, show_default=True, type=int)
@click.option("--threads", default=4, show_default=True, type=int)
def serve(host: str, port: int, workers: int, threads: int) -> None:
    """Webサーバとワーカーを起動する。"""
    if current_app.config["DEMO"] and host not in config.LOOPBACK and not current_app.config["DEMO_PUBLIC"]:
        click.echo(
            "デモは、このコンピュータの中だけで動きます。ほかから見せるときは OCCTO_DEMO_PUBLIC=1 を指定してください。",
            err=True,
        )
        sys.exit(2)
    db.engine.dispose()
    sys.exit(run_both(host=host, port=port, workers=workers, threads=threads))


@click.command("worker")
def work() -> None:
    """メールの送信、記録の封印、日次の処理を続ける。"""
    worker.work(current_app._get_current_object())  # type: ignore[attr-defined]  # noqa: SLF001 - the app itself


@click.command("deliver-mail")
def deliver_mail() -> None:
    """送信待ちのメールを送る。"""
    if transport() is None:
        click.echo("MAIL_SERVER が設定されていないため、送信できません。", err=True)
        sys.exit(1)
    sent = 0
    while count := deliver_due(limit=50):
        sent += count
    click.echo(f"{sent}通を処理しました。")


@click.command("run-daily")
def run_daily() -> None:
    """日次の処理(期限のお知らせ、下書きの削除)を行う。何度実行しても同じです。"""
    done = worker.run_daily()
    click.echo(
        f"期限のお知らせ {done.reminded}件、下書きのお知らせ {done.drafts_reminded}件、下書きの削除 {done.drafts_removed}件"
    )


@click.command("verify-audit")
def verify_audit() -> None:
    """記録の連鎖を検証する。"""
    report = audit.verify(db.session())
    click.echo(f"検証した記録 {report.links}件、未封印 {report.unsealed}件、先頭 {report.head}")
    oldest = oldest_unsealed(db.session())
    if report.fault:
        click.echo(f"改ざんまたは破損があります: {report.fault}", err=True)
        sys.exit(1)
    if oldest is not None and (clock.now() - oldest).total_seconds() > 60:
        click.echo("1分以上封印されていない記録があります。ワーカーが動いているかを確かめてください。", err=True)
        sys.exit(1)
    click.echo("連鎖は完全です。")


@click.command("check-production")
def check_production() -> None:
    """本番で動かしてよい設定かを確かめる。"""
    settings = current_app.config
    checks = {
        "デモではない (OCCTO_DEMO を設定しない)": not settings["DEMO"],
        "https のアドレス (BASE_URL)": settings["SECURE"],
        "メールサーバ (MAIL_SERVER)": bool(settings["MAIL_SERVER"]),
        "送信元のアドレス (MAIL_SENDER)": not settings["MAIL_SENDER"].endswith(".example"),
        "問い合わせ先の電話 (CONTACT_PHONE)": settings["CONTACT_PHONE"] != "03-0000-0000",
        "信頼するプロキシの段数 (TRUSTED_PROXIES)": settings["TRUSTED_PROXIES"] > 0,
        "封印鍵と署名鍵が別 (SECRET_KEY, DATA_KEY)": settings["SECRET_KEY"] != settings["DATA_KEY"],
    }
    for name, fine in checks.items():
        click.echo(f"{'よい　' if fine else '要確認'} {name}")
    sys.exit(0 if all(checks.values()) else 1)
