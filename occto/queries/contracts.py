"""Reads for 利用契約: the contracts of a member, newest first."""

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from occto.domain.codes import MemberState
from occto.domain.contracts import ENDED, LIVE, PAPER
from occto.models import ContractOfUse, Member, TermsVersion, User


@dataclass(frozen=True, slots=True)
class ContractOnRecord:
    """A contract with the version of the terms and the name of whoever ended it."""

    contract: ContractOfUse
    terms_no: int
    ended_by: str | None


def contracts_of(session: Session, member_id: int) -> list[ContractOnRecord]:
    """Every contract of a member, the one in force first."""
    rows = session.execute(
        select(ContractOfUse, TermsVersion.no, User.name)
        .join(TermsVersion, TermsVersion.id == ContractOfUse.terms_version_id)
        .outerjoin(User, User.id == ContractOfUse.ended_by_id)
        .where(ContractOfUse.member_id == member_id)
        .order_by(ContractOfUse.ended_at.is_not(None), ContractOfUse.id.desc())
    )
    return [ContractOnRecord(*row) for row in rows]


def state_in_words(member: Member, contracts: list[ContractOnRecord]) -> str:
    """契約中, 紙対応 for a member without a contract in force, 終了 for one that has left."""
    if any(one.contract.ended_at is None for one in contracts):
        return LIVE
    return ENDED if member.current_state is MemberState.LEFT else PAPER
