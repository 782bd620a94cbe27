"""採決の記録: voting begins; how those at the hall vote as one, who votes otherwise, and what the chair declares."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from occto.domain.actor import Actor
from occto.domain.assembly import ASSEMBLY, AssemblyState
from occto.domain.errors import Refusal, Stale
from occto.domain.tally import Choice
from occto.models import AgendaItem, FloorVote, Member, VoteSheet
from occto.queries.item_votes import floor_votes_of
from occto.services import audit
from occto.services.assemblies.case import locked, note
from occto.services.resolutions.case import hall_at_vote, locked_item

MOST_CODES = 300
_SHOWN = 10


def start_voting(session: Session, assembly_id: int, *, seen_version: int, actor: Actor, now: datetime) -> None:
    """採決 begins; whoever comes late is still admitted. Refusals: not_allowed, not_found, stale, illegal_step."""
    assembly = locked(session, assembly_id, step="start_voting", seen_version=seen_version, actor=actor)
    before = assembly.state
    assembly.state = AssemblyState(ASSEMBLY.step("start_voting").leads_to(before))
    detail = {"step": "start_voting", "from": before, "to": assembly.state, "reason": None}
    note(session, assembly, "assembly.step", actor=actor, now=now, detail=detail)


def record_sheet(
    session: Session,
    item_id: int,
    *,
    floor_choice: Choice | None,
    chair_cast: Choice | None,
    seen_version: int,
    actor: Actor,
    now: datetime,
) -> None:
    """How everybody at the hall without a vote of its own votes, and how the chair casts 議長一任; None: not yet.

    `seen_version`: of the sheet, 0 where there was none. Refusals: those of `locked_item`, stale.
    """
    _assembly, item = locked_item(session, item_id, step="record_votes", actor=actor)
    sheet = session.get(VoteSheet, item.id)
    if (sheet.version if sheet is not None else 0) != seen_version:
        raise Stale
    if sheet is None:
        sheet = VoteSheet(item_id=item.id, updated_at=now, updated_by_id=actor.user_id or 0)
        session.add(sheet)
    else:
        sheet.version += 1
    sheet.floor_choice, sheet.chair_cast = floor_choice, chair_cast
    sheet.updated_at, sheet.updated_by_id = now, actor.user_id or 0
    session.flush()
    detail = {"item_id": item.id, "item_no": item.no, "floor_choice": floor_choice, "chair_cast": chair_cast}
    audit.record(
        session, "resolution.sheet", subject=f"ASSEMBLY:{item.assembly_id}", actor=actor, now=now, detail=detail
    )


def record_floor_vote(
    session: Session,
    item_id: int,
    member_id: int,
    *,
    choice: Choice | None,
    seen_version: int,
    actor: Actor,
    now: datetime,
) -> None:
    """A member that votes at the hall otherwise than the others; `choice` None: like the others again.

    `seen_version`: of its floor vote, 0 where there was none. Refusals: those of `locked_item`, stale, not_at_hall.
    """
    assembly, item = locked_item(session, item_id, step="record_votes", actor=actor)
    held = session.get(FloorVote, (item.id, member_id))
    if (held.version if held is not None else 0) != seen_version:
        raise Stale
    if choice is None:
        if held is None:
            return
        session.delete(held)
    else:
        hall = hall_at_vote(session, assembly, item, now=now)
        if not floor_votes_of(session, hall, item.id, [member_id]):
            raise Refusal("not_at_hall", _NOT_THERE.format(who="この会員"), field="member")
        _keep(session, item.id, member_id, choice, actor=actor, now=now)
    session.flush()
    _note(session, item, count=1, member_id=member_id, actor=actor, now=now)


_NOT_THERE = (
    "{who}は、この議案の議決権を会場で行使する会員ではありません。"
    "受付の済んでいない会員、事前に行使した会員、この議案に議決権のない会員は、登録できません。"
)


def record_floor_votes(
    session: Session, item_id: int, codes: Sequence[str], *, choice: Choice, actor: Actor, now: datetime
) -> int:
    """The same for many at once by their operator codes, all or none; returns how many.

    Refusals: those of `locked_item`, codes_missing, too_many_codes, codes_unknown, not_at_hall.
    """
    assembly, item = locked_item(session, item_id, step="record_votes", actor=actor)
    wanted = list(dict.fromkeys(codes))
    if not wanted:
        raise Refusal("codes_missing", "事業者コードを1つ以上入力してください。", field="codes")
    if len(wanted) > MOST_CODES:
        raise Refusal("too_many_codes", f"1回に登録できるのは、{MOST_CODES}社までです。", field="codes")
    rows = session.execute(select(Member.operator_code, Member.id).where(Member.operator_code.in_(wanted)))
    found = {row.operator_code: row.id for row in rows}
    if unknown := [code for code in wanted if code not in found]:
        words = f"次の事業者コードの会員はありません：{_named(unknown)}。コードをお確かめください。"
        raise Refusal("codes_unknown", words, field="codes")
    hall = hall_at_vote(session, assembly, item, now=now)
    there = {one.member_id for one in floor_votes_of(session, hall, item.id, list(found.values()))}
    if absent := [code for code in wanted if found[code] not in there]:
        raise Refusal("not_at_hall", _NOT_THERE.format(who=f"事業者コード {_named(absent)} "), field="codes")
    for code in wanted:
        _keep(session, item.id, found[code], choice, actor=actor, now=now)
    session.flush()
    _note(session, item, count=len(wanted), member_id=None, actor=actor, now=now)
    return len(wanted)


def _named(codes: Sequence[str]) -> str:
    more = f" ほか{len(codes) - _SHOWN:,}社" if len(codes) > _SHOWN else ""
    return "、".join(codes[:_SHOWN]) + more


def _keep(session: Session, item_id: int, member_id: int, choice: Choice, *, actor: Actor, now: datetime) -> None:
    held = session.get(FloorVote, (item_id, member_id))
    if held is None:
        held = FloorVote(item_id=item_id, member_id=member_id)
        session.add(held)
    else:
        held.version += 1
    held.choice, held.entered_at, held.entered_by_id = choice, now, actor.user_id or 0


def _note(
    session: Session,
    item: AgendaItem,
    *,
    count: int,
    member_id: int | None,
    actor: Actor,
    now: datetime,
) -> None:
    """Whose vote was recorded, and never which: the trail is read by those who may not see choices."""
    detail = {"item_id": item.id, "item_no": item.no, "members": count, "member_id": member_id}
    audit.record(
        session, "resolution.floor_votes", subject=f"ASSEMBLY:{item.assembly_id}", actor=actor, now=now, detail=detail
    )
