"""合併・承継: the successor takes over licences, the member that is gone is closed with its successor's name."""

from datetime import date

from sqlalchemy.orm import Session

from occto.domain.changes import ItemChange
from occto.domain.codes import EndReason
from occto.domain.errors import NotFound, Refusal
from occto.models import LicenceHeld, Member, RegisterChange
from occto.services import register


def enter(session: Session, change: RegisterChange, member: Member, item: ItemChange) -> None:
    """End each licence named on the day of succession and give it to the successor.

    Where none is left the membership ends on that day, and only then is the member closed with its successor's name
    (`register.bring_up_to_date`): until that day the register reads as if nothing had happened.

    `item.new` has successor_id, licences (row numbers) and effective_on. A category that the successor holds already
    goes on as it is; where its own is to end, the one that passes goes on from that day. The contract of use passes
    only with the written consent of OCCTO (利用規約 5.2), which is recorded apart. Refusals: not_found,
    self_succession, successor_left (no licence on that day or later), those of licences.
    """
    successor = session.get(Member, int(item.new["successor_id"]), with_for_update={"key_share": True})
    if successor is None:
        raise NotFound("承継する会員が見つかりません。先に、その会社を会員として登録してください。")
    if successor.id == member.id:
        raise Refusal("self_succession", "承継する会員には、別の会員を指定してください。", field="successor")
    day: date = item.effective_on
    if not register.has_licence_after(session, member_id=successor.id, day=day):
        raise Refusal(
            "successor_left",
            f"{successor.current_name}は、承継の日に会員ではありません。承継する会社が会員になってから入力してください。",
            field="successor_id",
        )
    for licence_id in item.new["licences"]:
        fact = register.live_licence(session, member_id=member.id, licence_id=int(licence_id))
        held = session.get(LicenceHeld, fact.licence_id)
        assert held is not None
        number, category = fact.number, held.category
        register.end_licence(
            session, change, member_id=member.id, licence_id=held.id, ended_on=day, reason=EndReason.SUCCESSION
        )
        begin = register.first_day_without(session, member_id=successor.id, category=category, day=day)
        if begin is not None:
            register.add_licence(
                session,
                change,
                member_id=successor.id,
                category=category,
                number=number,
                effective_on=begin,
                continues_id=held.id,
            )
    register.check_categories(session, member.id)
    register.check_categories(session, successor.id)
    session.flush()
