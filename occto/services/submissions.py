"""One-time form ids: a double click, a resend or the back button gets the first result and does nothing."""

from collections.abc import Callable
from datetime import datetime

from sqlalchemy.orm import Session

from occto.domain.errors import Refusal
from occto.models import FormSubmission


def earlier_result(session: Session, form_id: str, *, viewer_key: str) -> str | None:
    """The address that the form with this id led to; None where it was not taken yet. A stranger's id is refused."""
    found = session.get(FormSubmission, form_id)
    if found is None:
        return None
    if found.viewer_key != viewer_key:
        raise Refusal("form_id_taken", "画面を開き直してから、もう一度送信してください。")
    return found.result_url


def take_form(
    session: Session, form_id: str, *, viewer_key: str, endpoint: str, act: Callable[[Session], str], now: datetime
) -> str:
    """Do `act` and keep the address it returns under the form's id, in one transaction.

    The id is inserted first: of two that come at once the database lets one in, the other fails with IntegrityError.
    """
    row = FormSubmission(form_id=form_id, viewer_key=viewer_key, endpoint=endpoint, result_url="", at=now)
    session.add(row)
    session.flush()
    row.result_url = act(session)
    return row.result_url
