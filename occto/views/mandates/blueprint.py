"""What both sides share: the blueprint, and the way from a form over a check page to the act."""

from collections.abc import Callable, Sequence
from typing import Any

from flask import Blueprint, flash, render_template, request
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from occto import clock
from occto.domain.dates import today_jst
from occto.domain.errors import NotAllowed, NotFound, Refusal
from occto.domain.mandates import check_terms
from occto.forms.base import BaseForm
from occto.views.tools import new_form_id, once

pages = Blueprint("mandates", __name__, url_prefix="/mandates")
CONFIRMED, AGAIN = "confirmed", "again"
"""Names of the two buttons of a check page."""
Page = Callable[..., str]


def answered(form: BaseForm, act: Callable[[Session], str], page: Page, *, done: str) -> str | Response:
    """Do the act once and say so, or show the page again with the refusal beside its field."""
    try:
        answer = once(act)
    except (NotFound, NotAllowed):
        raise
    except Refusal as refusal:
        form.add_error(refusal.field, refusal.sentence)
        return page()
    flash(done, "success")
    return answer


def through_check(
    form: Any,
    act: Callable[[Session], str],
    page: Page,
    facts: Callable[[], Sequence[Any]],
    *,
    title: str,
    button: str,
    back: tuple[str, str],
    lead: str,
    done: str,
    version: int | None = None,
) -> str | Response:
    """Answer the POST of a form that a check page follows; `facts` may refuse, too."""
    if AGAIN in request.form:
        return page()
    if not form.validate():
        return page()
    if CONFIRMED in request.form:
        return answered(form, act, page, done=done)
    try:
        check_terms(form.terms, today=today_jst(clock.now()))
        shown = facts()
    except Refusal as refusal:
        form.add_error(refusal.field, refusal.sentence)
        return page()
    typed = [
        (one.name, text)
        for one in form
        for text in (one.raw_value if isinstance(one.raw_value, list) else [one.raw_value])
    ]
    return render_template(
        "mandates/check.html",
        title=title,
        button=button,
        back=back,
        lead=lead,
        facts=shown,
        typed=typed,
        confirmed=CONFIRMED,
        again=AGAIN,
        form_id=new_form_id(),
        version=version,
    )
