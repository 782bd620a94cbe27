"""How a mandate begins: the member's 管理者 starts it, its paper is keyed in, or the contractor proposes it."""

from datetime import date, datetime

from sqlalchemy.orm import Session

from occto.domain.actor import Actor
from occto.domain.clauses import Clause
from occto.domain.codes import MandateState
from occto.domain.dates import today_jst
from occto.domain.errors import NotAllowed, NotFound, Refusal
from occto.domain.mandates import MandateSide, MandateTerms, check_terms
from occto.domain.permissions import Permission
from occto.models import Contractor, Mandate, MandateNominee, MandateScope, Member, User
from occto.queries.terms import terms_in_force
from occto.services import audit
from occto.services.mandates.case import (
    in_detail,
    require_administrator,
    require_affirmed,
    subject_of,
    tell,
    terms_of,
)
from occto.services.mandates.checks import (
    active_of,
    has_administrator,
    locked_member,
    member_by_key,
    proposed_of,
    refuse_own,
    require_person,
)
from occto.services.mandates.persons import contractor_for, name_persons, notify_named, users_for


def start(
    session: Session,
    *,
    contractor_name: str,
    corporate_number: str,
    terms: MandateTerms,
    affirmed: bool,
    actor: Actor,
    now: datetime,
) -> int:
    """The member's 管理者 gives a mandate, in force from its first day; returns its row number.

    Refusals: not_allowed, affirmation_missing, those of `check_terms`, own_company, contractor_name_differs,
    already_active, already_proposed, staff_address, person_stopped.
    """
    member_id = require_administrator(actor)
    require_affirmed(affirmed=affirmed)
    return _begin(
        session,
        member_id,
        contractor_name=contractor_name,
        corporate_number=corporate_number,
        terms=terms,
        side=MandateSide.MEMBER,
        received_on=None,
        actor=actor,
        now=now,
    )


def start_on_paper(
    session: Session,
    member_id: int,
    *,
    contractor_name: str,
    corporate_number: str,
    terms: MandateTerms,
    affirmed: bool,
    received_on: date,
    actor: Actor,
    now: datetime,
) -> int:
    """Staff key in the member's paper of `received_on`; `affirmed`: it states 2.3.1. Returns the row number.

    Refusals: those of `start`, not_found, received_later, no_administrator (nobody is left who may widen anything).
    """
    if not actor.can(Permission.ACCOUNT_ENTER) or actor.user_id is None:
        raise NotAllowed
    if received_on > today_jst(now):
        raise Refusal("received_later", "書面を受け取った日は、今日までの日付を入力してください。", field="received_on")
    require_affirmed(affirmed=affirmed)
    if session.get(Member, member_id) is None:
        raise NotFound
    if not has_administrator(session, member_id):
        raise Refusal(
            "no_administrator",
            "この会員には管理者がいないため、委託を始めたり広げたりできません。先に管理者の申請を受け付けてください。",
        )
    return _begin(
        session,
        member_id,
        contractor_name=contractor_name,
        corporate_number=corporate_number,
        terms=terms,
        side=MandateSide.OFFICE,
        received_on=received_on,
        actor=actor,
        now=now,
    )


def _begin(
    session: Session,
    member_id: int,
    *,
    contractor_name: str,
    corporate_number: str,
    terms: MandateTerms,
    side: MandateSide,
    received_on: date | None,
    actor: Actor,
    now: datetime,
) -> int:
    check_terms(terms, today=today_jst(now))
    member = locked_member(session, member_id)
    refuse_own(session, member, corporate_number)
    contractor = contractor_for(session, name=contractor_name, corporate_number=corporate_number)
    if active_of(session, member_id, contractor.id, now=now) is not None:
        raise Refusal(
            "already_active",
            "この受託者への委託は、すでに有効です。内容を変えるときは、その委託の画面で変更してください。",
            field="corporate_number",
        )
    if proposed_of(session, member_id, contractor.id) is not None:
        raise Refusal(
            "already_proposed",
            "この受託者からの提案が届いています。先に、提案を承認するか断ってください。",
            field="corporate_number",
        )
    users = users_for(session, terms.persons, contractor=contractor, actor=actor, now=now)
    mandate = Mandate(
        member_id=member_id,
        contractor_id=contractor.id,
        state=MandateState.ACTIVE,
        proposed_by_id=actor.user_id,
        proposed_side=side,
        proposed_at=now,
        received_on=received_on,
        starts_on=terms.starts_on,
        ends_on=terms.ends_on,
    )
    mandate.accepted_by_id, mandate.accepted_at = actor.user_id, now
    session.add(mandate)
    session.flush()
    session.add_all(MandateScope(mandate_id=mandate.id, procedure=one) for one in terms.procedures)
    take_effect(session, mandate, member, contractor, users, side=side, actor=actor, now=now)
    return mandate.id


def propose(
    session: Session,
    *,
    contractor_id: int,
    member_key: str,
    terms: MandateTerms,
    actor: Actor,
    now: datetime,
) -> int:
    """A person of the contractor proposes a mandate to the member with this 事業者コード or 法人番号; its row number.

    Nothing is in force and nobody gets an ID before the member accepts. Refusals: not_allowed (no person of that
    contractor), those of `check_terms`, member_unknown, own_company, already_proposed, begins_later (where one is in
    force, which the proposal would replace).
    """
    require_person(session, contractor_id, actor=actor)
    check_terms(terms, today=today_jst(now))
    member = locked_member(session, member_by_key(session, member_key).id)
    contractor = session.get(Contractor, contractor_id)
    assert contractor is not None
    refuse_own(session, member, contractor.corporate_number)
    if proposed_of(session, member.id, contractor_id) is not None:
        raise Refusal(
            "already_proposed",
            "この会員には、すでに提案しています。内容を変えるときは、前の提案を取り下げてから、もう一度提案してください。",
            field="member_key",
        )
    if active_of(session, member.id, contractor_id, now=now) is not None and terms.starts_on > today_jst(now):
        raise Refusal(
            "begins_later",
            "いまの委託に代わる提案のため、始まる日は今日までの日付にしてください。",
            field="starts_on",
        )
    mandate = Mandate(
        member_id=member.id,
        contractor_id=contractor_id,
        state=MandateState.PROPOSED,
        proposed_by_id=actor.user_id,
        proposed_side=MandateSide.CONTRACTOR,
        proposed_at=now,
        starts_on=terms.starts_on,
        ends_on=terms.ends_on,
    )
    session.add(mandate)
    session.flush()
    session.add_all(MandateScope(mandate_id=mandate.id, procedure=one) for one in terms.procedures)
    session.add_all(
        MandateNominee(mandate_id=mandate.id, name=one.name, email=one.email, email_key=one.key)
        for one in terms.persons
    )
    session.flush()
    told = tell(session, mandate, "mandates/proposed", now=now)
    detail = {"contractor_id": contractor_id, **in_detail(terms), "told": told}
    audit.record(session, "mandate.proposed", subject=subject_of(mandate), actor=actor, now=now, detail=detail)
    session.flush()
    return mandate.id


def take_effect(
    session: Session,
    mandate: Mandate,
    member: Member,
    contractor: Contractor,
    users: list[User],
    *,
    side: MandateSide,
    actor: Actor,
    now: datetime,
) -> None:
    """The persons are named and told, both sides told, and the acceptance with its affirmation recorded."""
    fresh = name_persons(session, mandate, users)
    told = tell(session, mandate, "mandates/accepted", now=now, on_paper=side is MandateSide.OFFICE)
    notify_named(session, mandate, fresh, company=member.current_name, contractor=contractor.name, now=now)
    detail = {
        "contractor_id": contractor.id,
        **in_detail(terms_of(session, mandate)),
        "side": side,
        "received_on": mandate.received_on,
        "terms_no": terms_in_force(session, now=now).no,
        "told": told,
    }
    audit.record(
        session,
        "mandate.accepted",
        subject=subject_of(mandate),
        actor=actor,
        now=now,
        detail=detail,
        clause=Clause.C2_3_1,
    )
    session.flush()
