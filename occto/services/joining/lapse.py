"""Time: reminders, the queue of 利用規約 2.7.2④, drafts that were never submitted. May run twice or late without harm."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from occto.domain.actor import SYSTEM, Actor
from occto.domain.clauses import Clause
from occto.domain.dates import today_jst
from occto.domain.errors import Refusal
from occto.domain.joining import WITHOUT_MAIN, ApplicationState, reminder_days
from occto.domain.settings import DRAFT_DAYS, DRAFT_REMINDER_DAYS
from occto.models import Application, ApplicationDraft, Attachment, AttachmentChunk, OutboxMail
from occto.services import audit, outbox
from occto.services.joining.case import (
    end_contract,
    locked,
    locked_by_staff,
    party_addresses,
    standing_answers,
    subject_of,
    take_step,
    tell_party,
)
from occto.services.joining.review import require_no_act

DRAFT_NOTICE = timedelta(days=DRAFT_DAYS - DRAFT_REMINDER_DAYS)
"""How long before its removal the owner of a draft is told at least."""


@dataclass(frozen=True, slots=True)
class DailyWork:
    """What a run of the daily work came to."""

    reminded: int
    drafts_reminded: int
    drafts_removed: int


def running_cases(session: Session) -> list[int]:
    """Cases without a main application whose one year is running."""
    return list(
        session.scalars(
            select(Application.id)
            .where(Application.state.in_(WITHOUT_MAIN), Application.main_submitted_at.is_(None))
            .order_by(Application.id)
        )
    )


def remind(session: Session, application_id: int, *, now: datetime) -> bool:
    """Send the newest reminder that is due and was not sent; a late run sends one, not three. True where one was queued."""
    application = locked(session, application_id)
    if application.state not in WITHOUT_MAIN or application.submitted_at is None or application.lapse_on is None:
        return False
    today = today_jst(now)
    if today > application.lapse_on:
        return False
    days = reminder_days(today_jst(application.submitted_at), application.lapse_on)
    due = [name for name, day in sorted(days.items(), key=lambda pair: pair[1]) if day <= today]
    if not due:
        return False
    params = {"company": application.name, "number": application.acceptance_number, "lapse_on": application.lapse_on}
    queued = False
    for address in party_addresses(application, standing_answers(session, application.id)):
        key = f"lapse:{application.id}:{due[-1]}:{application.lapse_on}:{address.lower()}"
        mail = outbox.queue(
            session,
            "join/lapse_reminder",
            to=address,
            params=params,
            application_id=application.id,
            clause=Clause.C2_7_2_4,
            dedupe_key=key,
            now=now,
        )
        queued = queued or mail is not None
    return queued


def idle_drafts(session: Session, *, now: datetime) -> list[int]:
    """Drafts never submitted that have an address and were not saved for so long that their end comes into sight."""
    return list(
        session.scalars(
            select(Application.id).where(
                Application.state == ApplicationState.DRAFT,
                Application.email.is_not(None),
                Application.saved_at <= now - timedelta(days=DRAFT_REMINDER_DAYS),
            )
        )
    )


def remind_of_draft(session: Session, application_id: int, *, now: datetime) -> bool:
    """One reminder before a draft is removed: on time, or late with as many days left as on time."""
    application = locked(session, application_id)
    if application.state is not ApplicationState.DRAFT or application.email is None:
        return False
    removed_at = max(application.saved_at + timedelta(days=DRAFT_DAYS), now + DRAFT_NOTICE)
    mail = outbox.queue(
        session,
        "join/draft_reminder",
        to=application.email,
        params={"company": application.name, "removed_on": today_jst(removed_at)},
        application_id=application.id,
        dedupe_key=_draft_key(application),
        now=now,
    )
    return mail is not None


def _draft_key(application: Application) -> str:
    return f"draft:{application.id}:{application.saved_at.isoformat()}"


def remove_draft(session: Session, application_id: int, *, now: datetime) -> bool:
    """Remove what was typed and attached in a draft never submitted, 90 days after the last save.

    Only after a reminder that left time to act; a draft without an address stays. The consent row and an empty case
    stay (利用規約 2.7.2④ does not apply).
    """
    application = locked(session, application_id)
    if application.state is not ApplicationState.DRAFT or application.saved_at > now - timedelta(days=DRAFT_DAYS):
        return False
    reminded_at = session.scalar(select(OutboxMail.queued_at).where(OutboxMail.dedupe_key == _draft_key(application)))
    if reminded_at is None or reminded_at > now - DRAFT_NOTICE:
        return False
    saved_at = application.saved_at
    session.execute(delete(ApplicationDraft).where(ApplicationDraft.application_id == application.id))
    _remove_files(session, application.id, now=now)
    application.email = application.email_key = application.name = application.name_key = None
    application.corporate_number = None
    application.state, application.decided_at = ApplicationState.REMOVED, now
    application.version += 1
    end_contract(session, application.id, clause=Clause.C2_7_1, now=now)
    detail = {"saved_at": saved_at}
    audit.record(
        session, "application.draft_removed", subject=subject_of(application), actor=SYSTEM, now=now, detail=detail
    )
    session.flush()
    return True


def _remove_files(session: Session, application_id: int, *, now: datetime) -> None:
    """The bytes go; the rows stay without their names, because the trail speaks of them."""
    own = select(Attachment.id).where(Attachment.application_id == application_id)
    session.execute(delete(AttachmentChunk).where(AttachmentChunk.attachment_id.in_(own)))
    files = update(Attachment).where(Attachment.application_id == application_id)
    session.execute(files.values(name="削除済み", removed_at=func.coalesce(Attachment.removed_at, now)))


def lapse(
    session: Session,
    application_id: int,
    *,
    reason: str,
    no_act_confirmed: bool,
    seen_version: int,
    actor: Actor,
    now: datetime,
) -> None:
    """Terminate after one year without a main application (利用規約 2.7.2④).

    Refusals: not_yet, act_exists, not_confirmed: nobody is lapsed without the METI confirmation.
    """
    application, step = locked_by_staff(session, application_id, step="lapse", seen_version=seen_version, actor=actor)
    if application.lapse_on is None or today_jst(now) <= application.lapse_on:  # the last day is the applicant's
        raise Refusal("not_yet", "仮申請から1年が経過していないため、失効させることはできません（利用規約 2.7.2④）。")
    require_no_act(session, application, confirmed=no_act_confirmed)
    take_step(session, application, step, actor=actor, now=now, reason=reason, clause=Clause.C2_7_2_4)
    end_contract(session, application.id, clause=Clause.C2_7_2_4, now=now)
    tell_party(session, application, "join/lapsed", clause=Clause.C2_7_2_4, now=now)


def extend(
    session: Session, application_id: int, *, until: date, reason: str, seen_version: int, actor: Actor, now: datetime
) -> None:
    """Give the applicant until `until`. Refusal bad_until for a day that is not later than the present one and today."""
    application, step = locked_by_staff(session, application_id, step="extend", seen_version=seen_version, actor=actor)
    if application.lapse_on is None or until <= max(application.lapse_on, today_jst(now)):
        raise Refusal("bad_until", "新しい期限は、いまの期限と今日より後の日付を入力してください。", field="until")
    application.lapse_on = until
    take_step(session, application, step, actor=actor, now=now, reason=reason, clause=Clause.C2_7_2_4)
    tell_party(session, application, "join/extended", clause=Clause.C2_7_2_4, now=now, lapse_on=until)


def carry_to_main(
    session: Session, application_id: int, *, reason: str, seen_version: int, actor: Actor, now: datetime
) -> None:
    """A METI act exists though no main application came: open it, so that membership is not lost (28条の11 3項)."""
    application, step = locked_by_staff(
        session, application_id, step="carry_to_main", seen_version=seen_version, actor=actor
    )
    application.accepted_at = application.accepted_at or now
    application.waiting_since = None
    take_step(session, application, step, actor=actor, now=now, reason=reason)
    tell_party(session, application, "join/carried_to_main", now=now)
