"""The demo's own pages: every mail that was sent, and the codes of the demo accounts. Registered in demo mode only."""

from flask import Blueprint, render_template
from sqlalchemy import select

from occto import clock, vault
from occto.access import permit
from occto.domain.errors import NotFound
from occto.domain.permissions import Permission
from occto.extensions import db
from occto.models import DemoMail, User

pages = Blueprint("dev", __name__, url_prefix="/dev")
SHOWN = 100


@pages.get("/mailbox")
@permit(Permission.PUBLIC)
def mailbox() -> str:
    """The newest mails, as their readers would find them."""
    mails = db.session.scalars(select(DemoMail).order_by(DemoMail.id.desc()).limit(SHOWN)).all()
    return render_template("dev/mailbox.html", mails=mails)


@pages.get("/mailbox/<int:mail_id>")
@permit(Permission.PUBLIC)
def mail(mail_id: int) -> str:
    found = db.session.get(DemoMail, mail_id) if mail_id < 2**63 else None
    if found is None:
        raise NotFound
    return render_template("dev/mail.html", mail=found)


@pages.get("/codes")
@permit(Permission.PUBLIC)
def codes() -> str:
    """The code that each demo account's authenticator app would show now."""
    now = clock.now()
    users = db.session.scalars(
        select(User).where(User.totp_secret_enc.is_not(None)).order_by(User.kind.desc(), User.id).limit(SHOWN)
    )
    rows = []
    for user in users:
        secret = vault.decrypt(user.totp_secret_enc or "")
        if secret:
            rows.append({"name": user.name, "email": user.email, "code": vault.totp_now(secret, now=now)})
    return render_template(
        "dev/codes.html", rows=rows, left=vault.TOTP_PERIOD - int(now.timestamp()) % vault.TOTP_PERIOD
    )
