"""From refusals and faults to pages. A page says what happened and what to do next, never how it is made inside."""

import logging

from flask import Flask, g, render_template, request
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from werkzeug.exceptions import HTTPException, SecurityError

from occto.domain.errors import NotAllowed, NotFound, Refusal
from occto.extensions import db
from occto.queries.viewer import ANONYMOUS
from occto.unit_of_work import Busy, is_passing

log = logging.getLogger("occto.errors")
PAGES = frozenset({400, 403, 404, 405, 413, 429, 500, 503})
Answer = tuple[str, int]


def page(status: int, *, sentence: str | None = None) -> Answer:
    """The error page for `status`; anything without a page of its own looks like its class."""
    shown = status if status in PAGES else (400 if status < 500 else 500)
    return render_template(f"errors/{shown}.html", sentence=sentence, incident=g.get("request_id", "")), status


def register(app: Flask) -> None:
    """Answer every refusal and fault of `app`."""
    app.register_error_handler(Refusal, _refusal)
    app.register_error_handler(CSRFError, _csrf)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(Busy, _busy)
    app.register_error_handler(Exception, _fault)


def _refusal(error: Refusal) -> Answer:
    status = 404 if isinstance(error, NotFound) else 403 if isinstance(error, NotAllowed) else 409
    return page(status if status != 409 else 400, sentence=error.sentence)[0], status


def _csrf(_error: CSRFError) -> Answer:
    sentence = (
        "画面の有効な時間が過ぎたか、別の画面でサインインし直したため、受け付けられませんでした。"
        "前の画面に戻って開き直し、もう一度送信してください。"
    )
    return page(400, sentence=sentence)


def _http(error: HTTPException) -> Answer | HTTPException:
    if error.code is None or error.code < 400:
        return error
    if isinstance(error, SecurityError):  # no address can be built for a host that is not ours, so no page either
        return "このアドレスではご利用いただけません。案内のあるアドレスを開いてください。\n", 400
    body, status = page(error.code)
    return body, status


def _ask_nobody() -> None:
    """Draw the page for nobody in particular: looking the viewer up may be what failed."""
    g._login_user = ANONYMOUS  # noqa: SLF001 - where Flask-Login keeps it


def _busy(error: Busy) -> Answer:
    _ask_nobody()
    log.warning("busy request_id=%s endpoint=%s: %s", g.get("request_id"), request.endpoint, error.__cause__)
    return page(503)


def _fault(error: Exception) -> Answer:
    _ask_nobody()
    try:
        db.session.rollback()
    except SQLAlchemyError:
        log.warning("rollback failed request_id=%s", g.get("request_id"))
    if isinstance(error, DBAPIError) and is_passing(error):
        log.warning("database away request_id=%s endpoint=%s: %s", g.get("request_id"), request.endpoint, error.orig)
        return page(503)
    if isinstance(error, SQLAlchemyError):
        log.error("database fault request_id=%s endpoint=%s", g.get("request_id"), request.endpoint, exc_info=error)
    else:
        log.error("fault request_id=%s endpoint=%s", g.get("request_id"), request.endpoint, exc_info=error)
    return page(500)
