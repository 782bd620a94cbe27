"""Notices for tests: an assembly that is ready to be notified, its texts, and mails that servers took or refused."""

from datetime import datetime
from typing import Any

from sqlalchemy import select

from occto.domain.actor import Actor
from occto.domain.assembly import AssemblyState
from occto.domain.convocation import NoticeKind
from occto.domain.notice_texts import BODIES, SUBJECTS
from occto.domain.permissions import Role
from occto.extensions import db
from occto.models import Assembly, Convocation, Member, Notice, OutboxMail, ProfileFact, Sending
from occto.services import outbox
from occto.services.convocation import sending, writing
from occto.services.convocation.queueing import Sent
from occto.unit_of_work import run
from tests import assembling
from tests.factories import NOW, Factory
from tests.registering import entering


def approver(make: Factory) -> Actor:
    return make.actor(make.staff(Role.APPROVER), Role.APPROVER)


def operator(make: Factory) -> Actor:
    return make.actor(make.staff(Role.OPERATOR), Role.OPERATOR)


def reached(make: Factory, *addresses: str, name: str | None = None, **changes: Any) -> Member:
    """A member with a 会員担当 at the first address and a 管理者 at each of the others."""
    member = make.member(name=name, **changes)
    first, *others = addresses
    with entering() as change:
        for item, value in (("member_contact_email", first), ("member_contact_name", "佐藤 美咲")):
            change.session.add(
                ProfileFact(
                    member_id=member.id,
                    item=item,
                    value=value,
                    effective_on=NOW.date().replace(year=2020),
                    entered_id=change.change.id,
                )
            )
    for address in others:
        make.affiliate(make.user(email=address), member)
    return member


def ready(make: Factory, state: AssemblyState = AssemblyState.FROZEN, **changes: Any) -> Assembly:
    """An assembly with votes frozen and an item that no notice has named."""
    held = assembling.assembly(make, state, **changes)
    assembling.item(held, 1)
    return held


def draft(held: Assembly, by: Actor, kind: NoticeKind = NoticeKind.NOTICE, **changes: Any) -> int:
    """A draft with the usual text."""
    values: dict[str, Any] = {"kind": kind, "subject": SUBJECTS[kind], "body": BODIES[kind]}
    return run(writing.create_notice, held.id, **(values | changes), actor=by, now=NOW)


def sent(held: Assembly, by: Actor, *, open_replies: bool = True, now: datetime = NOW) -> tuple[int, Sent]:
    """The notice, sent."""
    number = draft(held, by)
    return number, run(
        sending.send_notice, number, open_replies=open_replies, seen_version=1, seen_assembly=1, actor=by, now=now
    )


def mails(member: Member | None = None) -> list[OutboxMail]:
    db.session.rollback()
    query = select(OutboxMail).where(OutboxMail.template == writing.TEMPLATE).order_by(OutboxMail.id)
    return list(db.session.scalars(query.where(OutboxMail.member_id == member.id) if member else query))


def taken(mail: OutboxMail, *, now: datetime = NOW) -> None:
    """The receiving server takes the mail."""
    run(outbox.mark_sent, mail.id, subject="s", body_masked="b", now=now)


def bounced(mail: OutboxMail, *, now: datetime = NOW) -> None:
    """The receiving server refuses the mail for good."""
    run(outbox.mark_failed, mail.id, error="550 no such user", permanent=True, now=now)


def convocation(held: Assembly, member: Member) -> Convocation | None:
    db.session.expunge_all()
    db.session.rollback()
    return db.session.get(Convocation, (held.id, member.id))


def sendings(member: Member) -> list[Sending]:
    db.session.expunge_all()
    db.session.rollback()
    return list(db.session.scalars(select(Sending).where(Sending.member_id == member.id).order_by(Sending.id)))


def notice(number: int) -> Notice:
    db.session.expunge_all()
    db.session.rollback()
    return db.session.get_one(Notice, number)
