"""Locks are taken in one order (docs/design.md 3): whoever comes second waits, and nobody has to give up."""

from datetime import date
from threading import Event
from time import sleep
from typing import Any

from flask import Flask
from sqlalchemy import select

from occto.domain.assembly import AssemblyState
from occto.domain.codes import ChangeSource
from occto.domain.permissions import Role
from occto.domain.votes import Group
from occto.models import Member, RosterFact
from occto.services import elections, proposals, register, roster
from occto.services.proposal_kinds import HANDLERS
from occto.unit_of_work import run, unit_of_work
from tests.assembling import assembly
from tests.electing import SCAN, family, staff_actor
from tests.factories import NOW, Factory
from tests.freezing import BEFORE, scene
from tests.racing import at_once
from tests.registering import entering, read

TODAY = date(2026, 11, 23)


def numbers_of(*members: Member) -> list[int]:
    """The roster numbers that these members have now."""
    running = select(RosterFact.member_id, RosterFact.roster_no).where(
        RosterFact.voided_id.is_(None), RosterFact.ended_on.is_(None)
    )
    found: dict[int, Any] = dict(read(running))
    return [found[one.id] for one in members]


def test_a_freeze_waits_for_a_change_of_the_register_that_has_begun(fresh_app: Flask) -> None:
    """The change can note that it comes too late for the assembly while the freeze is waiting: neither gives up."""
    make = Factory(fresh_app)
    member = make.member()
    now = scene(make)
    number = now.propose()
    begun = Event()

    def change() -> None:
        with entering() as entry:
            begun.set()
            sleep(0.5)  # the freeze has come as far as it can
            register.set_item(*entry.into, member_id=member.id, item="capital", value=77, effective_on=BEFORE)

    def confirm() -> None:
        begun.wait(timeout=10)
        with unit_of_work() as session:  # not `run`, which would try again after a deadlock
            proposals.confirm(session, number, handlers=HANDLERS, seen_version=1, actor=now.second, now=NOW)

    assert at_once(fresh_app, [confirm, change]) == ["changed_since", None]
    assert (now.row.state, len(now.facts())) == (AssemblyState.COUNTING, 1)


def test_a_change_of_the_register_does_not_wait_for_a_filing_that_waits_for_it(fresh_app: Flask) -> None:
    """It notes under its lock that it comes too late for the assembly, which the filing holds: neither gives up."""
    make = Factory(fresh_app)
    parent, child = family(make)[:2]
    held, actor = assembly(make, AssemblyState.COUNTING).id, staff_actor(make)
    filed_by, holder = parent.id, child.id
    begun = Event()

    def change() -> None:
        with unit_of_work() as session:
            register.lock_members(session, [filed_by])
            entry = register.begin_change(
                session, source_kind=ChangeSource.DEMO, source_id=None, actor_id=None, second_actor_id=None, now=NOW
            )
            begun.set()
            sleep(0.5)  # the filing has come as far as it can
            register.set_item(session, entry, member_id=filed_by, item="capital", value=77, effective_on=BEFORE)
            register.finish_change(session, entry, now=NOW)

    def enter() -> None:
        begun.wait(timeout=10)
        with unit_of_work() as session:  # not `run`, which would try again after a deadlock
            elections.enter_election(
                session,
                assembly_id=held,
                group=Group.R,
                filed_by_id=filed_by,
                holder_id=holder,
                received_at=NOW,
                scan=SCAN,
                actor=actor,
                now=NOW,
            )

    assert at_once(fresh_app, [enter, change]) == [None, None]


def test_a_list_and_a_change_of_one_of_its_members_come_one_after_the_other(fresh_app: Flask) -> None:
    """Both lock the members before the register: neither gives up."""
    make = Factory(fresh_app)
    one, two = make.member(), make.member()
    first, second = numbers_of(one, two)
    assert first is not None
    assert second is not None
    number = run(
        roster.propose,
        numbers={one.id: second, two.id: first},
        effective_on=TODAY,
        reason="理事会の決定",
        actor=make.actor(make.staff(Role.OPERATOR), Role.OPERATOR),
        now=NOW,
    )
    approver, member_id = make.actor(make.staff(Role.APPROVER), Role.APPROVER), one.id
    begun = Event()

    def change() -> None:
        with unit_of_work() as session:
            register.lock_members(session, [member_id])
            begun.set()
            sleep(0.5)  # the list has come as far as it can
            entry = register.begin_change(
                session, source_kind=ChangeSource.DEMO, source_id=None, actor_id=None, second_actor_id=None, now=NOW
            )
            register.set_item(session, entry, member_id=member_id, item="capital", value=77, effective_on=TODAY)
            register.finish_change(session, entry, now=NOW)

    def apply() -> None:
        begun.wait(timeout=10)
        with unit_of_work() as session:  # not `run`, which would try again after a deadlock
            roster.apply(session, number, seen_version=1, actor=approver, now=NOW)

    assert at_once(fresh_app, [apply, change]) == [None, None]
    assert numbers_of(one, two) == [second, first]
