"""The public check of 加入証跡: by code and day, for people and machines, and the keys that printed ones are signed with."""

import json
from datetime import date
from typing import Any

from flask import Blueprint, Response, redirect, render_template, request, url_for
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import TooManyRequests
from werkzeug.wrappers import Response as BaseResponse

from occto import certificate_words, clock, signing
from occto.access import permit
from occto.domain.certificates import read_code
from occto.domain.dates import today_jst
from occto.domain.permissions import Permission
from occto.errors import page
from occto.extensions import db, limiter
from occto.forms.certificates import CheckForm
from occto.queries import certificates as reads

pages = Blueprint("certificates", __name__, url_prefix="/certificates")
KEYS_LAST = 3600
"""Seconds for which the published keys may be kept: a new key is known everywhere an hour after it began to sign."""
Answer = str | tuple[str, int] | Response | BaseResponse


@pages.get("/")
@permit(Permission.PUBLIC)
@limiter.limit("60/minute")
def ask() -> Answer:
    """The form; what is typed into it leads to the address of the code."""
    if "code" not in request.args:
        return _page(CheckForm(data={"date": None}))
    form = CheckForm(request.args)
    if not form.validate():
        return _form_again(form)
    code = read_code(form.code.data)
    if code is None:
        return _unknown(form, _asked_day(form))
    day = form.date.data.isoformat() if form.date.data else None
    return redirect(url_for("certificates.check", code=code, date=day), 303)


@pages.get("/keys.json")
@permit(Permission.PUBLIC)
@limiter.limit("60/minute")
def keys() -> BaseResponse:
    """The public halves of all keys that ever signed (RFC 7517)."""
    body = json.dumps(signing.jwks(reads.published_keys(db.session())), indent=1)
    answer = Response(f"{body}\n", mimetype="application/jwk-set+json")
    # With a session the answer renews its cookie, which no shared cache may keep.
    answer.headers["Cache-Control"] = f"{'private' if request.cookies else 'public'}, max-age={KEYS_LAST}"
    answer.add_etag()
    return answer.make_conditional(request)


@pages.get("/<string(maxlength=200):code>")
@permit(Permission.PUBLIC)
@limiter.limit("60/minute")
def check(code: str) -> Answer:
    """Whether the certificate is valid on a day; `date` in the address, today without."""
    form = CheckForm(MultiDict({"code": code, "date": request.args.get("date", "")}))
    form.validate()
    if form.date.errors:
        return _form_again(form)
    day = _asked_day(form)
    read = read_code(code)
    found = reads.check(db.session(), read, day) if read else None
    if found is None:
        return _unknown(form, day)
    today = today_jst(clock.now())
    if _wants_json():
        return _json(certificate_words.as_json(found, today=today))
    return _page(CheckForm(data={"code": None, "date": None}), verdict=certificate_words.verdict(found, today=today))


@pages.errorhandler(429)
def _too_many(_error: TooManyRequests) -> Answer:
    if _wants_json():
        return _json({"error": "too_many", "message": "短い間に続けてお尋ねです。1分ほど待ってください。"}, status=429)
    return page(429)


def _asked_day(form: CheckForm) -> date:
    day: date | None = form.date.data
    return day or today_jst(clock.now())


def _form_again(form: CheckForm) -> Answer:
    if _wants_json():
        field, sentence = next((f.short_name, f.summary_sentence) for f in form if f.errors)
        return _json({"error": field, "message": sentence}, status=400)
    return _page(form), 400


def _unknown(form: CheckForm, day: date) -> Answer:
    """The same answer for every code that is none, mistyped or never given out."""
    if _wants_json():
        return _json(certificate_words.unknown_as_json(day, today=today_jst(clock.now())), status=404)
    return _page(form, unknown=True), 404


def _page(form: CheckForm, **values: Any) -> str:
    return render_template(
        "certificate/check.html",
        form=form,
        errors=bool(form.errors),
        unknown_title=certificate_words.UNKNOWN_TITLE,
        unknown_sentences=certificate_words.UNKNOWN_SENTENCES,
        **values,
    )


def _wants_json() -> bool:
    accepted = request.accept_mimetypes
    return accepted.quality("application/json") > accepted.quality("text/html")


def _json(fields: dict[str, Any], *, status: int = 200) -> Response:
    body = json.dumps(fields, ensure_ascii=False, indent=1)
    return Response(f"{body}\n", status=status, mimetype="application/json")
