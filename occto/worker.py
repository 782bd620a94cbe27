"""The worker: mail, sealing of the audit trail, hashes of kits, daily work. One loop, stopped by a signal between two acts."""

import logging
import signal
import threading
from collections.abc import Callable
from datetime import datetime, timedelta

from flask import Flask

from occto import clock, signing, vault
from occto.delivery import deliver_due
from occto.domain.dates import end_of_day_exclusive, today_jst
from occto.domain.errors import NotFound
from occto.extensions import db
from occto.kit import files_of, hash_of
from occto.loading import work_imports
from occto.queries import tickets
from occto.queries.assemblies import due_to_close
from occto.queries.kit import kit_facts, kits_to_note
from occto.services import assemblies, audit, certificates, freezing, jobs, kits, rebuild, search
from occto.services.joining import lapse
from occto.services.mandates import daily as mandates
from occto.services.tickets import issuing
from occto.unit_of_work import run

log = logging.getLogger("occto.worker")
PAUSE = 1.0  # seconds between two rounds
DAILY_EVERY = timedelta(hours=1)  # the daily work may run any number of times
HEAD_EVERY = timedelta(hours=24)
TICKETS_EVERY = timedelta(seconds=5)  # whoever has just replied looks for its ticket
KITS_EVERY = timedelta(seconds=5)  # whoever has just fixed the result waits for its hash
KITS_AGAIN = timedelta(minutes=1)  # one that could not be drawn takes seconds of every round
DRAFTS_EVERY = timedelta(minutes=1)  # members see their votes by the draft: a 届出 just consented to belongs in it


def seal_all() -> int:
    """Seal every event that waits; return how many."""
    sealed = 0
    while count := run(audit.seal, now=clock.now()):
        sealed += count
    return sealed


def run_daily() -> lapse.DailyWork:
    """Reminders, drafts whose time is over, drafts of votes, memberships whose day has come, certificates that are missing.

    Each case is an act of its own: one that fails does not stop the others.
    """
    now = clock.now()
    reminded = sum(_each(lapse.remind, lapse.running_cases(db.session()), now=now))
    idle = lapse.idle_drafts(db.session(), now=now)
    drafts_reminded = sum(_each(lapse.remind_of_draft, idle, now=now))
    removed = sum(_each(lapse.remove_draft, idle, now=now))
    _each(mandates.look_after, mandates.running(db.session()), now=now)
    close_assemblies()
    keep_drafts()
    run(rebuild.rebuild_due, now=now)
    while run(search.fill_missing, limit=500, today=today_jst(now)):
        pass
    while run(certificates.issue_missing, limit=500, now=now):
        pass
    return lapse.DailyWork(reminded=reminded, drafts_reminded=drafts_reminded, drafts_removed=removed)


def close_assemblies() -> int:
    """Close the replies of every assembly whose deadline has come; return how many."""
    now = clock.now()
    return sum(_each(assemblies.close_when_due, due_to_close(db.session(), now=now), now=now))


def keep_drafts() -> int:
    """Keep a draft of the votes of every assembly where they have changed; return of how many. Cheap where nothing has."""
    return sum(_each(freezing.keep_draft_if_changed, freezing.counting(db.session()), now=clock.now()))


def keep_tickets() -> int:
    """Issue and revoke 受付票 where the replies have changed; return of how many members. Cheap where nothing has."""
    done = 0
    for assembly_id in tickets.issuing(db.session()):
        while count := run(issuing.keep_tickets, assembly_id, sign=vault.derived, now=clock.now()):
            done += count
    return done


def note_kits() -> int:
    """Note what the 再計算キット of every result that has just been fixed is known by; return how many. Cheap where none has.

    One that cannot be drawn does not stop the others; its fault is raised at the end.
    """
    noted, faults = 0, []
    for assembly_id in kits_to_note(db.session()):
        try:
            noted += _note_kit(assembly_id)
        except Exception as fault:
            log.exception("the kit of assembly %s cannot be drawn", assembly_id)
            faults.append(fault)
    if faults:
        raise faults[0]
    return noted


def _note_kit(assembly_id: int) -> bool:
    """The kit is drawn outside the unit of work; whatever became of the result meanwhile is seen by the verb."""
    try:
        facts = kit_facts(db.session(), assembly_id)
    except NotFound:  # being corrected by now
        return False
    no, sha256 = facts.fixed.no, hash_of(files_of(facts))
    return run(kits.note_kit, assembly_id, no=no, sha256=sha256, now=clock.now())


def _each(verb: Callable[..., bool], ids: list[int], *, now: datetime) -> list[bool]:
    done = []
    for case_id in ids:
        try:
            done.append(run(verb, case_id, now=now))
        except Exception:
            log.exception("daily work on case %s failed", case_id)
    return done


def work(app: Flask) -> None:
    """Run until SIGTERM or SIGINT."""
    stop = threading.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: stop.set())
    due = dict.fromkeys(("daily", "head", "drafts", "tickets", "kits"), clock.now())
    log.info("worker started")
    with app.app_context():
        _guarded("signing key", lambda: signing.ensure_key(now=clock.now()))
    while not stop.is_set():
        with app.app_context():
            _round(due)
        stop.wait(PAUSE)
    log.info("worker stopped")


BATCHES = 5
"""So many batches of a job in one round: mail and sealing have their turn in between."""


def work_jobs() -> None:
    """Go on with the oldest job for a while."""
    job_id = run(jobs.claim, now=clock.now())
    if job_id is None:
        return
    try:
        for _ in range(BATCHES):
            if not run(jobs.work_batch, job_id, now=clock.now()):
                return
        run(jobs.pause, job_id)
    except Exception as error:
        log.exception("a batch of job %s failed", job_id)
        run(jobs.note_failure, job_id, error=type(error).__name__, now=clock.now())


def _round(due: dict[str, datetime]) -> None:
    now = clock.now()
    _guarded("sealing", seal_all)
    _guarded("mail", lambda: deliver_due(limit=50))
    _guarded("jobs", work_jobs)
    _guarded("imports", work_imports)
    _guarded("deadlines", close_assemblies)
    if now >= due["tickets"]:
        due["tickets"] = now + TICKETS_EVERY
        _guarded("tickets", keep_tickets)
    if now >= due["kits"]:
        due["kits"] = now + KITS_EVERY if _guarded("kits", note_kits) else now + KITS_AGAIN
    if now >= due["drafts"]:
        due["drafts"] = now + DRAFTS_EVERY
        _guarded("drafts of votes", keep_drafts)
    if now >= due["daily"]:
        due["daily"] = next_daily(now)
        _guarded("daily work", run_daily)
    if now >= due["head"]:
        due["head"] = now + HEAD_EVERY
        _guarded("chain head", _log_head)


def next_daily(now: datetime) -> datetime:
    """When the daily work is due again: in an hour, and at once when the day turns in Japan."""
    return min(now + DAILY_EVERY, end_of_day_exclusive(today_jst(now)))


def _guarded(name: str, act: Callable[[], object]) -> bool:
    """A fault in one kind of work is logged and leaves the others running; whether there was none."""
    try:
        act()
    except Exception:
        log.exception("%s failed", name)
        return False
    else:
        return True
    finally:
        db.session.remove()


def _log_head() -> None:
    """Once a day the head of the chain goes into the log, which is kept elsewhere: a rewritten chain then shows."""
    position, head = audit.head(db.session())
    log.info("audit chain head position=%s hash=%s", position, head)
