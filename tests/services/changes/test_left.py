"""A company that has left does not begin a new membership by a change request: it applies to join again."""

from datetime import date

from occto.domain.codes import Channel, EndReason
from occto.models import Member
from occto.services import register
from occto.services.changes import approval
from occto.unit_of_work import run
from tests.changing import Request, filled, licence_added, licences, send, submitted
from tests.factories import NOW, Factory
from tests.observing import refused
from tests.registering import entering, licence_id, licences_of

LEFT_ON, LATER = date(2026, 3, 31), date(2026, 11, 1)


def _leave(member: Member) -> None:
    held = licence_id(member, "GEN")
    with entering() as at:
        register.end_licence(
            *at.into, member_id=member.id, licence_id=held, ended_on=LEFT_ON, reason=EndReason.CLOSURE_NOTIFICATION
        )


def _on_paper(make: Factory, member: Member, *, on: date) -> Request:
    added = licences(licence_added("RETAIL", on=on))
    return filled(make, added, member=member, channel=Channel.PAPER, occurred_on=on)


def test_a_licence_on_paper_for_a_company_that_has_left_is_refused(make: Factory) -> None:
    member = make.member()
    _leave(member)
    change = _on_paper(make, member, on=LATER)
    with refused("has_left", field="licences"):
        send(change)


def test_one_that_leaves_while_the_request_waits_is_refused_at_the_approval(make: Factory) -> None:
    member = make.member()
    change = _on_paper(make, member, on=LATER)
    send(change)
    _leave(member)
    seen = change.version
    with refused("has_left"):
        run(approval.approve, change.id, seen_version=seen, actor=change.second, now=NOW)


def test_one_from_the_last_day_on_shows_that_it_never_left(make: Factory) -> None:
    member = make.member()
    _leave(member)
    change = _on_paper(make, member, on=LEFT_ON)
    send(change)
    run(approval.approve, change.id, seen_version=change.version, actor=change.second, now=NOW)
    assert licences_of(member)[1] == ("RETAIL", LEFT_ON, None)


def test_a_member_adds_one_as_before(make: Factory) -> None:
    change = submitted(make, licences(licence_added("RETAIL", on=LATER)), channel=Channel.PAPER, occurred_on=LATER)
    run(approval.approve, change.id, seen_version=change.version, actor=change.second, now=NOW)
    assert len(licences_of(change.member)) == 2
