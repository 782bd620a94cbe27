"""取込み: keeping a workbook, leasing it to one worker, dropping it, giving it up."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import delete, or_, select
from sqlalchemy.orm import Session

from occto.domain.actor import Actor
from occto.domain.codes import AttachmentKind, ScanState
from occto.domain.errors import NotAllowed, NotFound, Refusal, Stale
from occto.domain.importing import IMPORTS, WORKED, ImportState
from occto.domain.permissions import Permission
from occto.models import ImportBatch, ImportRow
from occto.services import audit
from occto.services.files import store_file

LEASE = timedelta(minutes=2)
MOST_FAILURES = 5
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_BROKEN = "処理が続けて失敗したため、中止しました。反映済みの行はそのままです。システム管理者にお知らせください。"
_STALE = "画面を開いたあとに、この取込みの状態が変わりました。いまの状態をお確かめください。"


def upload(
    session: Session, *, name: str, content: bytes, note: str | None, scan_state: ScanState, actor: Actor, now: datetime
) -> int:
    """Keep a workbook for the dry run; returns the row number of the import. Refusals: not_allowed, another_open."""
    if not actor.can(Permission.IMPORT_PREPARE) or actor.user_id is None:
        raise NotAllowed
    entering = select(ImportBatch.id).where(ImportBatch.state == ImportState.RELEASED).limit(1)
    if session.scalar(entering) is not None:
        raise Refusal(
            "another_open", "別の取込みを反映しているところです。反映が終わってから、ファイルを選んでください。"
        )
    batch = ImportBatch(
        name=name, state=ImportState.UPLOADED, note=note or None, uploaded_by_id=actor.user_id, uploaded_at=now
    )
    session.add(batch)
    session.flush()
    file = store_file(
        session,
        kind=AttachmentKind.WORKBOOK,
        name=name,
        media_type=XLSX,
        content=content,
        scan_state=scan_state,
        import_id=batch.id,
        now=now,
    )
    detail = {"name": name, "size": file.size, "sha256": file.sha256}
    audit.record(session, "import.uploaded", subject=subject_of(batch), actor=actor, now=now, detail=detail)
    session.flush()
    return batch.id


def subject_of(batch: ImportBatch) -> str:
    """How the audit trail names an import."""
    return f"IMPORT:{batch.id}"


def locked(session: Session, import_id: int, *, seen_version: int | None = None) -> ImportBatch:
    """The import under its lock. Refusals: not_found, stale."""
    batch = session.get(ImportBatch, import_id, with_for_update=True)
    if batch is None:
        raise NotFound
    if seen_version is not None and batch.version != seen_version:
        raise Stale(_STALE)
    return batch


def take(batch: ImportBatch, step: str) -> None:
    """Move the import along its flow. Raises IllegalStep."""
    batch.state = ImportState(IMPORTS.require(step, batch.state).leads_to(batch.state))
    batch.version += 1


def worker_of(batch: ImportBatch) -> Actor:
    """Whoever sent the workbook, or released it, is the one who acts."""
    return Actor(user_id=batch.released_by_id or batch.uploaded_by_id, request_id=f"import-{batch.id}")


def drop(session: Session, import_id: int, *, seen_version: int, actor: Actor, now: datetime) -> None:
    """取りやめ, by whoever may prepare or release. Refusals: not_allowed, not_found, stale, illegal_step."""
    if not (actor.can(Permission.IMPORT_PREPARE) or actor.can(Permission.IMPORT_RELEASE)):
        raise NotAllowed
    batch = locked(session, import_id, seen_version=seen_version)
    take(batch, "drop")
    batch.finished_at, batch.lease_until = now, None
    audit.record(session, "import.dropped", subject=subject_of(batch), actor=actor, now=now, detail={})
    session.flush()


def claim(session: Session, *, now: datetime) -> tuple[int, ImportState] | None:
    """Lease the oldest import that has work to be done and no living worker; None where there is none."""
    batch = session.scalar(
        select(ImportBatch)
        .where(ImportBatch.state.in_(WORKED), or_(ImportBatch.lease_until.is_(None), ImportBatch.lease_until <= now))
        .order_by(ImportBatch.id)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    if batch is None:
        return None
    batch.lease_until = now + LEASE
    if batch.state is ImportState.UPLOADED:  # a worker that was killed while reading: read from the beginning
        session.execute(delete(ImportRow).where(ImportRow.import_id == batch.id))
        batch.total = batch.progress = 0
    session.flush()
    return batch.id, batch.state


def pause(session: Session, import_id: int) -> None:
    """Give the lease back between two rounds, so that other work has its turn."""
    batch = locked(session, import_id)
    if batch.state in WORKED:
        batch.lease_until, batch.attempts = None, 0
        session.flush()


def give_up(session: Session, import_id: int, *, reason: str, now: datetime) -> None:
    """The workbook as a whole cannot be taken: `reason` says why and what to do."""
    batch = locked(session, import_id)
    if batch.state in WORKED:
        _give_up(session, batch, reason=reason, now=now)


def _give_up(session: Session, batch: ImportBatch, *, reason: str, now: datetime) -> None:
    take(batch, "fail")
    batch.finished_at, batch.lease_until, batch.last_error = now, None, reason[:500]
    audit.record(
        session, "import.failed", subject=subject_of(batch), actor=worker_of(batch), now=now, detail={"reason": reason}
    )
    session.flush()


def note_trouble(session: Session, import_id: int, *, error: str, now: datetime) -> None:
    """A fault of ours: nothing of the batch was written. It is tried again later; after MOST_FAILURES the import stops."""
    batch = locked(session, import_id)
    if batch.state not in WORKED:
        return
    batch.attempts += 1
    batch.last_error, batch.lease_until = error[:500], now + LEASE
    if batch.attempts >= MOST_FAILURES:
        _give_up(session, batch, reason=f"{_BROKEN}（{error}）", now=now)
    session.flush()


def rows_of(session: Session, import_id: int, keys: Sequence[str]) -> list[ImportRow]:
    """All rows of these members, in the order of the workbook."""
    return list(
        session.scalars(
            select(ImportRow)
            .where(ImportRow.import_id == import_id, ImportRow.key.in_(keys))
            .order_by(ImportRow.key, ImportRow.sheet, ImportRow.row_no)
        )
    )
