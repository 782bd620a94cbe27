"""The list, the review sheet, and what every page about a user needs."""

from collections.abc import Callable
from typing import Any

from flask import Blueprint, abort, render_template, request
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from occto import clock
from occto.access import permit, viewer
from occto.domain.errors import NotFound, Refusal
from occto.domain.numbers import HIGHEST_ID
from occto.domain.permissions import Permission, Role
from occto.extensions import db
from occto.forms.base import BaseForm
from occto.queries import users
from occto.user_words import UserLine, line_of
from occto.views.tools import new_form_id, once

# not «users»: that is the staff screen
pages = Blueprint("people", __name__, url_prefix="/users")
SEEN_LIMIT = 80
USER = f"<int(max={HIGHEST_ID}):user_id>"
"""The part of an address that names a user; what no row can have as its number is not found."""


def member_id() -> int:
    """The company acted for; nothing in the address or form says whose users are shown."""
    if viewer.member_id is None:
        abort(404)
    return viewer.member_id


def line(user_id: int) -> UserLine:
    """One user of the company as pages show it; NotFound for anybody else."""
    return line_of(users.user_here(db.session(), member_id(), user_id, now=clock.now()))


def touchable(one: UserLine) -> bool:
    """Whether this viewer is offered any act on the user: a contractor never touches a 管理者."""
    return viewer.can(Permission.USERS_MANAGE) and not (viewer.mandate_id and one.user.role is Role.ADMINISTRATOR)


def seen() -> str:
    """What was on the screen, as the form sends it back."""
    return request.form.get("version", "")[:SEEN_LIMIT]


def form_page(
    form: BaseForm, *, title: str, act: str, one: UserLine | None = None, refusal: Refusal | None = None, **words: Any
) -> str:
    """A page with one form: about the user `one`, or about the company's users."""
    if refusal is not None:
        form.add_error(refusal.field, refusal.sentence)
    return render_template(
        "users/form.html",
        form=form,
        errors=bool(form.errors) or bool(form.form_errors),
        form_id=new_form_id(),
        title=title,
        act=act,
        one=one,
        **words,
    )


def attempt(act: Callable[[Session], str], page: Callable[[Refusal], str]) -> str | Response:
    """Do `act` once and go where it says; a refusal is shown on its page again, but for what is not there at all."""
    try:
        return once(act)
    except NotFound:
        raise
    except Refusal as refusal:
        db.session.rollback()
        return page(refusal)


@pages.get("/")
@permit(Permission.USERS_SEE)
def index() -> str:
    """The company's users: role, last sign-in, second factor, where the invitation stands."""
    lines = [line_of(one) for one in users.users_of(db.session(), member_id(), now=clock.now())]
    return render_template(
        "users/index.html",
        lines=lines,
        administrators=sum(one.user.role is Role.ADMINISTRATOR for one in lines),
        may_manage=viewer.can(Permission.USERS_MANAGE),
        is_administrator=Role.ADMINISTRATOR in viewer.roles,
        me=viewer.user_id,
    )


@pages.get("/review")
@permit(Permission.USERS_MANAGE)
def review() -> str:
    """The sheet for the regular review of IDs (利用規約 3.3/3.4.1), to be printed."""
    lines = [line_of(one) for one in users.users_of(db.session(), member_id(), now=clock.now())]
    return render_template("users/review.html", lines=lines, printed_at=clock.now())
