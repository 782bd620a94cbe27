"""Profile items: set from a day on, corrected, or voided. A fact is never updated."""

from datetime import date
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from occto.domain.errors import NotFound, Refusal
from occto.domain.profile import ITEMS
from occto.models import Body, Member, ProfileFact, RegisterChange


def set_item(
    session: Session, change: RegisterChange, *, member_id: int, item: str, value: Any, effective_on: date
) -> bool:
    """The item has `value` from `effective_on` on (None: no longer any); what was entered for the same day is replaced.

    Returns whether anything was entered. Refusal number_taken where a corporate number is another company's.
    """
    same_day = _live(session, member_id, item, effective_on)
    if same_day is not None and same_day.value == value:
        return False
    if item == "corporate_number":
        require_free_number(session, member_id, value)
    if same_day is not None:
        same_day.voided_id = change.id
        session.flush()
    _enter(session, change, member_id, item, value, effective_on)
    return True


def correct_item(
    session: Session, change: RegisterChange, *, member_id: int, fact_id: int, value: Any, effective_on: date
) -> None:
    """訂正: void the wrong fact, enter what is right. Refusals: not_found, day_taken, number_taken, only_fact."""
    fact = live_fact(session, member_id=member_id, fact_id=fact_id)
    if effective_on > fact.effective_on:
        _refuse_gap(session, fact)
    other = _live(session, member_id, fact.item, effective_on)
    if other is not None and other.id != fact.id:
        raise Refusal(
            "day_taken", "同じ日から有効な別の登録があります。その登録のほうを訂正するか、日付をお確かめください。"
        )
    if fact.item == "corporate_number":
        require_free_number(session, member_id, value)
    fact.voided_id = change.id
    session.flush()
    _enter(session, change, member_id, fact.item, value, effective_on)


def void_item(session: Session, change: RegisterChange, *, member_id: int, fact_id: int) -> None:
    """取消し of a fact, so that the one before it goes on. Refusals: not_found, only_fact."""
    fact = live_fact(session, member_id=member_id, fact_id=fact_id)
    _refuse_gap(session, fact)
    fact.voided_id = change.id
    session.flush()


def _refuse_gap(session: Session, fact: ProfileFact) -> None:
    """Refuse to take away the first fact of a required item (only_fact): on its day there would be none."""
    earlier = select(ProfileFact.id).where(
        ProfileFact.member_id == fact.member_id,
        ProfileFact.item == fact.item,
        ProfileFact.voided_id.is_(None),
        ProfileFact.effective_on < fact.effective_on,
    )
    if ITEMS[fact.item].required and session.scalar(earlier.limit(1)) is None:
        raise Refusal(
            "only_fact",
            "必須の項目の最初の登録は、取り消したり、日付を後ろへ動かしたりできません。内容の訂正として入力してください。",
        )


def live_fact(session: Session, *, member_id: int, fact_id: int) -> ProfileFact:
    """A fact of this member that stands; NotFound for another member's or one voided since."""
    fact = session.get(ProfileFact, fact_id)
    if fact is None or fact.member_id != member_id or fact.voided_id is not None:
        raise NotFound("その登録が見つかりません。いまの登録の内容をお確かめください。")
    return fact


def _live(session: Session, member_id: int, item: str, effective_on: date) -> ProfileFact | None:
    return session.scalar(
        select(ProfileFact).where(
            ProfileFact.member_id == member_id,
            ProfileFact.item == item,
            ProfileFact.effective_on == effective_on,
            ProfileFact.voided_id.is_(None),
        )
    )


def _enter(session: Session, change: RegisterChange, member_id: int, item: str, value: Any, effective_on: date) -> None:
    session.add(
        ProfileFact(member_id=member_id, item=item, value=value, effective_on=effective_on, entered_id=change.id)
    )
    session.flush()


def require_free_number(session: Session, member_id: int, number: str) -> None:
    """Refuse a corporate number that another company on record has (number_taken)."""
    own = select(Member.body_id).where(Member.id == member_id).scalar_subquery()
    if session.scalar(select(Body.id).where(Body.corporate_number == number, Body.id != own)):
        raise Refusal(
            "number_taken",
            "この法人番号は、別の会社として登録されています。法人番号をお確かめください。",
            field="corporate_number",
        )
