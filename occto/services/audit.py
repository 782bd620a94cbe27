"""記録: an event in the act's own transaction; the chain is closed a moment later by the sealer."""

import hashlib
import secrets
from collections.abc import Generator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, insert, select, text
from sqlalchemy.orm import Session

from occto.domain.actor import Actor
from occto.domain.audit_tags import AUDIT_TAGS
from occto.domain.canonical import canonical, digest, jsonable
from occto.domain.dates import today_jst
from occto.domain.errors import NotAllowed
from occto.domain.permissions import permissions_of_mandate
from occto.models import AccessEvent, AccessSubject, AuditDetail, AuditEvent, AuditLink, Mandate, MandateScope
from occto.queries.plain import current_rows_of, rows_of
from occto.queries.viewer import mandate_in_force

GENESIS = "0" * 64
SEALER_LOCK = 0x0CC70  # one advisory lock of the database, held by the sealer alone
FLOOR_AGE = timedelta(hours=1)


def record(
    session: Session,
    tag: str,
    *,
    subject: str,
    actor: Actor,
    now: datetime,
    detail: Mapping[str, Any] | None = None,
    clause: str | None = None,
) -> int:
    """Add one event and return its row number. `subject` is kind:id; the keys of `detail` are those fixed for `tag` (ValueError otherwise).

    Under a mandate it is asked again, under a lock, whether it still allows the act: Refusal mandate_over where it was
    ended or narrowed since the request began. Leaving is always possible.
    """
    if actor.mandate_id is not None and not tag.startswith("session."):
        _require_mandate(session, actor, now=now)
    payload = jsonable(detail or {})
    if set(payload) != AUDIT_TAGS[tag][1]:
        raise ValueError(f"the payload of {tag} has the keys {sorted(AUDIT_TAGS[tag][1])}, not {sorted(payload)}")
    salt = secrets.token_hex(16)
    event = {
        "at": now,
        "tag": tag,
        "actor_id": actor.user_id,
        "member_id": actor.member_id,
        "mandate_id": actor.mandate_id,
        "application_id": actor.application_id,
        "session_id": actor.session_id,
        "subject": subject,
        "request_id": actor.request_id,
        "clause": clause,
        "detail_hash": _detail_hash(salt, payload),
    }
    event_id: int = current_rows_of(session, _EVENT, event).scalar_one()
    rows_of(session, _DETAIL, {"event_id": event_id, "salt": salt, "payload": payload})
    return event_id


def _require_mandate(session: Session, actor: Actor, *, now: datetime) -> None:
    """Whoever ends the mandate waits for acts that have passed here, and acts after that find it ended."""
    session.flush()
    held = session.scalar(
        select(Mandate.id)
        .where(Mandate.id == actor.mandate_id, mandate_in_force(Mandate, actor.user_id, today_jst(now)))
        .with_for_update(read=True, of=Mandate)
    )
    scopes = session.scalars(select(MandateScope.procedure).where(MandateScope.mandate_id == actor.mandate_id))
    if held is None or not actor.permissions <= permissions_of_mandate(scopes):
        raise NotAllowed(
            "mandate_over",
            "委託が終了したか、内容が変わったため、この操作は行われませんでした。会社を選び直してください。",
        )


_EVENT = insert(AuditEvent.__table__).returning(AuditEvent.__table__.c.id)  # type: ignore[arg-type]  # every act writes one
_DETAIL = insert(AuditDetail.__table__)  # type: ignore[arg-type]
_SEEN = insert(AccessEvent.__table__)  # type: ignore[arg-type]  # built once: every staff list writes one


def record_access(
    session: Session,
    *,
    screen: str,
    subject_kind: str,
    subject_ids: Sequence[int] | Sequence[Sequence[int]],
    details: bool,
    actor: Actor,
    now: datetime,
    search_key: str | None = None,
) -> None:
    """Note that `actor` (staff) opened a page with personal data; `details`: each subject is findable alone."""
    event = {
        "at": now,
        "actor_id": actor.user_id,
        "screen": screen[:80],
        "search_key": search_key[:200] if search_key else None,
        "subject_kind": subject_kind,
        "subject_ids": list(subject_ids),
    }
    if not details:
        session.execute(_SEEN, event)
        return
    event_id = session.execute(_SEEN.returning(_SEEN.table.c.id), event).scalar_one()
    session.add_all(
        AccessSubject(event_id=event_id, subject_kind=subject_kind, subject_id=subject_id)
        for subject_id in dict.fromkeys(subject_ids)
    )


def _detail_hash(salt: str, payload: Any) -> str:
    return hashlib.sha256(salt.encode() + canonical(payload)).hexdigest()


def link_hash(previous: str, event: AuditEvent) -> str:
    """The hash of the link that ties `event` to the link with hash `previous`.

    The mandate is a key of its own where there is one, so that links made before there were mandates still hold.
    """
    fields = (
        event.id,
        event.at,
        event.tag,
        event.actor_id,
        event.member_id,
        event.application_id,
        event.session_id,
        event.subject,
        event.request_id,
        event.clause,
        event.detail_hash,
    )
    stamp = {"mandate": event.mandate_id} if event.mandate_id is not None else {}
    return digest({"previous": previous, "event": list(fields), **stamp})


def seal(session: Session, *, now: datetime, limit: int = 1000) -> int:
    """Link events that have no link yet, oldest first; return how many. One sealer at a time.

    Events are found by anti-join above a floor (the highest id sealed an hour ago), never by «id > last»: PostgreSQL
    commits out of the order of ids.
    """
    if session.get_bind().dialect.name == "postgresql" and not session.scalar(
        text("SELECT pg_try_advisory_xact_lock(:key)"), {"key": SEALER_LOCK}
    ):
        return 0
    floor = session.scalar(select(func.max(AuditLink.event_id)).where(AuditLink.sealed_at < now - FLOOR_AGE)) or 0
    events = session.scalars(
        select(AuditEvent)
        .outerjoin(AuditLink, AuditLink.event_id == AuditEvent.id)
        .where(AuditEvent.id > floor, AuditLink.position.is_(None))
        .order_by(AuditEvent.id)
        .limit(limit)
    ).all()
    if not events:
        return 0
    position, previous = head(session)
    for event in events:
        position, previous = position + 1, link_hash(previous, event)
        session.add(AuditLink(position=position, event_id=event.id, hash=previous, sealed_at=now))
    session.flush()
    return len(events)


def head(session: Session) -> tuple[int, str]:
    """Position and hash of the newest link; (0, GENESIS) before the first."""
    newest = select(AuditLink.position, AuditLink.hash).order_by(AuditLink.position.desc()).limit(1)
    found = session.execute(newest).first()
    return (found.position, found.hash) if found else (0, GENESIS)


@dataclass(frozen=True, slots=True)
class ChainReport:
    """What `verify` found: links checked, events not yet sealed, the head, and the first fault (None: whole)."""

    links: int
    unsealed: int
    head: str
    fault: str | None


def verify(session: Session) -> ChainReport:
    """Recompute the whole chain in batches and compare; payloads that were purged are vouched for by their hash."""
    expected, previous, fault = 0, GENESIS, None
    with closing(_chain(session)) as chain:
        for link, event, detail in chain:
            expected += 1
            fault = _fault(link, event, detail, expected=expected, previous=previous)
            if fault:
                break
            previous = link.hash
    sealed = session.scalar(select(func.count()).select_from(AuditLink)) or 0
    total = session.scalar(select(func.count()).select_from(AuditEvent)) or 0
    return ChainReport(links=expected, unsealed=total - sealed, head=previous, fault=fault)


def _fault(
    link: AuditLink, event: AuditEvent | None, detail: AuditDetail | None, *, expected: int, previous: str
) -> str | None:
    """What is wrong with the link at position `expected`, or None."""
    if link.position != expected:
        return f"position {expected} is missing"
    if event is None:
        return f"event {link.event_id} at position {link.position} is missing"
    if link.hash != link_hash(previous, event):
        return f"event {event.id} at position {link.position} does not match its link"
    if detail is None:
        return f"the payload row of event {event.id} is missing"
    if detail.payload is not None and _detail_hash(detail.salt, detail.payload) != event.detail_hash:
        return f"the payload of event {event.id} was changed"
    return None


def _chain(session: Session) -> Generator[tuple[AuditLink, AuditEvent | None, AuditDetail | None], None, None]:
    """All links with what they vouch for, none left out where its event is gone."""
    rows = session.execute(
        select(AuditLink, AuditEvent, AuditDetail)
        .outerjoin(AuditEvent, AuditEvent.id == AuditLink.event_id)
        .outerjoin(AuditDetail, AuditDetail.event_id == AuditEvent.id)
        .order_by(AuditLink.position)
        .execution_options(yield_per=1000)
    )
    with closing(rows):
        for row in rows:
            yield row[0], row[1], row[2]
