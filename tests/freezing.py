"""An assembly on its way to the freeze, with the two persons who freeze it: what tests of 確定 stand on."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import delete, select, update

from occto.domain.actor import Actor
from occto.domain.assembly import AssemblyState
from occto.domain.codes import ChangeSource, LateOutcome, SanctionScope
from occto.domain.permissions import Role
from occto.extensions import db
from occto.models import Assembly, ContractOfUse, LateFact, Member, Proposal, SanctionFact, Snapshot
from occto.queries.allocation import calculate
from occto.queries.freeze_checks import freeze_cases
from occto.queries.snapshots import calculated_again, frozen_of
from occto.services import freezing, late_facts, proposals, register
from occto.services.proposal_kinds import HANDLERS
from occto.services.snapshots import figures_digest
from occto.unit_of_work import run, unit_of_work
from tests import assembling
from tests.factories import NOW, Factory
from tests.registering import entering

BEFORE, AFTER = date(2026, 11, 10), date(2026, 11, 20)
"""A day before the record date, and one after it."""


@dataclass
class Scene:
    """An assembly and the two persons. Every read is fresh."""

    make: Factory
    held: int
    first: Actor
    second: Actor

    @property
    def row(self) -> Assembly:
        return self.read(Assembly, self.held)

    def read(self, model: Any, key: Any) -> Any:
        db.session.expunge_all()
        db.session.rollback()
        found = db.session.get_one(model, key)
        db.session.expunge_all()
        db.session.rollback()
        return found

    def all(self, query: Any) -> list[Any]:
        db.session.expunge_all()
        db.session.rollback()
        found = list(db.session.scalars(query))
        db.session.expunge_all()
        db.session.rollback()
        return found

    def keys(self) -> list[str]:
        """The undecided cases that are neither settled nor marked."""
        with unit_of_work() as session:
            return [
                case.key for case in freeze_cases(session, session.get_one(Assembly, self.held)) if not case.settled
            ]

    def digest(self) -> str:
        """What stands on the screen: the votes of now, or of freezing again."""
        with unit_of_work() as session:
            frozen = frozen_of(session, self.held)
            if frozen is not None:
                return figures_digest(calculated_again(session, frozen))
            return figures_digest(calculate(session, session.get_one(Assembly, self.held)))

    def propose(self, **changes: Any) -> int:
        given = {"reason": "確定します", "seen_version": self.row.version, "actor": self.first, "now": NOW}
        given |= {"seen_digest": changes.pop("seen_digest", None) or self.digest()}
        return run(freezing.propose_freeze, self.held, **(given | changes))

    def confirm(self, number: int, actor: Actor | None = None) -> None:
        version = self.read(Proposal, number).version
        acting = actor or self.second
        run(proposals.confirm, number, handlers=HANDLERS, seen_version=version, actor=acting, now=NOW)

    def freeze(self) -> Snapshot:
        self.confirm(self.propose())
        return self.frozen()

    def frozen(self) -> Snapshot:
        return self.snapshots()[-1]

    def snapshots(self) -> list[Snapshot]:
        return self.all(select(Snapshot).where(Snapshot.assembly_id == self.held).order_by(Snapshot.no))

    def facts(self) -> list[LateFact]:
        return self.all(select(LateFact).where(LateFact.assembly_id == self.held).order_by(LateFact.id))

    def refreeze(self, **changes: Any) -> int:
        """Propose to freeze again."""
        given = {"reason": "後から分かったため", "seen_version": self.row.version, "actor": self.first, "now": NOW}
        given |= {"seen_digest": changes.pop("seen_digest", None) or self.digest()}
        return run(late_facts.propose_refreeze, self.held, **(given | changes))

    def outcome(self, outcome: LateOutcome, **changes: Any) -> int:
        """Propose to keep or to postpone."""
        given: dict[str, Any] = {"outcome": outcome, "reason": "影響が小さいため", "seen_version": self.row.version}
        given |= {"fact_ids": [fact.id for fact in self.facts() if fact.outcome is None]}
        return run(late_facts.propose_outcome, self.held, **(given | changes), actor=self.first, now=NOW)


def scene(make: Factory, state: AssemblyState = AssemblyState.COUNTING) -> Scene:
    """Make members first: what is entered afterwards is known too late."""
    held = assembling.assembly(make, state)
    people = [make.actor(make.staff(Role.APPROVER), Role.APPROVER) for _ in range(2)]
    return Scene(make, held.id, *people)


def sanction(member: Member, *, since: date = BEFORE, until: date | None = None) -> int:
    """A 権利の停止 of the votes of a member, entered now; returns the row number."""
    with unit_of_work() as session:
        change = register.begin_change(
            session, source_kind=ChangeSource.SANCTION, source_id=None, actor_id=None, second_actor_id=None, now=NOW
        )
        fact = SanctionFact(
            member_id=member.id,
            scope=SanctionScope.VOTES,
            decided_by="理事会",
            decided_on=since,
            ground="会費の未納",
            effective_on=since,
            ended_on=until,
            entered_id=change.id,
        )
        session.add(fact)
        register.finish_change(session, change, now=NOW)
        return fact.id


def on_paper(member: Member) -> None:
    """The member has no contract of use: it is served on paper alone."""
    with unit_of_work() as session:
        session.execute(delete(ContractOfUse).where(ContractOfUse.member_id == member.id))


def moved(held: int, state: AssemblyState) -> None:
    """The assembly has got further, whoever took it there."""
    with unit_of_work() as session:
        session.execute(update(Assembly).where(Assembly.id == held).values(state=state))


def capital(member: Member, yen: int, *, on: date = BEFORE) -> None:
    """A capital of a day that is entered now."""
    with entering() as change:
        register.set_item(*change.into, member_id=member.id, item="capital", value=yen, effective_on=on)
