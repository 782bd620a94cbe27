"""What the member is told once somebody whom it was told of votes for it no longer."""

from collections.abc import Iterable
from datetime import datetime
from typing import Final

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from occto.domain.assembly import title_of
from occto.domain.dates import today_jst
from occto.models import AdmissionTicket, Assembly, CheckIn, Member, OutboxMail
from occto.queries.assembly_recipients import recipients
from occto.services import outbox
from occto.services.outbox import Letter

VOTER_ADMITTED: Final = "assemblies/voter_admitted"


def told_of(check_in_id: int) -> str:
    """How the keys of the mails begin that told of this check-in."""
    return f"voter_admitted:{check_in_id}:"


def tell_undone(session: Session, entry: CheckIn, *, set_aside_by: Iterable[int], restored: bool, now: datetime) -> int:
    """Take back what the member was told of this check-in, or of those by which its reply was set aside until now.

    `restored`: the reply stands again. How many mails; none where the member was told nothing.
    """
    keys = [OutboxMail.dedupe_key.startswith(told_of(one), autoescape=True) for one in {entry.id, *set_aside_by}]
    of_member = (OutboxMail.assembly_id == entry.assembly_id, OutboxMail.member_id == entry.member_id)
    told = select(OutboxMail.to_address, OutboxMail.user_id, OutboxMail.params)
    rows = session.execute(
        told.where(OutboxMail.template == VOTER_ADMITTED, *of_member, or_(*keys)).order_by(OutboxMail.id)
    ).all()
    if not rows or entry.member_id is None:
        return 0
    known = recipients(session, [entry.member_id], today=today_jst(now)).get(entry.member_id, [])
    names = {one.email: one.name for one in known}
    taken_back = next((row.params["taken_back"] for row in rows if row.params["taken_back"]), None)
    assembly = session.get_one(Assembly, entry.assembly_id)
    params = {
        "assembly_id": assembly.id,
        "assembly_title": title_of(assembly),
        "company": session.get_one(Member, entry.member_id).current_name,
        "voter": session.get_one(AdmissionTicket, entry.ticket_id).name,
        "at": now,
        "stands": taken_back if restored else None,
    }
    told_to = {row.to_address: row.user_id for row in rows}
    letters = [
        Letter(address, params | {"name": names.get(address, "ご担当者")}, entry.member_id, user_id)
        for address, user_id in told_to.items()
    ]
    outbox.queue_many(session, "assemblies/voter_undone", letters, assembly_id=assembly.id, now=now)
    return len(letters)
