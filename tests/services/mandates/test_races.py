"""At the same moment: two accept, two start, an act and the end of its mandate. On both databases."""

from flask import Flask
from sqlalchemy import func, select

from occto.domain.codes import MandateState, Procedure
from occto.domain.permissions import Role
from occto.extensions import db
from occto.models import AuditEvent, Contractor, Mandate, User
from occto.queries import register as reads
from occto.services.changes import immediate
from occto.services.mandates import answering, running
from occto.unit_of_work import run
from tests.factories import NOW, Factory
from tests.mandating import HANAKO, mails, party, propose, row, servant, start, state
from tests.racing import at_once

ROUNDS = 4


def test_a_proposal_is_accepted_once(fresh_app: Flask) -> None:
    make = Factory(fresh_app)
    own, other = party(make), servant(make)
    colleague = make.user()
    make.affiliate(colleague, own.member)
    proposal = propose(other, own)
    actors = [own.actor, make.actor(colleague, Role.ADMINISTRATOR, member=own.member)] * 2

    def accept(actor):  # type: ignore[no-untyped-def]
        run(answering.accept, proposal, seen_version=1, affirmed=True, actor=actor, now=NOW)
        return "accepted"

    results = at_once(fresh_app, [lambda actor=actor: accept(actor) for actor in actors])
    assert sorted(results, key=str) == ["accepted", "stale", "stale", "stale"]
    assert state(proposal) is MandateState.ACTIVE
    assert mails("mandates/invited") == [HANAKO.email]
    assert db.session.query(User).filter_by(email_key=HANAKO.key).count() == 1


def test_a_proposal_is_accepted_or_withdrawn(fresh_app: Flask) -> None:
    make = Factory(fresh_app)
    own, other = party(make), servant(make)
    for _ in range(ROUNDS):
        proposal = propose(other, own)
        results = at_once(
            fresh_app,
            [
                lambda number=proposal: run(
                    answering.decline, number, seen_version=1, reason=None, actor=own.actor, now=NOW
                ),
                lambda number=proposal: run(answering.withdraw, number, actor=other.actor, now=NOW),
            ],
        )
        assert results.count(None) == 1
        assert {one for one in results if one} <= {"stale", "illegal_step"}
        assert state(proposal) is MandateState.DECLINED


def test_two_members_bring_the_same_new_contractor_and_person(fresh_app: Flask) -> None:
    make = Factory(fresh_app)
    parties = [party(make) for _ in range(3)]
    results = at_once(fresh_app, [lambda own=own: start(own) for own in parties])
    assert all(isinstance(one, int) for one in results), results
    db.session.rollback()
    assert db.session.scalar(select(func.count()).select_from(Contractor)) == 1
    assert db.session.query(User).filter_by(email_key=HANAKO.key).count() == 1


def test_one_member_starts_the_same_mandate_once(fresh_app: Flask) -> None:
    make = Factory(fresh_app)
    own = party(make)
    results = at_once(fresh_app, [lambda: start(own) for _ in range(3)])
    assert sorted(str(one) for one in results if not isinstance(one, int)) == ["already_active"] * 2
    db.session.rollback()
    assert db.session.scalar(select(func.count()).select_from(Mandate)) == 1


def test_whoever_ends_a_mandate_finds_every_act_before_and_none_after(fresh_app: Flask) -> None:
    """The event of the end stands behind those of all acts that passed, in the order of the trail."""
    make = Factory(fresh_app)
    own, other = party(make), servant(make)
    for turn in range(ROUNDS):
        held = make.mandate(own.member, other.contractor, other.user, procedures=(Procedure.CHANGES,))
        actor = other.under(held, Procedure.CHANGES)
        db.session.expunge_all()
        seen = reads.newest_change(db.session())
        db.session.rollback()

        def act(month: int, actor=actor, seen=seen):  # type: ignore[no-untyped-def]
            return run(
                immediate.change_at_once,
                own.member.id,
                values={"fiscal_month": month},
                seen_change=seen,
                actor=actor,
                now=NOW,
            )

        results = at_once(
            fresh_app,
            [
                lambda turn=turn, act=act: act(1 + turn),
                lambda held=held: run(running.end, held.id, reason=None, actor=own.actor, now=NOW),
                lambda turn=turn, act=act: act(7 + turn),
            ],
        )
        assert results[1] == 0
        assert row(held.id).state is MandateState.ENDED
        acted = db.session.scalars(
            select(AuditEvent.id).where(AuditEvent.mandate_id == held.id, AuditEvent.tag == "member.changed")
        ).all()
        passed = [one for one in (results[0], results[2]) if isinstance(one, list)]
        assert len(acted) == len([one for one in passed if one])
        assert {one for one in (results[0], results[2]) if isinstance(one, str)} <= {"mandate_over", "stale"}
        db.session.rollback()
