"""Families of companies and what they file: what tests of 届出, sanctions and papers stand on."""

from typing import Any

from occto.domain.actor import Actor
from occto.domain.permissions import Role
from occto.domain.votes import Group
from occto.models import HolderElection, Member
from occto.services import elections
from occto.services.elections import Scan
from occto.unit_of_work import run
from tests.assembling import controls
from tests.factories import NOW, Factory
from tests.registering import read

SCAN = Scan("届出書.pdf", "application/pdf", b"%PDF-1.4\n%%EOF\n")


def family(make: Factory) -> tuple[Member, Member, Member]:
    """A parent in retail and generation with a child in both and one in retail alone: the parent holds both shares."""
    parent = make.member(name="汐見電力株式会社", licences=("RETAIL", "GEN"))
    child = make.member(name="汐見でんき株式会社", licences=("RETAIL", "GEN"))
    young = make.member(name="汐見小売株式会社", licences=("RETAIL",))
    controls(parent, child)
    controls(parent, young)
    return parent, child, young


def speaking(make: Factory, member: Member, role: Role = Role.ASSEMBLY) -> Actor:
    """Somebody who acts for a member."""
    user = make.user()
    make.affiliate(user, member, role)
    return make.actor(user, role, member=member)


def staff_actor(make: Factory, role: Role = Role.OPERATOR) -> Actor:
    """Somebody of the staff."""
    return make.actor(make.staff(role), role)


def file_election(actor: Actor, holder: Member, assembly_id: int | None, group: Group | None, **changes: Any) -> int:
    """A 届出 filed on line."""
    values: dict[str, Any] = {"assembly_id": assembly_id, "group": group, "holder_id": holder.id, "now": NOW}
    return run(elections.file_election, actor=actor, **(values | changes))


def one(election_id: int) -> HolderElection:
    """A 届出 as it is on record."""
    from sqlalchemy import select

    found = read(select(HolderElection).where(HolderElection.id == election_id))[0][0]
    assert isinstance(found, HolderElection)
    return found
