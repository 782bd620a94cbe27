"""区分: adding, ending and correcting the licences of a member. The facts of a running licence replace each other."""

from collections.abc import Collection
from datetime import date, timedelta
from itertools import pairwise
from typing import Any

from sqlalchemy import ScalarSelect, Select, or_, select
from sqlalchemy.orm import Session

from occto.domain.codes import ACT_OF, EndReason, Licence
from occto.domain.dates import format_date
from occto.domain.errors import NotFound, Refusal
from occto.domain.memberships import periods
from occto.models import LicenceFact, LicenceHeld, ProfileFact, RegisterChange


def add_licence(
    session: Session,
    change: RegisterChange,
    *,
    member_id: int,
    category: Licence,
    number: str | None,
    effective_on: date,
    document_id: int | None = None,
    continues_id: int | None = None,
    ended_on: date | None = None,
    end_reason: EndReason | None = None,
) -> LicenceHeld:
    """Enter a licence from the date of its METI act; one that is over already comes with its end.

    Refusal category_held where one of the category runs on some of the days.
    """
    _refuse_overlap(session, _of_category(member_id, category), begin=effective_on, end=ended_on)
    held = LicenceHeld(member_id=member_id, category=category, continues_id=continues_id)
    session.add(held)
    session.flush()
    session.add(
        LicenceFact(
            licence_id=held.id,
            act=ACT_OF[category],
            number=number,
            effective_on=effective_on,
            ended_on=ended_on,
            end_reason=end_reason,
            document_id=document_id,
            entered_id=change.id,
        )
    )
    session.flush()
    return held


def _refuse_overlap(session: Session, held: Select[date], *, begin: date, end: date | None) -> None:
    """Refuse a second licence of a category on the days from `begin` until before `end` (category_held)."""
    since = session.scalar(
        held.where(
            or_(LicenceFact.ended_on.is_(None), LicenceFact.ended_on > begin),
            LicenceFact.effective_on < (end or date.max),
        )
    )
    if since is not None:
        raise Refusal(
            "category_held",
            f"同じ区分が、{format_date(since)}から登録されています。いまの登録の内容をお確かめください。",
            field="licences",
        )


def _of_category(member_id: int, category: Licence | ScalarSelect[Licence]) -> Select[date]:
    return (
        select(LicenceFact.effective_on)
        .join(LicenceHeld, LicenceHeld.id == LicenceFact.licence_id)
        .where(LicenceHeld.member_id == member_id, LicenceHeld.category == category, LicenceFact.voided_id.is_(None))
    )


def first_day_without(session: Session, *, member_id: int, category: Licence, day: date) -> date | None:
    """The first day from `day` on without a licence of the category in force; None where one goes on without an end."""
    held = session.execute(
        _of_category(member_id, category).add_columns(LicenceFact.ended_on).order_by(LicenceFact.effective_on)
    ).all()
    for row in held:
        if row.effective_on <= day and row.ended_on is None:
            return None
        if row.effective_on <= day < row.ended_on:
            day = row.ended_on
    return day


def has_licence_after(session: Session, *, member_id: int, day: date) -> bool:
    """Whether any licence is in force on `day` or comes later."""
    left = (
        select(LicenceFact.id)
        .join(LicenceHeld, LicenceHeld.id == LicenceFact.licence_id)
        .where(
            LicenceHeld.member_id == member_id,
            LicenceFact.voided_id.is_(None),
            or_(LicenceFact.ended_on.is_(None), LicenceFact.ended_on > day),
        )
        .limit(1)
    )
    return session.scalar(left) is not None


def end_licence(
    session: Session, change: RegisterChange, *, member_id: int, licence_id: int, ended_on: date, reason: EndReason
) -> None:
    """End a licence: `ended_on` is the first day without it. Refusals: not_found, already_ended, ends_before_begin."""
    fact = live_licence(session, member_id=member_id, licence_id=licence_id)
    if fact.ended_on is not None:
        raise Refusal(
            "already_ended",
            "この区分は、すでに終わる日が登録されています。登録の内容をお確かめください。",
            field="licences",
        )
    _replace(session, change, fact, ended_on=ended_on, end_reason=reason)


def correct_licence(
    session: Session, change: RegisterChange, *, member_id: int, licence_id: int, values: dict[str, Any]
) -> None:
    """訂正: replace number, begin or end of a licence by what is right; the row that was wrong is kept, voided.

    `values` has number, effective_on, ended_on, end_reason. Refusals: not_found, ends_before_begin, end_without_reason,
    category_held (another licence of the category runs on some of the days).
    """
    fact = live_licence(session, member_id=member_id, licence_id=licence_id)
    if (values["ended_on"] is None) != (values["end_reason"] is None):
        raise Refusal("end_without_reason", "終わる日とその理由は、両方を入力してください。", field="licences")
    others = _of_category(
        member_id, select(LicenceHeld.category).where(LicenceHeld.id == licence_id).scalar_subquery()
    ).where(LicenceHeld.id != licence_id)
    _refuse_overlap(session, others, begin=values["effective_on"], end=values["ended_on"])
    _replace(session, change, fact, **values)


def void_licence(session: Session, change: RegisterChange, *, member_id: int, licence_id: int) -> None:
    """取消し: the licence was never there, or will not come. Refusal not_found."""
    live_licence(session, member_id=member_id, licence_id=licence_id).voided_id = change.id
    session.flush()


def live_licence(session: Session, *, member_id: int, licence_id: int) -> LicenceFact:
    """The fact that stands for a licence of this member; NotFound for another member's."""
    fact = session.scalar(
        select(LicenceFact)
        .join(LicenceHeld, LicenceHeld.id == LicenceFact.licence_id)
        .where(LicenceHeld.id == licence_id, LicenceHeld.member_id == member_id, LicenceFact.voided_id.is_(None))
    )
    if fact is None:
        raise NotFound("その区分の登録が見つかりません。いまの登録の内容をお確かめください。")
    return fact


def _replace(session: Session, change: RegisterChange, fact: LicenceFact, **values: Any) -> None:
    begins, ends = values.get("effective_on", fact.effective_on), values["ended_on"]
    if ends is not None and ends <= begins:
        raise Refusal(
            "ends_before_begin",
            f"終わる日は、効力の生じた日（{format_date(begins)}）より後の日付を入力してください。",
            field="licences",
        )
    fact.voided_id = change.id
    session.flush()
    kept = {"act": fact.act, "number": fact.number, "effective_on": fact.effective_on, "document_id": fact.document_id}
    session.add(LicenceFact(licence_id=fact.licence_id, entered_id=change.id, **(kept | values)))
    session.flush()


def check_categories(session: Session, member_id: int) -> None:
    """Refuse 登録特定送配電 on a day without 特定送配電 (rsptd_alone): it is never there by itself."""
    rows = session.execute(
        select(LicenceHeld.category, LicenceFact.effective_on, LicenceFact.ended_on)
        .join(LicenceFact, LicenceFact.licence_id == LicenceHeld.id)
        .where(LicenceHeld.member_id == member_id, LicenceFact.voided_id.is_(None))
    ).all()
    for day in sorted({row.effective_on for row in rows} | {row.ended_on for row in rows if row.ended_on}):
        held = {row.category for row in rows if row.effective_on <= day < (row.ended_on or date.max)}
        if Licence.RSPTD in held and Licence.SPTD not in held:
            raise Refusal(
                "rsptd_alone",
                f"{format_date(day)}に、特定送配電事業者でないのに登録特定送配電事業者になります。両方の区分をお確かめください。",
                field="licences",
            )


def check_goes_on(session: Session, member_id: int, *, added_on: Collection[date]) -> None:
    """Refuse licences from these days, now entered, with which a company that had left would begin a new membership
    (has_left): it joins again by an application (電気事業法 28条の11). One from a day on which it still was a member
    goes on with that membership, which so never ended.
    """
    rows = session.execute(
        select(LicenceFact.effective_on, LicenceFact.ended_on)
        .join(LicenceHeld, LicenceHeld.id == LicenceFact.licence_id)
        .where(LicenceHeld.member_id == member_id, LicenceFact.voided_id.is_(None))
    )
    memberships = periods((row.effective_on, row.ended_on) for row in rows)
    for earlier, period in pairwise(memberships):
        if period.begin in added_on and earlier.end is not None:
            raise Refusal(
                "has_left",
                f"この会社は、{format_date(earlier.end - timedelta(days=1))}までで会員の資格を失っています。"
                "もう一度会員となるには、新たな加入申請が必要です。変更申請ではなく、加入の手続きをご案内ください。",
                field="licences",
            )


def check_beginning(session: Session, member_id: int) -> None:
    """Refuse a record on which membership began before the first METI act that stands (before_act, 28条の11 3項)."""
    begun = session.scalars(
        select(ProfileFact.value).where(
            ProfileFact.member_id == member_id, ProfileFact.item == "member_on", ProfileFact.voided_id.is_(None)
        )
    ).all()
    acts = session.scalars(
        select(LicenceFact.effective_on)
        .join(LicenceHeld, LicenceHeld.id == LicenceFact.licence_id)
        .where(LicenceHeld.member_id == member_id, LicenceFact.voided_id.is_(None))
    ).all()
    days = [date.fromisoformat(day) for day in begun if day]
    if days and acts and min(days) < min(acts):
        raise Refusal(
            "before_act",
            f"加入日が、最初の登録・許可・届出の日（{format_date(min(acts))}）より前になります。"
            "加入日と区分の日付を、同じ入力の中で合わせて訂正してください。",
            field="corrections",
        )
