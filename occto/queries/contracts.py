"""Reads for 利用契約: where a member stands with it."""

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from occto.domain.codes import MemberState
from occto.domain.contracts import ENDED, LIVE, PAPER
from occto.models import ContractOfUse, Member

_NEWEST = (
    select(ContractOfUse)
    .where(ContractOfUse.member_id == bindparam("member"))
    .order_by(ContractOfUse.ended_at.is_not(None), ContractOfUse.id.desc())
    .limit(1)
)


def newest_contract(session: Session, member_id: int) -> ContractOfUse | None:
    """The contract in force of a member, else its last one."""
    return session.scalar(_NEWEST, {"member": member_id})


def state_in_words(member: Member, newest: ContractOfUse | None) -> str:
    """契約中, 紙対応 for a member without a contract in force, 終了 for one that has left."""
    if newest is not None and newest.ended_at is None:
        return LIVE
    return ENDED if member.current_state is MemberState.LEFT else PAPER
