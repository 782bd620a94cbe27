"""The page of the account, and the asking for password or code that every act on it begins with."""

from typing import Any

from flask import Blueprint, render_template
from sqlalchemy.orm import Session

from occto import clock, vault
from occto.access import actor, permit, viewer
from occto.domain.codes import SignInOutcome
from occto.domain.dates import today_jst
from occto.domain.errors import NotAllowed, Refusal
from occto.domain.passwords import normalise_password
from occto.domain.permissions import Permission
from occto.domain.text import half_width_digits
from occto.domain.throttle import may_try
from occto.extensions import db
from occto.forms.base import BaseForm
from occto.labels import label
from occto.queries import account as reads
from occto.queries import people
from occto.services import account as verbs
from occto.unit_of_work import run
from occto.views.auth import TOO_MANY, attempt_keys

pages = Blueprint("account", __name__, url_prefix="/account")
WRONG_PASSWORD = "いまのパスワードが合いません。もう一度お確かめください。"  # noqa: S105 - a sentence
WRONG_CODE = "確認コードが合いません。認証アプリに表示されている最新の6桁か、リカバリーコードを入力してください。"
Answer = tuple[str, int]


def me() -> int:
    """The person whose account it is: whoever is signed in, never an id of the address."""
    if viewer.user_id is None:
        raise NotAllowed
    return viewer.user_id


def acting() -> int:
    """The person, to change something. The office looking at a member's pages changes nothing, not even its own ID."""
    if viewer.kind == "viewing":
        raise NotAllowed(
            "viewing", "会員の画面を閲覧しているあいだは、操作できません。閲覧を終えてから行ってください。"
        )
    return me()


def form_page(form: BaseForm, *, title: str, act: str, status: int = 200, **words: Any) -> Answer:
    """A page with one form about the account."""
    page = render_template(
        "account/form.html",
        form=form,
        errors=bool(form.errors) or bool(form.form_errors),
        title=title,
        act=act,
        **words,
    )
    return page, status


def refused_status(form: BaseForm) -> int:
    """429 where the form says that it was tried too often, else 200."""
    return 429 if any(TOO_MANY in field.errors for field in form) else 200


def proved_password(form: BaseForm) -> str | None:
    """The stored hash that the form's `current` was verified against; None with a sentence beside the field.

    Failures count as at sign-in. No transaction is open while argon2 works.
    """
    session, now = db.session(), clock.now()
    user = people.user_by_id(session, acting())
    keys, stored = attempt_keys(user.email), user.password_hash
    if not may_try(people.tries(session, **keys, now=now)):
        form.add_error("current", TOO_MANY)
        return None
    password = normalise_password(form["current"].data)
    session.rollback()
    if vault.verify_password(stored, password) and stored is not None:
        return stored
    run(verbs.note_failure, **keys, outcome=SignInOutcome.BAD_PASSWORD, actor=actor(), now=now)
    form.add_error("current", WRONG_PASSWORD)
    return None


def given_proof(form: BaseForm) -> verbs.Proof | None:
    """What was given as `current_code`, to be used up by a verb; None with a sentence where it was tried too often."""
    session, now = db.session(), clock.now()
    user = people.user_by_id(session, acting())
    if not may_try(people.tries(session, **attempt_keys(user.email), now=now)):
        form.add_error("current_code", TOO_MANY)
        return None
    typed = form["current_code"].data
    code = half_width_digits(typed).replace("-", "").replace(" ", "")
    secret = vault.decrypt(user.totp_secret_enc or "")
    step = vault.matching_step(secret, code, now=now) if secret and code.isdigit() else None
    return verbs.Proof(step, vault.recovery_hash(typed))


def count_wrong_code(form: BaseForm) -> None:
    """The code was none: say so, and count it as at sign-in."""
    user = people.user_by_id(db.session(), acting())
    keys = attempt_keys(user.email)
    run(verbs.note_failure, **keys, outcome=SignInOutcome.BAD_CODE, actor=actor(), now=clock.now())
    form.add_error("current_code", WRONG_CODE)


def refuse(form: BaseForm, refusal: Refusal) -> None:
    """Put a refusal of a verb on the form."""
    db.session.rollback()
    form.add_error(refusal.field, refusal.sentence)


@pages.get("")
@permit(Permission.SIGNED_IN)
def index() -> str:
    """Profile, password, second factor, companies, sessions: what the person has, with what can be done about it."""
    session, now = db.session(), clock.now()
    user = people.user_by_id(session, me())
    return render_template(
        "account/index.html",
        user=user,
        places=_places(session, user.id),
        codes_left=reads.recovery_codes_left(session, user.id),
        compulsory=reads.second_factor_compulsory(session, user.id),
        sessions=len(reads.open_sessions(session, user.id, now=now)),
        reading=viewer.kind == "viewing",
    )


def _places(session: Session, user_id: int) -> list[tuple[str, str]]:
    """The companies that the person serves, each with its role there or the contractor it comes from."""
    return [
        (
            place.name,
            label(place.role)
            if place.mandate_id is None
            else f"{place.contractor_name} が受託（{'・'.join(label(one) for one in place.procedures)}）",
        )
        for place in people.places_of(session, user_id, today=today_jst(clock.now()))
    ]
