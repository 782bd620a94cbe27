"""一括処理: a confirmed set of rows, worked through in batches; each batch is one transaction with its place in the set.

Killed at any moment, a job goes on behind the last batch that was committed, so that no row is dealt with twice.
"""

from collections.abc import Callable
from datetime import datetime, timedelta

from sqlalchemy import and_, exists, or_, select
from sqlalchemy.orm import Session

from occto.domain.actor import Actor
from occto.domain.codes import MemberState
from occto.domain.errors import Refusal
from occto.domain.jobs import BATCH, JobKind, JobState, Outcome, following, ranges
from occto.models import ContractOfUse, Job, JobLeftover, Member
from occto.services import audit, invitations, outbox
from occto.services.notices import tell_member

LEASE = timedelta(minutes=2)
MOST_ATTEMPTS = 5
Leftovers = dict[int, Outcome]


def queue_job(
    session: Session, kind: JobKind, row_ids: list[int], *, conditions: str, actor: Actor, now: datetime
) -> Job:
    """Queue the act for these rows, ascending, as confirmed by `actor`. Refusal no_rows where there is none."""
    if not row_ids:
        raise Refusal("no_rows", "あてはまるものがありません。条件を変えてお試しください。")
    assert actor.user_id is not None, "a person confirms a job"
    job = Job(
        kind=kind,
        conditions=conditions[:500],
        rows=ranges(row_ids),
        total=len(row_ids),
        requested_by_id=actor.user_id,
        requested_at=now,
    )
    session.add(job)
    session.flush()
    audit.record(
        session,
        "job.queued",
        subject=f"JOB:{job.id}",
        actor=actor,
        now=now,
        detail={"kind": kind, "conditions": job.conditions, "count": job.total},
    )
    return job


def claim(session: Session, *, now: datetime) -> int | None:
    """Lease the oldest job that waits, or whose worker died; None where there is none."""
    abandoned = and_(Job.state == JobState.RUNNING, Job.lease_until <= now)
    job = session.scalar(
        select(Job)
        .where(or_(Job.state == JobState.WAITING, abandoned))
        .order_by(Job.id)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    if job is None:
        return None
    job.state, job.lease_until = JobState.RUNNING, now + LEASE
    session.flush()
    return job.id


def work_batch(session: Session, job_id: int, *, now: datetime) -> bool:
    """Deal with the next rows of a leased job; whether more are left."""
    job = session.get(Job, job_id, with_for_update=True)
    if job is None or job.state is not JobState.RUNNING:
        return False
    row_ids = following(job.rows, after=job.last_id, limit=BATCH)
    if row_ids:
        leftovers = _ACTS[job.kind](session, job, row_ids, now)
        session.add_all(JobLeftover(job_id=job.id, row_id=row, outcome=why) for row, why in leftovers.items())
        job.progress, job.last_id = job.progress + len(row_ids), row_ids[-1]
        job.done += len(row_ids) - len(leftovers)
    job.attempts, job.lease_until = 0, now + LEASE
    more = job.progress < job.total
    if not more:
        _finish(session, job, JobState.DONE, now=now)
    session.flush()
    return more


def pause(session: Session, job_id: int) -> None:
    """Give the lease back between two rounds, so that other work has its turn."""
    job = session.get(Job, job_id, with_for_update=True)
    if job is not None and job.state is JobState.RUNNING:
        job.state, job.lease_until = JobState.WAITING, None
        session.flush()


def note_failure(session: Session, job_id: int, *, error: str, now: datetime) -> None:
    """A batch failed and nothing of it was written: it is tried again, and after MOST_ATTEMPTS the job stops."""
    job = session.get(Job, job_id, with_for_update=True)
    if job is None or job.state is not JobState.RUNNING:
        return
    job.attempts, job.last_error = job.attempts + 1, error[:500]
    if job.attempts >= MOST_ATTEMPTS:
        _finish(session, job, JobState.FAILED, now=now)
    else:
        job.state, job.lease_until = JobState.WAITING, None
    session.flush()


def _finish(session: Session, job: Job, state: JobState, *, now: datetime) -> None:
    job.state, job.lease_until, job.finished_at = state, None, now
    audit.record(
        session,
        "job.finished",
        subject=f"JOB:{job.id}",
        actor=_actor(job),
        now=now,
        detail={"kind": job.kind, "state": state, "count": job.progress, "done": job.done},
    )


def _actor(job: Job) -> Actor:
    """Whoever confirmed the job is the one who acts."""
    return Actor(user_id=job.requested_by_id, request_id=f"job-{job.id}")


def _ask_to_confirm(session: Session, job: Job, row_ids: list[int], now: datetime) -> Leftovers:
    """Ask members whether what is on record is right; those without a contract of use are asked by post."""
    contract = exists().where(ContractOfUse.member_id == Member.id, ContractOfUse.ended_at.is_(None))
    members = session.execute(
        select(Member.id, Member.current_name, Member.current_state, contract.label("under_contract"))
        .where(Member.id.in_(row_ids))
        .order_by(Member.id)
    )
    left: Leftovers = {}
    for member in members:
        if member.current_state is MemberState.LEFT:
            left[member.id] = Outcome.LEFT
        elif not member.under_contract:
            left[member.id] = Outcome.PAPER
        elif not tell_member(
            session,
            member.id,
            "member/confirm_request",
            company=member.current_name,
            dedupe_key=f"job:{job.id}:{member.id}",
            now=now,
        ):
            left[member.id] = Outcome.NO_ADDRESS
    return left


def _send_again(session: Session, job: Job, row_ids: list[int], now: datetime) -> Leftovers:
    """Put mails that did not arrive back into the queue; those that moved on meanwhile stay as they are."""
    left: Leftovers = {}
    for mail_id in row_ids:
        try:
            outbox.send_again(session, mail_id, now=now)
        except Refusal:
            left[mail_id] = Outcome.CHANGED
            continue
        audit.record(
            session,
            "mail.queued_again",
            subject=f"MAIL:{mail_id}",
            actor=_actor(job),
            now=now,
            detail={"outbox_id": mail_id},
        )
    return left


def _invite(session: Session, job: Job, row_ids: list[int], now: datetime) -> Leftovers:
    """Invite administrators, the rows being affiliations; those who need no invitation stay as they are."""
    told = {row: invitations.invite(session, row, actor=_actor(job), now=now) for row in row_ids}
    return {row: why for row, why in told.items() if why is not None}


_ACTS: dict[JobKind, Callable[[Session, Job, list[int], datetime], Leftovers]] = {
    JobKind.CONFIRM_REQUEST: _ask_to_confirm,
    JobKind.MAIL_RESEND: _send_again,
    JobKind.INVITE: _invite,
}
