"""Jobs: in batches, each row once, going on where a killed worker stopped."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select

from occto import worker
from occto.domain.jobs import JobKind, JobState, following, ranges
from occto.domain.permissions import Role
from occto.extensions import db
from occto.models import Job, OutboxMail
from occto.services import jobs
from occto.unit_of_work import run
from tests.factories import NOW, Factory
from tests.observing import refused

IDS = st.sets(st.integers(1, 60)).map(sorted)


@given(IDS)
def test_ranges_hold_the_same_numbers(ids: list[int]) -> None:
    assert [number for first, last in ranges(ids) for number in range(first, last + 1)] == ids


@given(IDS, st.integers(1, 7))
def test_batches_pass_every_number_once(ids: list[int], limit: int) -> None:
    held, seen = ranges(ids), [0]
    while batch := following(held, after=seen[-1], limit=limit):
        assert len(batch) <= limit
        seen += batch
    assert seen[1:] == ids


def _queued(make: Factory, number: int) -> int:
    members = [make.member() for _ in range(number)]
    for member in members:
        make.affiliate(make.user(), member)
    ids = [member.id for member in members]
    staff = make.actor(make.staff(Role.OPERATOR), Role.OPERATOR)
    return run(
        lambda session: jobs.queue_job(session, JobKind.CONFIRM_REQUEST, ids, conditions="", actor=staff, now=NOW).id
    )


def _job(job_id: int) -> Job:
    db.session.expunge_all()
    db.session.rollback()
    job = db.session.get(Job, job_id)
    assert job is not None
    return job


def _mails() -> int:
    return db.session.scalar(select(func.count()).select_from(OutboxMail)) or 0


def test_an_empty_set_is_refused(make: Factory) -> None:
    actor = make.actor(make.staff(Role.OPERATOR), Role.OPERATOR)
    with refused("no_rows"):
        run(jobs.queue_job, JobKind.MAIL_RESEND, [], conditions="", actor=actor, now=NOW)


def test_another_worker_goes_on_when_the_lease_is_over(make: Factory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "BATCH", 2)
    job_id = _queued(make, 5)
    assert run(jobs.claim, now=NOW) == job_id
    assert run(jobs.work_batch, job_id, now=NOW) is True
    assert run(jobs.claim, now=NOW + timedelta(minutes=1)) is None, "the lease holds"
    later = NOW + timedelta(minutes=3)
    assert run(jobs.claim, now=later) == job_id
    assert (_job(job_id).progress, _mails()) == (2, 2)
    assert run(jobs.work_batch, job_id, now=later) is True
    assert run(jobs.work_batch, job_id, now=later) is False
    assert run(jobs.work_batch, job_id, now=later) is False, "a worker that comes back finds it done"
    assert (_job(job_id).state, _job(job_id).done, _mails()) == (JobState.DONE, 5, 5)


def test_a_batch_that_fails_writes_nothing_and_is_tried_again(
    make: Factory, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(jobs, "BATCH", 2)
    job_id = _queued(make, 3)

    def broken(*_args: object, **_kwargs: object) -> int:
        raise RuntimeError

    tell = jobs.tell_member
    monkeypatch.setattr(jobs, "tell_member", broken)
    worker.work_jobs()
    assert (_job(job_id).state, _job(job_id).attempts, _job(job_id).progress) == (JobState.WAITING, 1, 0)
    monkeypatch.setattr(jobs, "tell_member", tell)
    worker.work_jobs()
    assert (_job(job_id).state, _job(job_id).done, _mails()) == (JobState.DONE, 3, 3)


def test_a_job_that_never_works_stops(
    make: Factory, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    job_id = _queued(make, 1)

    def broken(*_args: object, **_kwargs: object) -> int:
        raise RuntimeError

    monkeypatch.setattr(jobs, "tell_member", broken)
    for _ in range(jobs.MOST_ATTEMPTS + 1):
        worker.work_jobs()
    assert (_job(job_id).state, _job(job_id).last_error) == (JobState.FAILED, "RuntimeError")


def test_a_long_job_lets_other_work_have_its_turn(make: Factory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "BATCH", 1)
    monkeypatch.setattr(worker, "BATCHES", 2)
    job_id = _queued(make, 5)
    seen = []
    for _ in range(3):
        worker.work_jobs()
        seen.append(_job(job_id).progress)
    assert seen == [2, 4, 5]
