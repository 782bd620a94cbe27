"""The member's home: what must be done, and what is on record."""

from flask import Blueprint, render_template
from werkzeug.wrappers import Response

from occto import clock
from occto.access import permit, viewer
from occto.domain.assembly import title_of
from occto.domain.confirming import is_due
from occto.domain.dates import today_jst
from occto.domain.permissions import Permission
from occto.extensions import db
from occto.mandate_words import ALLOWS
from occto.queries import register
from occto.reply_words import time_left
from occto.views.tools import see_other

pages = Blueprint("home", __name__)


@pages.get("/arrive")
@permit(Permission.SIGNED_IN)
def arrive() -> Response:
    """Where a sign-in without a wish leads."""
    if viewer.kind == "staff":
        return see_other("admin.index")
    return see_other("home.home" if viewer.member_id is not None else "auth.choose_company")


@pages.get("/home")
@permit(Permission.HOME)
def home() -> str:
    if not viewer.can(Permission.RECORD_SEE):  # a mandate may cover users or replies alone
        return render_template("home/limited.html", allows=[(one, ALLOWS[one]) for one in viewer.procedures])
    now = clock.now()
    today = today_jst(now)
    record = register.home_record(db.session(), viewer.member_id or 0, today=today, now=now)
    held = record.assembly
    confirmed_on = today_jst(record.confirmed_at) if record.confirmed_at else None
    return render_template(
        "home/home.html",
        record=record,
        assembly=held,
        assembly_title=title_of(held) if held else "",
        left=time_left(held.reply_until, now) if held else None,
        today=today,
        confirmed_on=confirmed_on,
        confirmation_due=is_due(confirmed_on=confirmed_on, member_on=record.member_on, today=today),
        may_confirm=viewer.can(Permission.RECORD_EDIT),
    )
