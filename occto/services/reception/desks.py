"""受付の端末: made by the supervisor, paired by a code that is used once, taken away again. A desk holds no sign-in."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from occto.domain.actor import Actor
from occto.domain.assembly import AssemblyState
from occto.domain.errors import NotAllowed, NotFound, Refusal, Stale
from occto.domain.permissions import Permission
from occto.domain.reception import ADMITTING, BEFORE_THE_DOORS, CONTACT_LIMIT, DESK_NAME_LIMIT, DeskProfile
from occto.models import Assembly, Desk
from occto.queries.desks import unsettled
from occto.services import audit

CODE_LASTS = timedelta(minutes=15)
HEARD = timedelta(seconds=30)
"""A desk that says the same again within this time is not written down anew."""


def require_supervisor(actor: Actor) -> None:
    """Refusal not_allowed for anybody but the supervisor of the reception."""
    if actor.user_id is None or not actor.can(Permission.RECEPTION_SUPERVISE):
        raise NotAllowed


def make_desk(
    session: Session,
    assembly_id: int,
    *,
    name: str,
    profile: DeskProfile,
    contact: str,
    code_hash: str,
    actor: Actor,
    now: datetime,
) -> int:
    """A desk that waits to be paired with the code behind `code_hash`, within CODE_LASTS. Returns its row number.

    `contact` names the supervisor and how to call: the desk shows it whenever it cannot go on alone. Refusals: not_allowed,
    not_found, not_open_for_desks, name_missing, name_too_long, contact_missing, contact_too_long, name_taken.
    """
    require_supervisor(actor)
    assembly = session.get(Assembly, assembly_id, with_for_update={"key_share": True}, populate_existing=True)
    if assembly is None:
        raise NotFound
    _require_day(assembly.state)
    words = name.strip()
    if not words:
        raise Refusal("name_missing", "端末の名前を入力してください。例：受付 1番", field="name")
    if len(words) > DESK_NAME_LIMIT:
        raise Refusal("name_too_long", f"端末の名前は{DESK_NAME_LIMIT}文字以内で入力してください。", field="name")
    call = contact.strip()
    if not call:
        raise Refusal(
            "contact_missing", "受付責任者の名前と電話を入力してください。例：鈴木（内線 1234）", field="contact"
        )
    if len(call) > CONTACT_LIMIT:
        raise Refusal(
            "contact_too_long", f"受付責任者の連絡先は{CONTACT_LIMIT}文字以内で入力してください。", field="contact"
        )
    taken = select(Desk.id).where(Desk.assembly_id == assembly_id, Desk.name == words, Desk.ended_at.is_(None))
    if session.scalar(taken) is not None:
        raise Refusal("name_taken", "同じ名前の端末があります。別の名前を入力してください。", field="name")
    return _make(
        session,
        assembly_id=assembly_id,
        name=words,
        profile=profile,
        contact=call,
        code_hash=code_hash,
        actor=actor,
        now=now,
    )


def renew_code(
    session: Session, desk_id: int, *, code_hash: str, seen_version: int, actor: Actor, now: datetime
) -> int:
    """A new pairing code: for a desk that was not paired in time, or whose device was lost; its old key ends.

    Returns the row number of the desk that waits for it. Where arrivals may lie in the device that was paired, its row ends
    and stays named for them; the one that waits is another of the same name. Refusals: not_allowed, not_found, stale, desk_ended.
    """
    desk = _locked(session, desk_id, seen_version=seen_version, actor=actor)
    if any(one.id == desk.id for one in unsettled(session, desk.assembly_id, now=now)):
        _end(session, desk, actor=actor, now=now)
        return _make(
            session,
            assembly_id=desk.assembly_id,
            name=desk.name,
            profile=desk.profile,
            contact=desk.contact,
            code_hash=code_hash,
            actor=actor,
            now=now,
        )
    desk.key_hash, desk.paired_at = None, None
    desk.code_hash, desk.code_until = code_hash, now + CODE_LASTS
    desk.version += 1
    session.flush()
    _note(session, desk, "desk.code_renewed", actor=actor, now=now)
    return desk.id


def pair_desk(session: Session, *, code_hash: str, key_hash: str, now: datetime, actor: Actor) -> int:
    """Pair the device that asks: the code is used up, and the key behind `key_hash` is the desk's from now on.

    Returns the row number of its assembly. Refusal code_unknown where the code is wrong, used or over.
    """
    desk = session.scalar(select(Desk).where(Desk.code_hash == code_hash, Desk.ended_at.is_(None)).with_for_update())
    if desk is None or desk.code_until is None or now >= desk.code_until:
        raise Refusal(
            "code_unknown",
            "この番号は使えません。打ち間違いがないかお確かめのうえ、受付責任者に新しい番号を表示してもらってください。",
            field="code",
        )
    desk.code_hash, desk.code_until = None, None
    desk.key_hash, desk.paired_at, desk.practised_at = key_hash, now, None
    desk.version += 1
    session.flush()
    _note(session, desk, "desk.paired", actor=actor, now=now)
    return desk.assembly_id


def end_desk(session: Session, desk_id: int, *, seen_version: int, actor: Actor, now: datetime) -> None:
    """Take a desk away: its key opens nothing any more. Refusals: not_allowed, not_found, stale, desk_ended."""
    _end(session, _locked(session, desk_id, seen_version=seen_version, actor=actor), actor=actor, now=now)


def close_desk(session: Session, desk_id: int, *, actor: Actor, now: datetime) -> None:
    """受付を閉じる: the desk gives its own key up. Nothing happens where it was taken away already."""
    desk = session.get(Desk, desk_id, with_for_update=True, populate_existing=True)
    if desk is None or desk.ended_at is not None:
        return
    desk.contact_at, desk.waiting = now, desk.waiting or 0
    _end(session, desk, actor=actor, now=now)


def hear_desk(session: Session, desk_id: int, *, waiting: int, now: datetime) -> None:
    """Keep what a desk says of itself: `waiting` arrivals that it holds and has not sent, as of `now`. No decision.

    The version stays: no form of the supervisor becomes stale by it.
    """
    here = update(Desk).where(Desk.id == desk_id, Desk.ended_at.is_(None))
    session.execute(here.values(contact_at=now, waiting=waiting))


def note_practice(session: Session, desk_id: int, *, now: datetime) -> None:
    """Keep that the device has read the code for practice; no scan, and no decision."""
    here = update(Desk).where(Desk.id == desk_id, Desk.ended_at.is_(None), Desk.practised_at.is_(None))
    session.execute(here.values(practised_at=now))


def _make(session: Session, *, actor: Actor, now: datetime, **values: Any) -> int:
    desk = Desk(**values, code_until=now + CODE_LASTS, made_at=now, made_by_id=actor.user_id)
    session.add(desk)
    session.flush()
    _note(session, desk, "desk.made", actor=actor, now=now)
    return desk.id


def _end(session: Session, desk: Desk, *, actor: Actor, now: datetime) -> None:
    desk.code_hash, desk.code_until, desk.ended_at = None, None, now
    desk.version += 1
    session.flush()
    _note(session, desk, "desk.ended", actor=actor, now=now)


def _locked(session: Session, desk_id: int, *, seen_version: int, actor: Actor) -> Desk:
    require_supervisor(actor)
    desk = session.get(Desk, desk_id, with_for_update=True, populate_existing=True)
    if desk is None:
        raise NotFound
    if desk.version != seen_version:
        raise Stale
    if desk.ended_at is not None:
        raise Refusal("desk_ended", "この端末の使用は終わっています。端末の一覧を開き直してください。")
    return desk


def _require_day(state: AssemblyState) -> None:
    if state not in BEFORE_THE_DOORS | ADMITTING:
        raise Refusal(
            "not_open_for_desks",
            "受付の端末は、招集通知のあとから採決が終わるまで使えます。総会の状態をお確かめください。",
        )


def _note(session: Session, desk: Desk, tag: str, *, actor: Actor, now: datetime) -> None:
    detail = {"assembly_id": desk.assembly_id, "name": desk.name, "profile": desk.profile}
    audit.record(session, tag, subject=f"DESK:{desk.id}", actor=actor, now=now, detail=detail)
