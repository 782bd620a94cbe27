"""What the fields of a notice say: of an assembly, and of the members on its frozen roll."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from occto.domain.assembly import title_of
from occto.domain.codes import MemberState
from occto.domain.errors import NotFound
from occto.domain.notice_texts import ItemTold, values_for_all, values_for_member
from occto.models import AgendaItem, Assembly, Member, Notice, SnapshotMember
from occto.queries.snapshots import frozen_of


@dataclass(frozen=True, slots=True)
class OnRoll:
    """A member to be notified, with its frozen votes; `votes` None before the freeze."""

    member_id: int
    name: str
    operator_code: str
    votes: int | None

    def values(self) -> dict[str, str]:
        values = values_for_member(name=self.name, operator_code=self.operator_code, votes=self.votes or 0)
        return values if self.votes is not None else values | {"議決権数": "（確定後に入ります）"}


def items_of(session: Session, assembly_id: int) -> list[AgendaItem]:
    """The items that are not withdrawn, in their order."""
    return list(
        session.scalars(
            select(AgendaItem)
            .where(AgendaItem.assembly_id == assembly_id, AgendaItem.withdrawn_at.is_(None))
            .order_by(AgendaItem.no)
        )
    )


def shared_values(session: Session, assembly: Assembly) -> dict[str, str]:
    """What the fields say to everybody, as things stand now."""
    items = items_of(session, assembly.id)
    return values_for_all(
        name=title_of(assembly),
        held_at=assembly.held_at,
        place=assembly.place,
        record_on=assembly.record_on,
        reply_until=assembly.reply_until,
        items=map(_told, items),
        added=[_told(one) for one in items if one.notified_at is None],
    )


def _told(item: AgendaItem) -> ItemTold:
    return ItemTold(item.no, item.kind, item.title)


def frozen_roll(session: Session, assembly_id: int, *, only: Sequence[int] | None = None) -> list[OnRoll]:
    """The members of the frozen roll in the order of the roster, under the names of today; none before the freeze.

    Those that have left meanwhile are passed over: their votes are void.
    """
    frozen = frozen_of(session, assembly_id)
    if frozen is None:
        return []
    query = (
        select(SnapshotMember.member_id, Member.current_name, Member.operator_code, SnapshotMember.votes)
        .join(Member, Member.id == SnapshotMember.member_id)
        .where(SnapshotMember.snapshot_id == frozen.id, Member.current_state != MemberState.LEFT)
        .order_by(SnapshotMember.roster_no, SnapshotMember.member_id)
    )
    if only is not None:
        query = query.where(SnapshotMember.member_id.in_(only))
    return [OnRoll(*row) for row in session.execute(query)]


def member_for_preview(session: Session, assembly_id: int, operator_code: str | None) -> OnRoll | None:
    """The member with this code, else the first of the frozen roll, else the first member on record."""
    query = select(Member)
    frozen = frozen_of(session, assembly_id)
    if operator_code:
        query = query.where(Member.operator_code == operator_code)
    elif frozen is not None:
        query = query.join(SnapshotMember, SnapshotMember.member_id == Member.id).where(
            SnapshotMember.snapshot_id == frozen.id
        )
        query = query.order_by(SnapshotMember.roster_no, SnapshotMember.member_id)
    member = session.scalar(query.order_by(Member.id).limit(1))
    if member is None:
        return None
    held = session.get(SnapshotMember, (frozen.id, member.id)) if frozen is not None else None
    votes = held.votes if held is not None else None if frozen is None else 0
    return OnRoll(member.id, member.current_name, member.operator_code, votes)


def text_of(session: Session, notice_id: int) -> tuple[int, str, str]:
    """Assembly, subject and body of a notice, the fields of recipients still in them."""
    notice = session.get(Notice, notice_id)
    if notice is None:
        raise NotFound
    return notice.assembly_id, notice.subject, notice.body
