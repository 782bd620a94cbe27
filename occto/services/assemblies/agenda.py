"""議案: added, changed, put in order, withdrawn; members without a vote on one (電気事業法 28条の37, 28条の39)."""

from datetime import datetime
from typing import Any, TypedDict, Unpack

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from occto.domain.actor import Actor
from occto.domain.agenda import Consent, ItemKind, check_title, requirements
from occto.domain.assembly import TOLD, TOLD_BEFORE_THE_DAY, AssemblyState
from occto.domain.convocation import last_lawful_day
from occto.domain.dates import JST, format_date, today_jst
from occto.domain.errors import NotFound, Refusal, Stale
from occto.domain.tally import Resolution
from occto.models import AgendaConflict, AgendaItem, Assembly, ItemDecision, Member
from occto.queries.snapshots import votes_of
from occto.services.assemblies.case import changed, given, locked, note, require_step
from occto.services.assemblies.telling import NOBODY, WITHDRAWN_MAIL, Told, tell_roll

MOST_ITEMS = 99
_ASIDE = 1_000
"""Numbers that no item has: items stand there while their order changes."""
_SHOWN = ("kind", "title", "summary", "majority", "consent", "rule_reason")


class ItemEntered(TypedDict):
    """What is entered of an item; `majority` and `consent` None: as usual for its kind."""

    kind: str
    title: str
    summary: str | None
    majority: str | None
    consent: str | None
    rule_reason: str | None


def add_item(
    session: Session,
    assembly_id: int,
    *,
    actor: Actor,
    now: datetime,
    **entered: Unpack[ItemEntered],
) -> int:
    """Add an item behind those on the agenda; returns its row number.

    After the notice it is not yet notified: an addendum has to follow before D-6. Refusals: not_allowed, not_found,
    illegal_step, too_late_to_notify, too_many_items, officer_one_person, report_not_decided, rule_reason_missing.
    """
    assembly = locked(session, assembly_id, step="agenda", seen_version=None, actor=actor)
    _require_time(assembly, now=now)
    last = session.scalar(select(func.max(AgendaItem.no)).where(AgendaItem.assembly_id == assembly.id)) or 0
    if last >= MOST_ITEMS:
        raise Refusal("too_many_items", f"1回の総会に登録できる議案は、取り下げたものを含めて{MOST_ITEMS}件までです。")
    values = _values(**entered)
    item = AgendaItem(assembly_id=assembly.id, no=last + 1, **values)
    session.add(item)
    session.flush()
    if assembly.state not in TOLD:
        _number(session, assembly.id)
    detail = {"item_id": item.id, "item_no": item.no} | _shown(item)
    note(session, assembly, "assembly.item_added", actor=actor, now=now, detail=detail)
    return item.id


def update_item(
    session: Session,
    item_id: int,
    *,
    seen_version: int,
    actor: Actor,
    now: datetime,
    **entered: Unpack[ItemEntered],
) -> None:
    """Change an item of which members have not been notified. Refusals: those of `add_item`, stale, item_withdrawn,
    item_notified.
    """
    assembly, item = _locked(session, item_id, step="agenda", seen_version=seen_version, actor=actor)
    if item.notified_at is not None:
        raise Refusal(
            "item_notified",
            "招集通知に載せた議案は変えられません。取り下げるか、新しい議案として追加してください（電気事業法 28条の37）。",
        )
    _require_time(assembly, now=now)
    values = _values(**entered)
    before = _shown(item)
    for name, value in values.items():
        setattr(item, name, value)
    detail = changed(before, _shown(item))
    if not detail:
        return
    item.version += 1
    if item.kind is ItemKind.REPORT:
        session.query(AgendaConflict).filter_by(item_id=item.id).delete()
    note(session, assembly, "assembly.item_changed", actor=actor, now=now, detail={"item_id": item.id} | detail)


def move_item(session: Session, item_id: int, *, up: bool, seen_version: int, actor: Actor, now: datetime) -> None:
    """Change places with the item before it (`up`) or behind it, until the notice.

    Refusals: not_allowed, not_found, stale, illegal_step, item_withdrawn, nowhere_to_move.
    """
    assembly, item = _locked(session, item_id, step="edit", seen_version=seen_version, actor=actor)
    standing = [one for one in _items(session, assembly.id) if one.withdrawn_at is None]
    place = standing.index(item)
    other = place - 1 if up else place + 1
    if not 0 <= other < len(standing):
        raise Refusal("nowhere_to_move", "この議案は、これより前（後）には動かせません。いまの順番をお確かめください。")
    before = item.no
    standing[place], standing[other] = standing[other], standing[place]
    _number(session, assembly.id, standing)
    item.version += 1
    detail = {"item_id": item.id, "from_no": before, "to_no": item.no}
    note(session, assembly, "assembly.item_moved", actor=actor, now=now, detail=detail)


def withdraw_item(
    session: Session, item_id: int, *, reason: str | None, seen_version: int, actor: Actor, now: datetime
) -> Told:
    """取下げ, at the hall too: it is not decided; it stays on record with its reason. Before the notice the numbers close up,
    between the notice and the day members are told.

    Refusals: not_allowed, not_found, stale, illegal_step, item_withdrawn, item_decided, reason_missing.
    """
    assembly, item = _locked(session, item_id, step="withdraw_item", seen_version=seen_version, actor=actor)
    if session.scalar(select(ItemDecision.id).where(ItemDecision.item_id == item.id).limit(1)) is not None:
        raise Refusal(
            "item_decided", "採決を終えた議案は取り下げられません。結果に誤りがあるときは、採決を訂正してください。"
        )
    item.withdrawn_reason = given(reason, "議案を取り下げる理由を入力してください。")
    item.withdrawn_at = now
    item.version += 1
    detail = {"item_id": item.id, "item_no": item.no, "reason": item.withdrawn_reason}
    session.flush()
    if assembly.state not in TOLD:
        _number(session, assembly.id)
    note(session, assembly, "assembly.item_withdrawn", actor=actor, now=now, detail=detail)
    return _tell(session, assembly, item, WITHDRAWN_MAIL, now=now, reason=item.withdrawn_reason)


def add_conflict(session: Session, item_id: int, member_id: int, *, actor: Actor, now: datetime) -> Told | None:
    """A member has no vote on the item (電気事業法 28条の39), and is told so between the notice and the day, if it holds any;
    None where that is on record already.

    Refusals: not_allowed, not_found (item or member), illegal_step, item_withdrawn, report_not_decided.
    """
    assembly, item = _locked(session, item_id, step="conflicts", seen_version=None, actor=actor)
    if item.kind is ItemKind.REPORT:
        raise Refusal("report_not_decided", "報告事項は議決しないため、議決権のない会員を登録する必要はありません。")
    if session.get(Member, member_id) is None:
        raise NotFound
    if session.get(AgendaConflict, (item.id, member_id)) is not None:
        return None
    session.add(AgendaConflict(item_id=item.id, member_id=member_id))
    item.version += 1
    detail = {"item_id": item.id, "member_id": member_id}
    note(session, assembly, "assembly.conflict_added", actor=actor, now=now, detail=detail)
    return _tell_vote(session, assembly, item, member_id, has_vote=False, now=now)


def remove_conflict(session: Session, item_id: int, member_id: int, *, actor: Actor, now: datetime) -> Told | None:
    """The member has its vote on the item again, and is told so between the notice and the day, if it holds any; None where
    it had it all along.

    Refusals: not_allowed, not_found, illegal_step, item_withdrawn.
    """
    assembly, item = _locked(session, item_id, step="conflicts", seen_version=None, actor=actor)
    held = session.get(AgendaConflict, (item.id, member_id))
    if held is None:
        return None
    session.delete(held)
    item.version += 1
    detail = {"item_id": item.id, "member_id": member_id}
    note(session, assembly, "assembly.conflict_removed", actor=actor, now=now, detail=detail)
    return _tell_vote(session, assembly, item, member_id, has_vote=True, now=now)


def is_told(item: AgendaItem, assembly: Assembly) -> bool:
    """Whether members are told what becomes of the item: they know it from a notice, and the hall is not open yet."""
    real = assembly.rehearsal_of_id is None
    return real and item.notified_at is not None and assembly.state in TOLD_BEFORE_THE_DAY


def _tell_vote(
    session: Session, assembly: Assembly, item: AgendaItem, member_id: int, *, has_vote: bool, now: datetime
) -> Told:
    votes = votes_of(session, assembly.id, member_id)
    if votes is None or not votes.total:  # whether the item is about it changes nothing for it
        return NOBODY
    return _tell(session, assembly, item, "assemblies/item_vote", now=now, only=(member_id,), has_vote=has_vote)


def _tell(
    session: Session,
    assembly: Assembly,
    item: AgendaItem,
    template: str,
    *,
    now: datetime,
    only: tuple[int, ...] | None = None,
    **more: Any,
) -> Told:
    """Tell those who know the item from the notice, or from an addendum, what has become of it."""
    if not is_told(item, assembly):
        return NOBODY
    return tell_roll(session, assembly, template, now=now, only=only, **values_of_item(item, assembly), **more)


def values_of_item(item: AgendaItem, assembly: Assembly) -> dict[str, Any]:
    """What mails and letters about an item show of it, and how far the replies are."""
    return {
        "item_no": item.no,
        "item_title": item.title,
        "report": item.kind is ItemKind.REPORT,
        "reply_until": assembly.reply_until or assembly.held_at,
        "replies_ahead": assembly.state is AssemblyState.NOTIFIED,
        "replies_open": assembly.state is AssemblyState.REPLIES_OPEN,
    }


def _locked(
    session: Session, item_id: int, *, step: str, seen_version: int | None, actor: Actor
) -> tuple[Assembly, AgendaItem]:
    """The item under the lock of its assembly."""
    require_step(actor, step)
    assembly_id = session.scalar(select(AgendaItem.assembly_id).where(AgendaItem.id == item_id))
    if assembly_id is None:
        raise NotFound
    assembly = locked(session, assembly_id, step=step, seen_version=None, actor=actor)
    item = session.get_one(AgendaItem, item_id, populate_existing=True)
    if seen_version is not None and item.version != seen_version:
        raise Stale
    if item.withdrawn_at is not None:
        raise Refusal(
            "item_withdrawn", "この議案は取り下げられています。必要なときは、新しい議案として追加してください。"
        )
    return assembly, item


def _require_time(assembly: Assembly, *, now: datetime) -> None:
    """After the notice only what an addendum can still bring to members in time."""
    last = last_lawful_day(assembly.held_at.astimezone(JST).date())
    if assembly.state in TOLD and today_jst(now) > last:
        raise Refusal(
            "too_late_to_notify",
            f"会員に通知できる期限（{format_date(last)}）を過ぎたため、議案を追加・変更できません。"
            "通知していない事項は、総会で議決できません（電気事業法 28条の37）。",
        )


def _items(session: Session, assembly_id: int) -> list[AgendaItem]:
    found = select(AgendaItem).where(AgendaItem.assembly_id == assembly_id)
    return list(session.scalars(found.order_by(AgendaItem.withdrawn_at.is_not(None), AgendaItem.no)))


def _number(session: Session, assembly_id: int, standing: list[AgendaItem] | None = None) -> None:
    """Number the items from 1, those withdrawn behind the others; in two steps, as no number may occur twice."""
    found = _items(session, assembly_id)
    wanted = [*(standing or [one for one in found if one.withdrawn_at is None])]
    wanted += [one for one in found if one.withdrawn_at is not None]
    if [one.no for one in wanted] == list(range(1, len(wanted) + 1)):
        return
    for first in (_ASIDE, 1):
        for no, one in enumerate(wanted, first):
            one.no = no
        session.flush()


def _values(
    *, kind: str, title: str, summary: str | None, majority: str | None, consent: str | None, rule_reason: str | None
) -> dict[str, Any]:
    of_kind = ItemKind(kind)
    check_title(of_kind, title)
    needs = requirements(
        of_kind,
        majority=Resolution(majority) if majority else None,
        consent=Consent(consent) if consent else None,
        reason=rule_reason,
    )
    return {
        "kind": of_kind,
        "title": title,
        "summary": summary,
        "majority": needs.majority,
        "consent": needs.consent,
        "rule_reason": needs.reason,
    }


def _shown(item: AgendaItem) -> dict[str, Any]:
    return {name: getattr(item, name) for name in _SHOWN}
