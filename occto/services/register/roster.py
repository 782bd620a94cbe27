"""名簿番号: explicit and unique; a list of new numbers voids all it replaces first, then enters all."""

from collections.abc import Mapping
from datetime import date

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from occto.domain.errors import Refusal
from occto.models import RegisterChange, RosterFact


def renumber(session: Session, change: RegisterChange, *, numbers: Mapping[int, int], effective_on: date) -> None:
    """Give each member (row number) its roster number from `effective_on` on; who has that number already keeps its fact.

    The facts that run are voided and entered again with their end, the new ones after them, so that no two members
    share a number on any day. Refusals: roster_taken, before_number (the running number began on a later day).
    """
    running = {
        fact.member_id: fact
        for fact in session.scalars(
            select(RosterFact).where(
                RosterFact.member_id.in_(list(numbers)), RosterFact.voided_id.is_(None), RosterFact.ended_on.is_(None)
            )
        )
    }
    new = {
        member_id: number
        for member_id, number in numbers.items()
        if member_id not in running or running[member_id].roster_no != number
    }
    leaving = [running[member_id] for member_id in new if member_id in running]
    for fact in leaving:
        if fact.effective_on > effective_on:
            raise Refusal(
                "before_number",
                f"名簿番号 {fact.roster_no} は、指定の日より後に始まっています。有効になる日をお確かめください。",
                field="effective_on",
            )
        fact.voided_id = change.id
    session.flush()
    taken = set(
        session.scalars(
            select(RosterFact.roster_no).where(
                RosterFact.roster_no.in_(list(new.values())),
                RosterFact.voided_id.is_(None),
                or_(RosterFact.ended_on.is_(None), RosterFact.ended_on > effective_on),
            )
        )
    )
    if taken or len(set(numbers.values())) < len(numbers):
        listed = "、".join(str(number) for number in sorted(taken)[:5]) or "一覧の中の番号"
        raise Refusal("roster_taken", f"名簿番号が重なっています（{listed}）。番号をお確かめください。", field="rows")
    for fact in leaving:
        if fact.effective_on < effective_on:
            session.add(
                RosterFact(
                    member_id=fact.member_id,
                    roster_no=fact.roster_no,
                    effective_on=fact.effective_on,
                    ended_on=effective_on,
                    entered_id=change.id,
                )
            )
    session.add_all(
        RosterFact(member_id=member_id, roster_no=number, effective_on=effective_on, entered_id=change.id)
        for member_id, number in new.items()
    )
    session.flush()
