"""One-time form ids: a double click, a resend or the back button gets the first result and does nothing."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, insert, select, update
from sqlalchemy.orm import Session

from occto.domain.errors import Refusal
from occto.models import FormSubmission
from occto.queries.plain import current_rows_of

_FORM: Any = FormSubmission.__table__
_EARLIER = select(_FORM.c.viewer_key, _FORM.c.result_url).where(_FORM.c.form_id == bindparam("form"))
_TAKEN = insert(_FORM)
_LED_TO = update(_FORM).where(_FORM.c.form_id == bindparam("form")).values(result_url=bindparam("address"))


def earlier_result(session: Session, form_id: str, *, viewer_key: str) -> str | None:
    """The address that the form with this id led to; None where it was not taken yet. A stranger's id is refused."""
    found = current_rows_of(session, _EARLIER, {"form": form_id}).one_or_none()
    if found is None:
        return None
    if found.viewer_key != viewer_key:
        raise Refusal("form_id_taken", "画面を開き直してから、もう一度送信してください。")
    return found.result_url


def take_form(
    session: Session,
    form_id: str,
    *,
    viewer_key: str,
    endpoint: str,
    act: Callable[[Session], str],
    now: datetime,
    leads_to: str = "",
) -> str:
    """Do `act` and keep the address it returns under the form's id, in one transaction.

    The id is inserted first: of two that come at once the database lets one in, the other fails with IntegrityError.
    `leads_to`: the address that is expected; it is corrected where `act` leads elsewhere.
    """
    row = {"form_id": form_id, "viewer_key": viewer_key, "endpoint": endpoint, "result_url": leads_to, "at": now}
    current_rows_of(session, _TAKEN, row)
    result = act(session)
    if result != leads_to:
        current_rows_of(session, _LED_TO, {"form": form_id, "address": result})
    return result
