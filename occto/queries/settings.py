"""Reads for 設定: what was set, with the two persons, and what a new assembly begins with."""

from dataclasses import dataclass
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session, aliased

from occto.domain.assembly import CLOSED
from occto.domain.assembly_settings import AssemblySettings
from occto.domain.dated_settings import Dated, SettingName, settings_with
from occto.domain.dates import start_of_day
from occto.models import REAL, Assembly, Proposal, Setting, User


@dataclass(frozen=True, slots=True)
class Entered:
    """A value as it was set, with who proposed and who confirmed it."""

    dated: Dated
    proposed_by: str
    confirmed_by: str
    reason: str


def entered_settings(session: Session) -> list[Dated]:
    """All that was ever set, in the order of entering."""
    rows = session.execute(
        select(Setting.name, Setting.value, Setting.source, Setting.effective_on).order_by(Setting.id)
    )
    return [Dated(*row) for row in rows]


def new_assembly_settings(session: Session, held_on: date) -> AssemblySettings:
    """The settings that an assembly held on a day begins with."""
    return settings_with(entered_settings(session), held_on)


def history(session: Session, name: SettingName) -> list[Entered]:
    """What was set of one setting, the newest first."""
    proposer, confirmer = aliased(User), aliased(User)
    rows = session.execute(
        select(Setting, proposer.name, confirmer.name, Proposal.reason)
        .join(Proposal, Proposal.id == Setting.proposal_id)
        .join(proposer, proposer.id == Proposal.proposed_by_id)
        .join(confirmer, confirmer.id == Proposal.decided_by_id)
        .where(Setting.name == name)
        .order_by(Setting.effective_on.desc(), Setting.id.desc())
    )
    return [
        Entered(Dated(row.name, row.value, row.source, row.effective_on), proposed, confirmed, reason)
        for row, proposed, confirmed, reason in rows
    ]


def already_registered(session: Session, since: date) -> list[Assembly]:
    """Open assemblies held on that day or later: they keep what they were registered with."""
    query = select(Assembly).where(REAL, Assembly.held_at >= start_of_day(since), Assembly.state.not_in(CLOSED))
    return list(session.scalars(query.order_by(Assembly.held_at, Assembly.id)))
