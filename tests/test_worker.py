"""The worker's round: when the daily work is due, and votes that have changed."""

from datetime import UTC, datetime, timedelta

from occto.domain.assembly import AssemblyState
from occto.domain.votes import Group
from occto.extensions import db
from occto.queries.own_votes import own_votes
from occto.services import elections
from occto.unit_of_work import run
from occto.worker import DAILY_EVERY, keep_drafts, next_daily
from tests.assembling import assembly
from tests.electing import family, file_election, one, speaking
from tests.factories import NOW, Factory

MIDNIGHT = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)
"""The instant at which 24 November begins in Japan."""


def test_the_daily_work_is_due_in_an_hour() -> None:
    now = MIDNIGHT + timedelta(hours=8)
    assert next_daily(now) == now + DAILY_EVERY


def test_the_daily_work_is_due_when_the_day_turns_in_japan() -> None:
    """Approved facts apply on their day, not up to an hour into it."""
    assert next_daily(MIDNIGHT - timedelta(minutes=20)) == MIDNIGHT
    assert next_daily(MIDNIGHT) == MIDNIGHT + DAILY_EVERY


def test_a_draft_of_the_votes_is_kept_when_a_firm_has_consented(make: Factory) -> None:
    """The member's own page stands on the newest draft: a 届出 in force shows there with the next round."""
    parent, child, _young = family(make)
    held = assembly(make, AssemblyState.COUNTING)
    assert (keep_drafts(), keep_drafts()) == (1, 0)
    number = file_election(speaking(make, child), child, held.id, Group.R)
    assert keep_drafts() == 0
    version = one(number).version
    run(elections.countersign, number, seen_version=version, actor=speaking(make, parent), now=NOW)
    assert keep_drafts() == 1
    votes = own_votes(db.session(), held.id, child.id)
    assert votes is not None
    assert votes.votes == 1
