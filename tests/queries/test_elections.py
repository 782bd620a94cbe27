"""What a member reads of 届出: its own family alone."""

from occto.domain.assembly import AssemblyState
from occto.domain.votes import Group
from occto.extensions import db
from occto.models import Assembly
from occto.queries import elections as reads
from tests.assembling import assembly
from tests.electing import family, file_election, speaking
from tests.factories import NOW, Factory

R = Group.R


def test_a_member_reads_of_its_own_family_alone(make: Factory) -> None:
    parent, child, young = family(make)
    other, held = make.member(name="無関係株式会社", licences=("RETAIL",)), assembly(make, AssemblyState.COUNTING)
    number = file_election(speaking(make, parent), child, held.id, R)
    session, today = db.session(), NOW.date()
    row = session.get_one(Assembly, held.id)
    found = reads.family_of(session, young.id, row, today=today)
    assert found is not None
    assert set(found.names.values()) == {"汐見電力株式会社", "汐見でんき株式会社", "汐見小売株式会社"}
    assert reads.seen_by(session, number, member_id=other.id, today=today) is None
    assert reads.seen_by(session, number, member_id=young.id, today=today) is not None
    assert reads.of_member(session, other.id) == []
