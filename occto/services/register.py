"""会員の登録: numbered changes that enter facts. Every write locks `register_head`, so numbers commit in order."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from occto.domain.codes import ACT_OF, ActStatus, ChangeSource, ControlBasis, Holding, Licence, MemberState, Relation
from occto.domain.control import check_new_parent, two_parents
from occto.domain.dates import today_jst
from occto.domain.errors import Refusal
from occto.domain.profile import profile_items
from occto.domain.text import search_key
from occto.models import (
    Body,
    ControlFact,
    LicenceFact,
    LicenceHeld,
    Member,
    ProfileFact,
    RegisterChange,
    RegisterHead,
    RosterFact,
)


def begin_change(
    session: Session,
    *,
    source_kind: ChangeSource,
    source_id: int | None,
    actor_id: int | None,
    second_actor_id: int | None,
    now: datetime,
) -> RegisterChange:
    """Lock the head and take the next number of change."""
    head = session.get(RegisterHead, 1, with_for_update=True)
    assert head is not None, "register_head is made by the migrations"
    head.last_change_id += 1
    change = RegisterChange(
        id=head.last_change_id,
        at=now,
        source_kind=source_kind,
        source_id=source_id,
        actor_id=actor_id,
        second_actor_id=second_actor_id,
    )
    session.add(change)
    session.flush()
    return change


def body_for(session: Session, *, name: str, corporate_number: str | None) -> Body:
    """The company with this corporate number, made where it is new; without a number always a company of its own."""
    if corporate_number:
        found = session.scalar(select(Body).where(Body.corporate_number == corporate_number))
        if found is not None:
            return found
    body = Body(name=name, corporate_number=corporate_number)
    session.add(body)
    session.flush()
    return body


def admit_member(
    session: Session,
    change: RegisterChange,
    *,
    profile: Mapping[str, Any],
    operator_code: str,
    member_on: date,
    roster_no: int,
    now: datetime,
) -> Member:
    """Enter a new member with its dated profile and roster number; licences and relations follow.

    Refusal already_member where the corporate number is a member's: a further licence is a change request.
    """
    body = body_for(session, name=profile["name"], corporate_number=profile["corporate_number"])
    if session.scalar(select(Member.id).where(Member.body_id == body.id)):
        raise Refusal(
            "already_member", "この法人番号の会社は、すでに会員です。区分の追加は変更申請としてお取り扱いください。"
        )
    body.name = profile["name"]
    member = Member(
        body_id=body.id,
        operator_code=operator_code,
        current_name=profile["name"],
        current_kana=profile["kana"],
        name_key=search_key(profile["name"]),
        kana_key=search_key(profile["kana"]),
        current_licences="",
        current_state=MemberState.COMING,
    )
    session.add(member)
    session.flush()
    values = {**profile, "member_on": member_on.isoformat()}
    for item in profile_items():
        if values.get(item.key) not in (None, ""):
            session.add(
                ProfileFact(
                    member_id=member.id,
                    item=item.key,
                    value=values[item.key],
                    effective_on=member_on,
                    entered_id=change.id,
                )
            )
    session.add(RosterFact(member_id=member.id, roster_no=roster_no, effective_on=member_on, entered_id=change.id))
    session.flush()
    refresh_current(session, [member.id], today=today_jst(now))
    return member


def enter_licences(
    session: Session, change: RegisterChange, member: Member, *, acts: Mapping[str, Mapping[str, Any]], now: datetime
) -> int:
    """Enter the licences whose METI act is stated, effective on the act's date; return how many."""
    entered = 0
    for category in Licence:
        act = acts.get(category.value)
        if act is None or act["status"] != ActStatus.ACT:
            continue
        held = LicenceHeld(member_id=member.id, category=category)
        session.add(held)
        session.flush()
        session.add(
            LicenceFact(
                licence_id=held.id,
                act=ACT_OF[category],
                number=act.get("number"),
                effective_on=date.fromisoformat(act["effective_on"]),
                document_id=act.get("attachment_id"),
                entered_id=change.id,
            )
        )
        entered += 1
    session.flush()
    refresh_current(session, [member.id], today=today_jst(now))
    return entered


def enter_relations(
    session: Session, change: RegisterChange, member: Member, *, rows: Iterable[Mapping[str, Any]], default_on: date
) -> None:
    """Enter control relations as declared; a parent known by name only keeps its name and is never matched.

    Not entered: a relation that the other company has declared already, and one that was over before `default_on`
    without a day on which it began. Refusals of `check_new_parent`, asked of the days on which the relation lasts.
    """
    tree = _Parents(session, {default_on, today_jst(change.at)})
    for row in rows:
        effective_on = date.fromisoformat(row["acquired_on"]) if row.get("acquired_on") else default_on
        ended_on = date.fromisoformat(row["ended_on"]) if row.get("ended_on") else None
        if ended_on is not None and ended_on <= effective_on:
            continue
        other = _other_body(session, row)
        other_id = other.id if other else None
        is_parent = row["relation"] == Relation.PARENT
        child_id, parent_id = (member.body_id, other_id) if is_parent else (other_id or 0, member.body_id)
        controlling = bool(row["controlling"])
        if controlling and not tree.admit(child_id, parent_id, effective_on=effective_on, ended_on=ended_on):
            continue
        session.add(
            ControlFact(
                relation_no=_next_relation_no(session),
                child_body_id=child_id,
                parent_body_id=parent_id,
                parent_name=row["name"] if parent_id is None else None,
                controlling=controlling,
                basis=ControlBasis(row["basis"]) if row.get("basis") else None,
                holding=Holding(row["holding"]) if row.get("holding") else None,
                ratio_bp=row.get("ratio_bp"),
                effective_on=effective_on,
                ended_on=ended_on,
                entered_id=change.id,
            )
        )
        session.flush()


class _Parents:
    """Who controls whom, asked while relations are entered: on the day each begins, and on `days` that it lasts to."""

    def __init__(self, session: Session, days: set[date]) -> None:
        self._session, self._days = session, days
        self._known: dict[date, dict[int, int]] = {}

    def admit(self, child: int, parent: int | None, *, effective_on: date, ended_on: date | None) -> bool:
        """Whether the relation is new; False where it is on record. Refusals of `check_new_parent`, for a time that overlaps."""
        overlapping = select(ControlFact.parent_body_id).where(
            ControlFact.child_body_id == child,
            ControlFact.controlling,
            ControlFact.voided_id.is_(None),
            ControlFact.effective_on < (ended_on or date.max),
            or_(ControlFact.ended_on.is_(None), ControlFact.ended_on > effective_on),
        )
        others = set(self._session.scalars(overlapping))
        if parent is not None and others == {parent}:
            return False
        if others:  # a parent known by name only counts: nobody has two at once
            raise two_parents()
        if parent is None:
            return True
        for day in {effective_on} | {day for day in self._days if effective_on <= day < (ended_on or date.max)}:
            if day not in self._known:
                self._known[day] = live_parents(self._session, day=day)
            check_new_parent(self._known[day], child=child, parent=parent)
        for day, parents in self._known.items():
            if effective_on <= day < (ended_on or date.max):
                parents[child] = parent
        return True


def _other_body(session: Session, row: Mapping[str, Any]) -> Body | None:
    """The other company; a parent without a number stays a name (never matched), a subsidiary becomes a body."""
    if row["relation"] == Relation.PARENT and not row.get("corporate_number"):
        return None
    return body_for(session, name=row["name"], corporate_number=row.get("corporate_number"))


def _next_relation_no(session: Session) -> int:
    return (session.scalar(select(func.max(ControlFact.relation_no))) or 0) + 1


def live_parents(session: Session, *, day: date) -> dict[int, int]:
    """Each body's controlling parent as of the end of `day`, companies known by name only left out."""
    rows = session.execute(
        select(ControlFact.child_body_id, ControlFact.parent_body_id).where(
            ControlFact.voided_id.is_(None),
            ControlFact.controlling,
            ControlFact.parent_body_id.is_not(None),
            ControlFact.effective_on <= day,
            or_(ControlFact.ended_on.is_(None), ControlFact.ended_on > day),
        )
    )
    return {row.child_body_id: row.parent_body_id for row in rows}


_CURRENT_ITEMS = ("name", "kana", "member_on")


def refresh_current(session: Session, member_ids: Iterable[int], *, today: date) -> int:
    """Rebuild `members.current_*` from the facts as of `today`, for these members; return how many rows differed."""
    changed = 0
    for member_id in member_ids:
        member = session.get(Member, member_id)
        if member is not None:
            changed += _refresh_one(session, member, today=today)
    session.flush()
    return changed


def _refresh_one(session: Session, member: Member, *, today: date) -> bool:
    facts = session.execute(
        select(ProfileFact.item, ProfileFact.value, ProfileFact.effective_on)
        .where(
            ProfileFact.member_id == member.id, ProfileFact.voided_id.is_(None), ProfileFact.item.in_(_CURRENT_ITEMS)
        )
        .order_by(ProfileFact.effective_on)
    ).all()
    values = {fact.item: fact.value for fact in facts if fact.effective_on <= today}
    for fact in facts:  # a member to come has no fact in force yet: its first one names it
        values.setdefault(fact.item, fact.value)
    licences = session.execute(
        select(LicenceHeld.category, LicenceFact.effective_on, LicenceFact.ended_on)
        .join(LicenceFact, LicenceFact.licence_id == LicenceHeld.id)
        .where(LicenceHeld.member_id == member.id, LicenceFact.voided_id.is_(None))
    ).all()
    in_force = {
        row.category for row in licences if row.effective_on <= today and (row.ended_on is None or row.ended_on > today)
    }
    to_come = any(row.effective_on > today for row in licences)
    member_on = date.fromisoformat(values["member_on"]) if values.get("member_on") else None
    begun = member_on is not None and member_on <= today
    new = {
        "current_name": values.get("name", member.current_name),
        "current_kana": values.get("kana", member.current_kana),
        "name_key": search_key(values.get("name", member.current_name)),
        "kana_key": search_key(values.get("kana", member.current_kana)),
        "current_licences": ",".join(licence.value for licence in Licence if licence in in_force),
        "current_state": _state(in_force=bool(in_force), begun=begun, to_come=to_come or not begun),
        "current_member_on": member_on,
    }
    differs = any(getattr(member, key) != value for key, value in new.items())
    for key, value in new.items():
        setattr(member, key, value)
    return differs


def _state(*, in_force: bool, begun: bool, to_come: bool) -> MemberState:
    if in_force and begun:
        return MemberState.MEMBER
    return MemberState.COMING if to_come else MemberState.LEFT
