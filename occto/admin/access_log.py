"""What staff screens note before a page or a list with personal data leaves: in the access log, and in the trail."""

from collections.abc import Sequence

from flask import request
from sqlalchemy.orm import Session

from occto import clock
from occto.access import actor
from occto.services import audit

Ids = Sequence[int] | Sequence[Sequence[int]]


def shown(session: Session, ids: Ids, *, kind: str = "MEMBER", term: str = "", details: bool = False) -> None:
    """The people of these rows (or ranges of rows) are shown; nothing is noted where there are none."""
    if ids:
        audit.record_access(
            session,
            screen=request.endpoint or "",
            subject_kind=kind,
            subject_ids=ids,
            details=details,
            actor=actor(),
            now=clock.now(),
            search_key=term or None,
        )


def exported(
    session: Session,
    held: Sequence[Sequence[int]],
    *,
    subject: str,
    form: str,
    conditions: str,
    fields: Sequence[str],
    kind: str | None = "MEMBER",
    count: int | None = None,
) -> None:
    """A list leaves as a file (`form`): whose data and which fields. `held`: ranges of rows of `kind`, None: of nobody.

    `count`: lines of the file, where they are not the rows themselves.
    """
    if kind is not None:
        shown(session, held, kind=kind, term=conditions)
    lines = sum(last - first + 1 for first, last in held) if count is None else count
    detail = {"format": form, "conditions": conditions, "fields": list(fields), "count": lines}
    audit.record(session, "list.exported", subject=subject, actor=actor(), now=clock.now(), detail=detail)
