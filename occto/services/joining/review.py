"""What one member of the staff decides on a case: take, accept, return, hold, operator code, check, not qualified."""

from collections.abc import Mapping
from datetime import date, datetime

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from occto.domain.actor import Actor
from occto.domain.codes import Audience, SubjectKind
from occto.domain.errors import NotAllowed, Refusal
from occto.domain.joining import Stage, check_member_on, membership_date
from occto.domain.numbers import parse_operator_code
from occto.domain.permissions import Permission
from occto.domain.sections import CODE, act_dates, check_acts
from occto.domain.text import InputError
from occto.models import Application, Body, FormerCode, Member, Remark, RosterFact
from occto.services import audit
from occto.services.joining.case import (
    locked,
    locked_by_applicant,
    locked_by_staff,
    newest_revision,
    revision_no,
    stage_of,
    subject_of,
    take_step,
    tell_party,
)

REMARK_LIMIT = 4000


def take(session: Session, application_id: int, *, seen_version: int, actor: Actor, now: datetime) -> None:
    """Begin the review and note who does; it locks nothing."""
    application, step = locked_by_staff(session, application_id, step="take", seen_version=seen_version, actor=actor)
    application.assignee_id = actor.user_id
    take_step(session, application, step, actor=actor, now=now)


def accept(session: Session, application_id: int, *, seen_version: int, actor: Actor, now: datetime) -> None:
    """Accept the provisional application: the 受付票 exists from now on (電気事業法 28条の11 2項)."""
    application, step = locked_by_staff(session, application_id, step="accept", seen_version=seen_version, actor=actor)
    application.accepted_at, application.waiting_since = now, None
    application.assignee_id = application.assignee_id or actor.user_id
    take_step(session, application, step, actor=actor, now=now)
    tell_party(session, application, "join/accepted", now=now, lapse_on=application.lapse_on)


def give_back(
    session: Session,
    application_id: int,
    *,
    reason: str,
    remarks: Mapping[str, str],
    seen_version: int,
    actor: Actor,
    now: datetime,
) -> None:
    """差戻し with a reason and comments per section (`remarks`: section key → words); the applicant corrects and resubmits."""
    if not actor.can(Permission.APPLICATION_PROCESS):
        raise NotAllowed
    name = "return_main" if stage_of(locked(session, application_id)) is Stage.MAIN else "return_provisional"
    application, step = locked_by_staff(session, application_id, step=name, seen_version=seen_version, actor=actor)
    number = revision_no(session, application)
    for item, body in remarks.items():
        if body.strip():
            _remark(
                session, application, item=item, body=body, number=number, audience=Audience.PARTY, actor=actor, now=now
            )
    application.waiting_since = None
    application.assignee_id = actor.user_id
    take_step(session, application, step, actor=actor, now=now, reason=reason)
    count = sum(1 for body in remarks.values() if body.strip())
    tell_party(session, application, "join/returned", now=now, reason=reason, count=count)


def hold(session: Session, application_id: int, *, reason: str, seen_version: int, actor: Actor, now: datetime) -> None:
    """保留: nothing is decided until it is lifted; the reason is for staff."""
    application, step = locked_by_staff(session, application_id, step="hold", seen_version=seen_version, actor=actor)
    application.held_at, application.hold_reason = now, reason.strip()
    take_step(session, application, step, actor=actor, now=now, reason=reason)


def resume(session: Session, application_id: int, *, seen_version: int, actor: Actor, now: datetime) -> None:
    """Lift the hold. Refusal not_held."""
    application, step = locked_by_staff(session, application_id, step="resume", seen_version=seen_version, actor=actor)
    if application.held_at is None:
        raise Refusal("not_held", "この申請は保留されていません。最新の画面をお確かめください。")
    application.held_at = application.hold_reason = None
    take_step(session, application, step, actor=actor, now=now)


def record_operator_code(
    session: Session, application_id: int, *, operator_code: str, seen_version: int, actor: Actor, now: datetime
) -> None:
    """Record the 事業者コード and tell the applicant. Refusals: bad_code, code_taken (unique for all time)."""
    application, step = locked_by_staff(
        session, application_id, step="record_operator_code", seen_version=seen_version, actor=actor
    )
    code = checked_operator_code(session, operator_code, application_id=application.id)
    application.operator_code = code
    take_step(session, application, step, actor=actor, now=now, reason=code)
    detail = {"operator_code": code}
    audit.record(
        session, "application.operator_code", subject=subject_of(application), actor=actor, now=now, detail=detail
    )
    tell_party(session, application, "join/operator_code", now=now, operator_code=code)


def checked_operator_code(session: Session, typed: str, *, application_id: int | None = None) -> str:
    """The 事業者コード as text with its zeros. Refusals: bad_code, code_taken.

    A code is one company's for all time, one that it had before too. A company that was a member may keep its own.
    """
    try:
        code = parse_operator_code(typed)
    except InputError as error:
        raise Refusal("bad_code", str(error), field="operator_code") from error
    number = select(Application.corporate_number).where(Application.id == application_id).scalar_subquery()
    own = session.scalar(select(Member.id).join(Body, Body.id == Member.body_id).where(Body.corporate_number == number))
    by_member = session.scalar(select(Member.id).where(Member.operator_code == code, Member.id != (own or 0)))
    by_other = session.scalar(
        select(Application.id).where(
            Application.operator_code == code,
            Application.id != (application_id or 0),
            or_(Application.member_id.is_(None), Application.member_id != (own or 0)),
        )
    )
    if by_member or by_other or session.get(FormerCode, code) is not None:
        raise Refusal(
            "code_taken",
            f"事業者コード {code} は、すでに使われています。番号をお確かめください。",
            field="operator_code",
        )
    return code


def check(
    session: Session,
    application_id: int,
    *,
    member_on: date,
    member_on_reason: str,
    roster_no: int,
    seen_version: int,
    actor: Actor,
    now: datetime,
) -> None:
    """The first person checks the main application and settles day and roster number; a second person approves.

    Refusals: those of `require_ready` (one METI act at least, with its document), before_act, day_by_law,
    reason_missing where the Act does not settle the day, bad_roster_no, roster_taken.
    """
    application, step = locked_by_staff(session, application_id, step="check", seen_version=seen_version, actor=actor)
    require_ready(session, application)
    settle_day(session, application, member_on=member_on, reason=member_on_reason)
    require_free_roster_no(session, roster_no)
    application.member_on, application.member_on_reason = member_on, member_on_reason.strip() or None
    application.roster_no = roster_no
    application.checked_by_id, application.checked_at = actor.user_id, now
    take_step(session, application, step, actor=actor, now=now, reason=member_on_reason.strip() or None)


def require_ready(session: Session, application: Application) -> None:
    """Refuse while the main application lacks what approval needs: act with document, operator code.

    Refusals: no_act, rsptd_alone, no_document, no_code, code_mismatch (another one was recorded since), code_taken.
    """
    revision = newest_revision(session, application.id, stage=Stage.MAIN)
    answers = revision.answers if revision else {}
    dates = act_dates(answers)
    acts = answers.get("acts", {}).get("acts") or {}
    if not dates:
        raise Refusal("no_act", "経済産業省の登録・許可・届出が済んだ区分がないため、まだ承認できません。")
    check_acts(answers)
    without = [licence for licence in dates if not acts[licence.value].get("attachment_id")]
    if without:
        raise Refusal("no_document", "通知の写しが添付されていない区分があります。差し戻して添付を依頼してください。")
    code = answers.get(CODE.key, {}).get("operator_code")
    if not code:
        raise Refusal("no_code", "事業者コードがまだ記録されていません。先に事業者コードを記録してください。")
    if application.operator_code not in {None, code}:
        raise Refusal(
            "code_mismatch",
            f"本申請の事業者コード {code} が、記録した {application.operator_code} と異なります。記録を直すか、差し戻して訂正を依頼してください。",
        )
    checked_operator_code(session, code, application_id=application.id)


def settle_day(session: Session, application: Application, *, member_on: date, reason: str) -> None:
    """Refuse a day that the Act does not allow, and a day other than the Act's without a reason."""
    revision = newest_revision(session, application.id, stage=Stage.MAIN)
    dates = list(act_dates(revision.answers if revision else {}).values())
    check_member_on(member_on, act_dates=dates)
    assert application.submitted_at is not None
    lawful = membership_date(submitted_at=application.submitted_at, act_dates=dates)
    if lawful.by_law and member_on != lawful.on:
        raise Refusal(
            "day_by_law",
            "この申請の加入日は、電気事業法により経済産業省の登録・許可・届出の日と決まっています。",
            field="member_on",
        )
    if not lawful.by_law and not reason.strip():
        raise Refusal(
            "reason_missing",
            "仮申請より前に登録・許可・届出があったため、加入日を当機関が決めます。決めた理由を入力してください。",
            field="member_on_reason",
        )


def require_free_roster_no(session: Session, roster_no: int) -> None:
    """Refuse a roster number that is in use; the index in the database is the last word."""
    if not 0 < roster_no < 10_000_000:
        raise Refusal("bad_roster_no", "名簿番号は、1 以上の数字で入力してください。", field="roster_no")
    taken = select(RosterFact.id).where(
        RosterFact.roster_no == roster_no, RosterFact.voided_id.is_(None), RosterFact.ended_on.is_(None)
    )
    if session.scalar(taken):
        raise Refusal(
            "roster_taken",
            f"名簿番号 {roster_no} は、すでに使われています。ほかの番号を入力してください。",
            field="roster_no",
        )


def next_roster_no(session: Session) -> int:
    """The number after the highest one ever given: a proposal that the first person may change."""
    return (session.scalar(select(func.max(RosterFact.roster_no))) or 0) + 1


def not_qualified(
    session: Session,
    application_id: int,
    *,
    reason: str,
    no_act_confirmed: bool,
    seen_version: int,
    actor: Actor,
    now: datetime,
) -> None:
    """資格なし: only where no METI act took place; an eligible applicant cannot be refused (電気事業法 28条の10).

    Refusals: act_exists, not_confirmed (staff must say that they asked METI).
    """
    application, step = locked_by_staff(
        session, application_id, step="not_qualified", seen_version=seen_version, actor=actor
    )
    require_no_act(session, application, confirmed=no_act_confirmed)
    take_step(session, application, step, actor=actor, now=now, reason=reason)
    tell_party(session, application, "join/not_qualified", now=now, reason=reason)


def require_no_act(session: Session, application: Application, *, confirmed: bool) -> None:
    """Refuse an ending without membership where a METI act exists or nobody has made sure that none does."""
    revision = newest_revision(session, application.id)
    if revision is not None and act_dates(revision.answers):
        raise Refusal(
            "act_exists",
            "経済産業省の登録・許可・届出が済んでいる申請です。本申請として審査を進めてください（電気事業法 28条の10）。",
        )
    if not confirmed:
        raise Refusal(
            "not_confirmed",
            "登録・許可・届出が行われていないことを経済産業省に確かめ、確認の欄に印を付けてください。",
            field="no_act_confirmed",
        )


def write_remark(
    session: Session, application_id: int, *, body: str, audience: Audience, actor: Actor, now: datetime
) -> None:
    """A letter in the conversation: by the applicant, or by staff to the applicant or among staff."""
    if not body.strip():
        raise Refusal("body_missing", "送る内容を入力してください。", field="body")
    if len(body) > REMARK_LIMIT:
        raise Refusal("body_too_long", f"{REMARK_LIMIT:,}文字以内で入力してください。", field="body")
    if actor.application_id is not None and audience is not Audience.PARTY:
        raise NotAllowed
    find = locked_by_applicant if actor.application_id is not None else _processed
    application = find(session, application_id, actor=actor)
    number = revision_no(session, application)
    _remark(session, application, item=None, body=body, number=number, audience=audience, actor=actor, now=now)
    if audience is Audience.PARTY and actor.user_id is not None:
        tell_party(session, application, "join/letter", now=now)
    session.flush()


def _processed(session: Session, application_id: int, *, actor: Actor) -> Application:
    if not actor.can(Permission.APPLICATION_PROCESS):
        raise NotAllowed
    return locked(session, application_id)


def _remark(
    session: Session,
    application: Application,
    *,
    item: str | None,
    body: str,
    number: int,
    audience: Audience,
    actor: Actor,
    now: datetime,
) -> None:
    session.add(
        Remark(
            subject_kind=SubjectKind.APPLICATION,
            subject_id=application.id,
            stage=stage_of(application),
            revision_no=number,
            item=item,
            author_id=actor.user_id,
            at=now,
            body=body.strip()[:REMARK_LIMIT],
            audience=audience,
        )
    )
    detail = {"item": item, "audience": audience}
    audit.record(session, "application.remark", subject=subject_of(application), actor=actor, now=now, detail=detail)
