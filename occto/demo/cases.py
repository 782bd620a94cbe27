"""Cases of joining and change requests in every state, all acts in the order of time, so that trail and mails are real."""

import heapq
from collections.abc import Callable
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from occto.delivery import MASK, fill
from occto.demo import plays as p
from occto.demo import requests, waiting
from occto.demo.accounts import ACCOUNTS
from occto.demo.applicant import Applicant
from occto.demo.plays import Acting, World
from occto.demo.rows import Scene
from occto.domain.actor import Actor
from occto.domain.codes import MailState, UserKind
from occto.domain.joining import Stage
from occto.domain.mails import MAILS, MailedLink
from occto.domain.permissions import Role, permissions_of
from occto.labels import label
from occto.models import OutboxMail
from occto.pages import site
from occto.services.outbox import BACK_OFF

_SPREAD, _FAMILY_ROUNDS = 8, 3
Play = Callable[[World, Applicant, int], Acting]
_APPROVALS: tuple[tuple[Play, int, int], ...] = (
    (p.approved, 60, 14), (p.approved, 45, 11), (p.approved_late, 52, 12), (p.approved_in_family, 48, 2), (p.approved, 24, 17),
)  # fmt: skip
_OTHERS: tuple[tuple[Play, int, int], ...] = (
    (p.draft, 5, 14), (p.filled, 12, 11), (p.draft, 80, 2), (p.removed, 130, 14), (p.submitted, 2, 14), (p.submitted, 9, 13),
    (p.submitted_again, 11, 17), (p.on_paper, 4, 12), (p.submitted, 3, 14), (p.taken, 7, 11), (p.held, 10, 14), (p.returned, 15, 12),
    (p.accepted, 40, 14), (p.coded, 90, 13), (p.accepted, 400, 11), (p.returned, 390, 14), (p.extended, 420, 2), (p.main_begun, 70, 17),
    (p.carried, 380, 14), (p.main_sent, 23, 2), (p.main_late, 24, 12), (p.checked, 26, 14), (p.checked_late, 28, 13),
    (p.main_on_paper, 30, 12), (p.main_returned, 33, 17), (p.main_pending, 35, 11), (p.main_held, 29, 14), (p.withdrawn, 18, 2),
    (p.lapsed, 410, 14), (p.not_qualified, 150, 17),
)  # fmt: skip
"""Each case with the days since its submission and the place in a block of its company."""
_CONTRACTED: tuple[tuple[Play, int, int], ...] = ((p.unconfirmed, 6, 14), (p.submitted, 1, 11))


def approvals(rounds: int) -> int:
    """How many members come into being by approved applications."""
    return rounds * len(_APPROVALS)


def act_out(session: Session, scene: Scene, *, rounds: int, now: datetime) -> int:
    """Play every case of joining `rounds` times and every change request; returns how many cases of joining there are."""
    logins = [account for account in ACCOUNTS if account.kind is UserKind.STAFF]
    staff = {
        account.login.partition("@")[0]: Actor(
            user_id=number, request_id="demo", address="192.0.2.2", permissions=permissions_of((Role(account.role),))
        )
        for number, account in enumerate(logins, 1)
    }
    world = World(session, scene, now, staff)
    number = 0
    acts: list[tuple[datetime, int, Acting]] = []
    for turn in range(rounds):
        for plays, contractor in ((_APPROVALS, False), (_OTHERS, False), (_CONTRACTED, True)):
            for play, days, position in plays:
                applicant = world.applicant(number, position, contractor=contractor)
                acting = (_plain(play, turn))(world, applicant, days + (turn % _SPREAD if days > 5 else 0))
                acts.append((next(acting), number, acting))
                number += 1
    stories = (*requests.stories(world), *waiting.stories(world))
    acts += [(next(acting), number + place, acting) for place, acting in enumerate(stories)]
    heapq.heapify(acts)
    while acts:
        _at, turn_no, acting = heapq.heappop(acts)
        following = next(acting, None)
        session.flush()
        if following is not None:
            heapq.heappush(acts, (following, turn_no, acting))
    _deliver(session, now=now)
    return number


def _plain(play: Play, turn: int) -> Play:
    """The family of the first company stays one that can be looked over: later rounds join it no more."""
    return p.approved if play is p.approved_in_family and turn >= _FAMILY_ROUNDS else play


def _deliver(session: Session, *, now: datetime) -> None:
    """The mails of the past have long been sent, but for one that failed; the newest notice of an ID is still to go."""
    session.flush()
    newest = session.scalar(select(func.max(OutboxMail.id)).where(OutboxMail.template == "account/invited"))
    failed = session.scalar(select(func.min(OutboxMail.id)).where(OutboxMail.template == "join/returned"))
    for mail in session.scalars(
        select(OutboxMail).where(OutboxMail.state == MailState.PENDING).order_by(OutboxMail.id)
    ):
        if mail.id == newest:
            mail.next_at = now
            continue
        mail.subject, mail.body_masked = _as_sent(mail)
        mail.attempts = 1
        if mail.id == failed:
            mail.state, mail.attempts = MailState.FAILED, len(BACK_OFF) + 1
            mail.last_error = "451 4.3.0 Mailbox unavailable, try again later"
        else:
            mail.state, mail.sent_at = MailState.SENT, mail.queued_at
    session.flush()


def _as_sent(mail: OutboxMail) -> tuple[str, str]:
    """Subject and body as the worker would have sent them, with the link masked."""
    carried = MAILS[mail.template]
    values = {**mail.params, "site": site(), "to_address": mail.to_address, "link": MASK if carried else ""}
    values["hours"] = carried.hours if isinstance(carried, MailedLink) else 0
    if "stage" in mail.params:
        values["stage_label"] = label(Stage(mail.params["stage"]))
    return fill(mail.template, values)
