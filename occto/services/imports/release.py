"""取込み: the second person releases what was checked (`domain` 4: whatever touches votes)."""

from datetime import datetime

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from occto.domain.actor import Actor
from occto.domain.errors import NotAllowed, Refusal, SecondPersonNeeded
from occto.domain.importing import IMPORTS, TO_ENTER, RowOutcome, SheetKind
from occto.domain.permissions import Permission
from occto.models import ImportRow
from occto.services import audit
from occto.services.imports.case import locked, subject_of, take

HELD_BACK = ["", "同じ会員のほかの行に誤りがあるため、この会員の行は反映しません。"]


def release(
    session: Session, import_id: int, *, valid_only: bool, seen_version: int, actor: Actor, now: datetime
) -> int:
    """Release the import to be entered by the worker; returns how many rows will be.

    `valid_only`: members of whom any row is faulty are left out, each as a whole.
    Refusals: not_allowed, not_found, stale, illegal_step, second_person, faults_left, nothing_to_enter.
    """
    if not actor.can(Permission.IMPORT_RELEASE) or actor.user_id is None:
        raise NotAllowed
    batch = locked(session, import_id, seen_version=seen_version)
    IMPORTS.require("release", batch.state)
    if actor.user_id == batch.uploaded_by_id:
        raise SecondPersonNeeded("ファイルを取り込んだ方とは別の方が反映してください。")
    if _count(session, import_id, RowOutcome.FAULTY):
        if not valid_only:
            raise Refusal(
                "faults_left",
                "誤りのある行があります。「正しい行だけを反映する」を選ぶか、直したファイルを取り込み直してください。",
                field="valid_only",
            )
        _hold_back(session, import_id)
    waiting = _count(session, import_id, *TO_ENTER)
    if not waiting:
        raise Refusal("nothing_to_enter", "反映する行がありません。この取込みは、取りやめてください。")
    take(batch, "release")
    batch.valid_only, batch.released_by_id, batch.released_at = valid_only, actor.user_id, now
    batch.total, batch.progress, batch.last_error = waiting, 0, None
    detail = {"valid_only": valid_only, "rows": waiting, "uploaded_by_id": batch.uploaded_by_id}
    audit.record(session, "import.released", subject=subject_of(batch), actor=actor, now=now, detail=detail)
    session.flush()
    return waiting


def _count(session: Session, import_id: int, *outcomes: RowOutcome) -> int:
    query = select(func.count()).where(ImportRow.import_id == import_id, ImportRow.outcome.in_(outcomes))
    return session.scalar(query) or 0


def _hold_back(session: Session, import_id: int) -> None:
    """A member comes in whole or not at all: with a licence missing, its votes would be wrong. Roster rows stand alone."""
    faulty = (
        select(ImportRow.key)
        .where(
            ImportRow.import_id == import_id,
            ImportRow.outcome == RowOutcome.FAULTY,
            ImportRow.sheet != SheetKind.ROSTER,
        )
        .scalar_subquery()
    )
    session.execute(
        update(ImportRow)
        .where(
            ImportRow.import_id == import_id,
            ImportRow.outcome.in_(TO_ENTER),
            ImportRow.sheet != SheetKind.ROSTER,
            ImportRow.key.in_(faulty),
        )
        .values(outcome=RowOutcome.SKIPPED, faults=[HELD_BACK])
        .execution_options(synchronize_session=False)
    )
