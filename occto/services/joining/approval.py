"""承認 by the second person: member, licences, dated facts, relations, contract and administrator in one transaction."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from occto.domain.actor import Actor
from occto.domain.clauses import Clause
from occto.domain.codes import ChangeSource, Turn, UserKind, UserState
from occto.domain.errors import Refusal, SecondPersonNeeded
from occto.domain.joining import Stage, membership_date
from occto.domain.permissions import Role
from occto.domain.profile import PROFILE_SECTIONS
from occto.domain.sections import ACTS, ADMINISTRATOR, CODE, RELATIONS, Answers, act_dates, chosen_licences
from occto.models import (
    Affiliation,
    Application,
    ApplicationRevision,
    AuditEvent,
    ContractOfUse,
    Member,
    SessionRow,
    User,
)
from occto.services import audit, outbox, register
from occto.services.joining import review
from occto.services.joining.case import locked_by_staff, newest_revision, subject_of, take_step, tell_party


def approve(session: Session, application_id: int, *, seen_version: int, actor: Actor, now: datetime) -> int:
    """Approve a checked main application and make the member; returns the member's id.

    Refusals: not_checked, second_person (`barred_from_approving`), those of `review.check` asked again
    under the lock, those of `register.admit_member` and of the control relations, staff_address.
    """
    application, step = locked_by_staff(session, application_id, step="approve", seen_version=seen_version, actor=actor)
    if application.checked_by_id is None or application.member_on is None or application.roster_no is None:
        raise Refusal("not_checked", "一人目の確認がまだ済んでいません。先に確認を済ませてください。")
    revision = newest_revision(session, application.id, stage=Stage.MAIN)
    assert revision is not None
    barred = barred_from_approving(application, revision) | _typists(session, application)
    if actor.user_id is None or actor.user_id in barred:
        raise SecondPersonNeeded
    review.require_ready(session, application)
    review.settle_day(session, application, member_on=application.member_on, reason=application.member_on_reason or "")
    review.require_free_roster_no(session, application.roster_no)
    answers: Answers = revision.answers
    user, invited = _administrator(session, answers[ADMINISTRATOR.key], now=now)
    member, change_id = _enter(session, application, answers, second_actor_id=actor.user_id, now=now)
    _affiliate(session, user, member, actor=actor, now=now)
    application.member_id, application.operator_code = member.id, member.operator_code
    session.execute(
        update(ContractOfUse)
        .where(ContractOfUse.application_id == application.id, ContractOfUse.ended_at.is_(None))
        .values(member_id=member.id)
    )
    take_step(session, application, step, actor=actor, now=now, turn=Turn.SECOND)
    assert application.submitted_at is not None
    lawful = membership_date(submitted_at=application.submitted_at, act_dates=list(act_dates(answers).values()))
    detail = {
        "member_id": member.id,
        "change_id": change_id,
        "member_on": application.member_on,
        "by_law": lawful.by_law,
        "checked_by_id": application.checked_by_id,
    }
    audit.record(session, "application.approved", subject=subject_of(application), actor=actor, now=now, detail=detail)
    _tell(session, application, answers, member, user, invited=invited, now=now)
    session.execute(
        update(SessionRow)
        .where(SessionRow.application_id == application.id, SessionRow.ended_at.is_(None))
        .values(ended_at=now)
    )
    return member.id


def barred_from_approving(application: Application, revision: ApplicationRevision | None) -> frozenset[int]:
    """The persons who may not approve: whoever checked the case, opened it from paper, or keyed its newest revision in."""
    persons = (application.checked_by_id, application.entered_by_id, revision.submitted_by_id if revision else None)
    return frozenset(person for person in persons if person is not None)


def _typists(session: Session, application: Application) -> frozenset[int]:
    """The staff who typed any section or added or removed any file of a paper case, whoever submitted it in the end."""
    typed = select(AuditEvent.actor_id).where(
        AuditEvent.subject == subject_of(application),
        AuditEvent.tag.in_(("application.saved", "application.file_added", "application.file_removed")),
        AuditEvent.actor_id.is_not(None),
    )
    return frozenset(person for person in session.scalars(typed) if person is not None)


def profile_of(answers: Answers) -> dict[str, Any]:
    """The items of 会員情報 out of the sections of an application."""
    return {
        item.key: answers.get(section.key, {}).get(item.key) for section in PROFILE_SECTIONS for item in section.items
    }


def _enter(
    session: Session, application: Application, answers: Answers, *, second_actor_id: int, now: datetime
) -> tuple[Member, int]:
    assert application.member_on is not None
    assert application.roster_no is not None
    change = register.begin_change(
        session,
        source_kind=ChangeSource.APPLICATION,
        source_id=application.id,
        actor_id=application.checked_by_id,
        second_actor_id=second_actor_id,
        now=now,
    )
    member = register.admit_member(
        session,
        change,
        profile=profile_of(answers),
        operator_code=answers[CODE.key]["operator_code"],
        member_on=application.member_on,
        roster_no=application.roster_no,
        acts_on=list(act_dates(answers).values()),
    )
    acts = answers[ACTS.key]["acts"]
    chosen = {licence.value: acts[licence.value] for licence in chosen_licences(answers)}  # others were given up
    register.enter_licences(session, change, member, acts=chosen)
    rows = answers.get(RELATIONS.key, {}).get("rows") or ()
    rows = register.settle_relations(session, change, member, rows=rows, default_on=application.member_on)
    register.enter_relations(session, change, member, rows=rows, default_on=application.member_on)
    register.finish_change(session, change, now=now)
    return member, change.id


def _administrator(session: Session, answers: Mapping[str, Any], *, now: datetime) -> tuple[User, bool]:
    """The person who becomes 管理者: one address is one person, who may serve several companies already."""
    email = answers["administrator_email"]
    user = session.scalar(select(User).where(User.email_key == email.lower()).with_for_update())
    if user is not None and user.kind is UserKind.STAFF:
        raise Refusal(
            "staff_address",
            "管理者のメールアドレスが、当機関の職員のものです。差し戻して、会社の方のメールアドレスを確認してください。",
        )
    if user is not None and user.state in {UserState.STOPPED, UserState.CLOSED}:
        raise Refusal(
            "user_stopped",
            "管理者になる方のユーザIDは停止されています。停止を解除するか、差し戻して別の方を確認してください。",
        )
    if user is not None:
        return user, user.state is UserState.INVITED
    user = User(
        kind=UserKind.MEMBER,
        state=UserState.INVITED,
        email=email,
        email_key=email.lower(),
        name=answers["administrator_name"],
        kana=answers.get("administrator_kana"),
        title=answers.get("administrator_title"),
        phone=answers.get("administrator_phone"),
        created_at=now,
    )
    session.add(user)
    session.flush()
    return user, True


def _affiliate(session: Session, user: User, member: Member, *, actor: Actor, now: datetime) -> None:
    session.add(Affiliation(user_id=user.id, member_id=member.id, role=Role.ADMINISTRATOR, started_at=now))
    detail = {"member_id": member.id, "role": Role.ADMINISTRATOR}
    audit.record(
        session,
        "user.affiliated",
        subject=f"USER:{user.id}",
        actor=actor,
        now=now,
        detail=detail,
        clause=Clause.C3_1_3_2_1,
    )


def _tell(
    session: Session,
    application: Application,
    answers: Answers,
    member: Member,
    user: User,
    *,
    invited: bool,
    now: datetime,
) -> None:
    """Tell the company that it is a member, and notify the ID: with a link to set the password, never a password.

    Categories still applied for are not in the register: the mail names them and says what to do once their act is there.
    """
    entered = act_dates(answers)
    tell_party(
        session,
        application,
        "join/approved",
        now=now,
        member_id=member.id,
        company=member.current_name,
        member_on=application.member_on,
        operator_code=member.operator_code,
        pending=[licence for licence in chosen_licences(answers) if licence not in entered],
    )
    person = {"company": application.name, "name": user.name}
    template = "account/invited" if invited else "account/affiliated"
    outbox.queue(
        session,
        template,
        to=user.email,
        params=person,
        user_id=user.id,
        member_id=member.id,
        clause=Clause.C3_1_3_2_1,
        now=now,
    )
