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
from occto.models import FormSubmission
from occto.unit_of_work import run

FORM_ID_LIMIT = 64


def new_form_id() -> str:
    """A one-time id for a form, written into the page."""
    return secrets.token_urlsafe(16)


def see_other(endpoint: str, **values: object) -> BaseResponse:
    """Answer a successful POST: 303 to the page that shows the result."""
    return redirect(url_for(endpoint, **values), 303)  # type: ignore[arg-type]


def once(act: Callable[[Session], str]) -> BaseResponse:
    """Do `act` in a unit of work, once for the form's one-time id, and go to the address it returns.

    The same id again (double click, resend, back button) gets the first result and does nothing.
    """
    form_id = request.form.get("form_id", "")[:FORM_ID_LIMIT]
    if not form_id:
        raise Refusal(
            "no_form_id",
            "画面の情報が足りないため受け付けられませんでした。画面を開き直して、もう一度送信してください。",
        )
    endpoint = request.endpoint or ""
    earlier = _earlier(form_id)
    if earlier is not None:
        return redirect(earlier, 303)

    def guarded(session: Session) -> str:
        row = FormSubmission(form_id=form_id, viewer_key=viewer.key, endpoint=endpoint, result_url="", at=clock.now())
        session.add(row)
        session.flush()
        row.result_url = act(session)
        return row.result_url

    try:
        return redirect(run(guarded), 303)
    except IntegrityError:
        earlier = _earlier(form_id)
        if earlier is None:
            raise
        return redirect(earlier, 303)


def _earlier(form_id: str) -> str | None:
    """The result of an earlier submission of this form by this viewer; a stranger's id is no result."""
    db.session.rollback()
    found = db.session.get(FormSubmission, form_id)
    if found is None:
        return None
    if found.viewer_key != viewer.key:
        raise Refusal("form_id_taken", "画面を開き直してから、もう一度送信してください。")
    return found.result_url


def download(content: bytes, *, name: str, media_type: str) -> Response:
    """Send bytes as an attachment under a Japanese name (RFC 5987); never shown inside the site."""
    response = send_file(BytesIO(content), mimetype=media_type, as_attachment=True, download_name="download")
    response.headers["Content-Disposition"] = f"attachment; filename=\"download\"; filename*=UTF-8''{quote(name)}"
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response
