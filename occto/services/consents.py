"""認可・承認 of the minister for a carried item: recorded, and corrected by the next number."""

from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from occto.domain.actor import Actor
from occto.domain.dates import today_jst
from occto.domain.errors import NotFound, Refusal, Stale
from occto.domain.outcomes import check_consent
from occto.domain.resolutions import ConsentOutcome
from occto.models import AgendaItem, ConsentRecord, ItemDecision
from occto.services.assemblies.case import locked, note

STEP = "record_consent"
NUMBER_LIMIT, NOTE_LIMIT = 80, 500


def record_consent(
    session: Session,
    item_id: int,
    *,
    outcome: ConsentOutcome,
    decided_on: date,
    document_number: str | None,
    note_words: str | None,
    seen_no: int,
    actor: Actor,
    now: datetime,
) -> int:
    """What the minister gave or refused; returns its number. `seen_no`: the newest number on the screen, 0: none.

    Refusals: not_allowed, not_found, illegal_step, stale, consent_not_needed, not_carried, date_in_future,
    date_before_decision, consent_too_long.
    """
    item = session.get(AgendaItem, item_id)
    if item is None:
        raise NotFound
    assembly = locked(session, item.assembly_id, step=STEP, seen_version=None, actor=actor)
    last = session.scalar(
        select(ConsentRecord).where(ConsentRecord.item_id == item.id).order_by(ConsentRecord.no.desc()).limit(1)
    )
    if seen_no != (last.no if last is not None else 0):
        raise Stale
    decision = session.scalar(
        select(ItemDecision).where(ItemDecision.item_id == item.id).order_by(ItemDecision.no.desc()).limit(1)
    )
    withdrawn = item.withdrawn_at is not None
    check_consent(
        decision.outcome if decision is not None and not withdrawn else None,
        item.consent,
        decided_on=decided_on,
        held_on=today_jst(assembly.held_at),
        today=today_jst(now),
    )
    number = _words(document_number, NUMBER_LIMIT, "document_number")
    words = _words(note_words, NOTE_LIMIT, "note_words")
    row = ConsentRecord(
        item_id=item.id,
        no=seen_no + 1,
        outcome=outcome,
        decided_on=decided_on,
        document_number=number,
        note=words,
        entered_at=now,
        entered_by_id=actor.user_id,
    )
    session.add(row)
    detail = {
        "item_id": item.id,
        "no": row.no,
        "outcome": outcome,
        "decided_on": decided_on,
        "document_number": number,
        "words": words,
    }
    note(session, assembly, "consent.recorded", actor=actor, now=now, detail=detail)
    return row.no


def _words(text: str | None, limit: int, field: str) -> str | None:
    words = (text or "").strip()
    if len(words) > limit:
        raise Refusal("consent_too_long", f"{limit}文字以内で入力してください。", field=field)
    return words or None
