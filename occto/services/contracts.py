"""本システム利用契約: ended on application (利用規約 2.7.1), terminated (2.7.2), formed on paper (2.1.2).

A contract is not membership: nothing here touches licences, roster, votes or anything else of the register.
"""

from datetime import date, datetime

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from occto.domain.actor import Actor
from occto.domain.clauses import Clause
from occto.domain.codes import FormedBy, MemberState
from occto.domain.contracts import GROUNDS
from occto.domain.dates import start_of_day, today_jst
from occto.domain.errors import NotAllowed, NotFound, Refusal
from occto.domain.permissions import Permission
from occto.models import Affiliation, ContractOfUse, Member
from occto.queries.terms import terms_on
from occto.services import audit
from occto.services.notices import tell_member
from occto.services.register import end_sessions


def end_on_application(
    session: Session, contract_id: int, *, applied_on: date, words: str | None, actor: Actor, now: datetime
) -> int:
    """End the contract because the Party asked for it, at the notice of completion, which is queued here (2.7.1).

    Returns how many mails tell it; 0 means that the notice goes by post. Refusals: not_allowed, not_found,
    already_ended, applied_later.
    """
    contract = _locked(session, contract_id, actor=actor)
    if applied_on > today_jst(now):
        raise Refusal("applied_later", "申し出のあった日は、今日までの日付を入力してください。", field="applied_on")
    ground = (words or "").strip() or "会員からの申し出"
    return _end(
        session, contract, clause=Clause.C2_7_1, ground=ground, reason=None, applied_on=applied_on, actor=actor, now=now
    )


def terminate(
    session: Session, contract_id: int, *, clause: Clause, ground: str, reason: str, actor: Actor, now: datetime
) -> int:
    """Terminate the contract without demand (2.7.2①②③). `ground` is told to the member, `reason` is kept for the office.

    Returns how many mails tell it. Refusals: not_allowed, not_found, already_ended, clause_unknown, ground_missing,
    reason_missing.
    """
    contract = _locked(session, contract_id, actor=actor)
    if clause not in GROUNDS:
        raise Refusal("clause_unknown", "解除の根拠となる条項を選んでください。", field="clause")
    if not ground.strip():
        raise Refusal("ground_missing", "解除の事由となる事実を入力してください。", field="ground")
    if not reason.strip():
        raise Refusal("reason_missing", "解除すると判断した理由を入力してください。", field="reason")
    return _end(session, contract, clause=clause, ground=ground, reason=reason, applied_on=None, actor=actor, now=now)


def form_on_paper(session: Session, member_id: int, *, formed_on: date, actor: Actor, now: datetime) -> int:
    """Form the contract of a member anew, by its paper of `formed_on`, under the terms in force that day (1.3.2, 2.1.2).

    Returns the row number of the contract. Refusals: not_allowed, not_found, not_a_member, already_formed,
    formed_later, formed_before_end.
    """
    if not actor.can(Permission.CHANGE_ENTER) or actor.user_id is None:
        raise NotAllowed
    member = session.get(Member, member_id, with_for_update={"key_share": True})
    if member is None:
        raise NotFound
    if member.current_state is MemberState.LEFT:
        raise Refusal("not_a_member", "退会した会員とは、利用契約を結べません。会員の状態をお確かめください。")
    newest = session.scalar(
        select(ContractOfUse)
        .where(ContractOfUse.member_id == member.id)
        .order_by(ContractOfUse.ended_at.is_not(None), ContractOfUse.id.desc())
        .limit(1)
    )
    if newest is not None and newest.ended_at is None:
        raise Refusal("already_formed", "この会員の利用契約は、すでに結ばれています。契約の内容をお確かめください。")
    if formed_on > today_jst(now):
        raise Refusal("formed_later", "契約を結んだ日は、今日までの日付を入力してください。", field="formed_on")
    if newest is not None and newest.ended_at is not None and formed_on < today_jst(newest.ended_at):
        raise Refusal(
            "formed_before_end",
            "契約を結んだ日は、前の契約が終了した日か、それより後の日付を入力してください。",
            field="formed_on",
        )
    terms = terms_on(session, formed_on)
    formed_at = min(start_of_day(formed_on), now)
    contract = ContractOfUse(
        member_id=member.id,
        formed_at=max(formed_at, newest.ended_at) if newest is not None and newest.ended_at else formed_at,
        formed_by=FormedBy.PAPER,
        terms_version_id=terms.id,
    )
    session.add(contract)
    session.flush()
    told = tell_member(
        session,
        member.id,
        "contracts/formed",
        now=now,
        clause=Clause.C2_1_2,
        company=member.current_name,
        formed_on=formed_on,
        terms_no=terms.no,
    )
    detail = {"contract_id": contract.id, "formed_on": formed_on, "terms_no": terms.no, "told": told}
    audit.record(
        session,
        "contract.formed",
        subject=f"MEMBER:{member.id}",
        actor=actor,
        now=now,
        detail=detail,
        clause=Clause.C2_1_2,
    )
    session.flush()
    return contract.id


def form_by_sign_in(session: Session, user_id: int, *, actor: Actor, now: datetime) -> int:
    """Form the contract of every member of the person that never had one: signing in with a notified ID is consent (2.1.2).

    A contract that has ended is not formed anew in this way. Returns how many were formed.
    """
    never = ~exists().where(ContractOfUse.member_id == Affiliation.member_id)
    members = session.scalars(
        select(Member)
        .join(Affiliation, Affiliation.member_id == Member.id)
        .where(
            Affiliation.user_id == user_id,
            Affiliation.ended_at.is_(None),
            Affiliation.stopped_at.is_(None),
            Member.current_state != MemberState.LEFT,
            never,
        )
        .order_by(Member.id)
        .with_for_update(of=Member, key_share=True)
    ).all()
    for member in members:
        terms = terms_on(session, today_jst(now))
        contract = ContractOfUse(
            member_id=member.id, formed_at=now, formed_by=FormedBy.DEEMED, terms_version_id=terms.id
        )
        session.add(contract)
        session.flush()
        audit.record(
            session,
            "contract.formed",
            subject=f"MEMBER:{member.id}",
            actor=actor,
            now=now,
            detail={"contract_id": contract.id, "formed_on": today_jst(now), "terms_no": terms.no, "told": 0},
            clause=Clause.C2_1_2,
        )
    return len(members)


def _locked(session: Session, contract_id: int, *, actor: Actor) -> ContractOfUse:
    """The contract in force of a member, for whoever may end it. Contracts of applicants end with their application."""
    if not actor.can(Permission.CONTRACT_MANAGE) or actor.user_id is None:
        raise NotAllowed
    contract = session.get(ContractOfUse, contract_id, with_for_update=True)
    if contract is None or contract.member_id is None:
        raise NotFound
    if contract.ended_at is not None:
        raise Refusal("already_ended", "この利用契約は、すでに終了しています。終了の記録をお確かめください。")
    return contract


def _end(
    session: Session,
    contract: ContractOfUse,
    *,
    clause: Clause,
    ground: str,
    reason: str | None,
    applied_on: date | None,
    actor: Actor,
    now: datetime,
) -> int:
    member = session.get(Member, contract.member_id)
    assert member is not None
    contract.ended_at, contract.end_clause, contract.end_reason = now, clause.value, ground
    contract.ended_by_id = actor.user_id
    signed_out = end_sessions(session, member.id, now=now)
    told = tell_member(
        session,
        member.id,
        "contracts/ended",
        now=now,
        clause=clause,
        company=member.current_name,
        ended_at=now,
        clause_label=clause.label,
        on_application=clause is Clause.C2_7_1,
        ground=ground,
    )
    detail = {
        "contract_id": contract.id,
        "ground": ground,
        "reason": reason,
        "applied_on": applied_on,
        "sessions_ended": signed_out,
        "told": told,
    }
    audit.record(
        session, "contract.ended", subject=f"MEMBER:{member.id}", actor=actor, now=now, detail=detail, clause=clause
    )
    session.flush()
    return told
