"""What several views need: reading a form once, acting once, sending files."""

import secrets
from collections.abc import Callable
from io import BytesIO
from urllib.parse import quote

from flask import Response, redirect, request, send_file, url_for
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as BaseResponse

from occto import clock
from occto.access import viewer
from occto.domain.errors import Refusal
from occto.extensions import db
from occto.services import submissions
from occto.unit_of_work import run

FORM_ID_LIMIT = 64


def new_form_id() -> str:
    """A one-time id for a form, written into the page."""
    return secrets.token_urlsafe(16)


def see_other(endpoint: str, **values: object) -> BaseResponse:
    """Answer a successful POST: 303 to the page that shows the result."""
    return redirect(url_for(endpoint, **values), 303)  # type: ignore[arg-type]


def done_before() -> BaseResponse | None:
    """Where the form led when it was taken; None at the first time. Asked before a password that the act has changed."""
    form_id = request.form.get("form_id", "")[:FORM_ID_LIMIT]
    earlier = submissions.earlier_result(db.session(), form_id, viewer_key=viewer.key) if form_id else None
    return redirect(earlier, 303) if earlier is not None else None


def once(act: Callable[[Session], str], *, leads_to: str = "") -> BaseResponse:
    """Do `act` in a unit of work, once for the form's one-time id, and go to the address it returns.

    The same id again (double click, resend, back button) gets the first result and does nothing: the id is UNIQUE.
    `leads_to`: the address, where it can be told beforehand; it is then written down with the id.
    """
    form_id = request.form.get("form_id", "")[:FORM_ID_LIMIT]
    if not form_id:
        raise Refusal(
            "no_form_id",
            "画面の情報が足りないため受け付けられませんでした。画面を開き直して、もう一度送信してください。",
        )
    key = viewer.key
    try:
        result = run(
            submissions.take_form,
            form_id,
            viewer_key=key,
            endpoint=request.endpoint or "",
            act=act,
            leads_to=leads_to,
            now=clock.now(),
        )
    except IntegrityError:
        first = submissions.earlier_result(db.session(), form_id, viewer_key=key)
        if first is None:
            raise
        return redirect(first, 303)
    return redirect(result, 303)


def download(content: bytes, *, name: str, media_type: str) -> Response:
    """Send bytes as an attachment under a Japanese name (RFC 5987); never shown inside the site, kept by no cache."""
    response = send_file(
        BytesIO(content), mimetype=media_type, as_attachment=True, download_name="download", max_age=0, etag=False
    )
    response.headers["Cache-Control"] = "no-store"
    response.headers.pop("Expires", None)
    response.headers["Content-Disposition"] = f"attachment; filename=\"download\"; filename*=UTF-8''{quote(name)}"
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response
