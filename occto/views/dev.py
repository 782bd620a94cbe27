"""The demo's own pages: every mail that was sent, and the codes of the demo accounts. Registered in demo mode only."""

from flask import Blueprint, render_template

from occto import clock, vault
from occto.access import permit
from occto.domain.permissions import Permission
from occto.extensions import db
from occto.queries import demo

pages = Blueprint("dev", __name__, url_prefix="/dev")
SHOWN = 100


@pages.get("/mailbox")
@permit(Permission.PUBLIC)
def mailbox() -> str:
    """The newest mails, as their readers would find them."""
    return render_template("dev/mailbox.html", mails=demo.newest_mails(db.session(), limit=SHOWN))


@pages.get("/mailbox/<int:mail_id>")
@permit(Permission.PUBLIC)
def mail(mail_id: int) -> str:
    return render_template("dev/mail.html", mail=demo.mail(db.session(), mail_id))


@pages.get("/codes")
@permit(Permission.PUBLIC)
def codes() -> str:
    """The code that each demo account's authenticator app would show now."""
    now = clock.now()
    rows = []
    for user in demo.users_with_second_factor(db.session(), limit=SHOWN):
        secret = vault.decrypt(user.totp_secret_enc or "")
        if secret:
            rows.append({"name": user.name, "email": user.email, "code": vault.totp_now(secret, now=now)})
    return render_template(
        "dev/codes.html", rows=rows, left=vault.TOTP_PERIOD - int(now.timestamp()) % vault.TOTP_PERIOD
    )
