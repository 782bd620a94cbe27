"""再加入: a company that has left becomes a member again. Its row and its past stay, a new membership begins."""

from collections.abc import Collection, Iterable, Mapping
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session

from occto.domain.codes import MandateState, Relation
from occto.domain.dates import format_date, today_jst
from occto.domain.errors import Refusal
from occto.domain.memberships import Period
from occto.domain.profile import profile_items
from occto.models import Affiliation, Body, ControlFact, FormerCode, Mandate, Member, ProfileFact, RegisterChange
from occto.queries.register import periods_of
from occto.services.register.facts import set_item, void_item
from occto.services.register.relations import end_relation
from occto.services.register.roster import renumber
from occto.services.register.turning import bring_up_to_date


def readmit(
    session: Session,
    change: RegisterChange,
    member: Member,
    *,
    profile: Mapping[str, Any],
    operator_code: str,
    member_on: date,
    roster_no: int,
    acts_on: Collection[date],
) -> Member:
    """Begin a new membership of a company that has left; licences and relations follow, under identities of their own.

    What was on record stays and reads as before on every day before the new membership: facts are set from `member_on`
    on, the roster number runs until then, the operator code that it had still finds it. People and contractors of the
    earlier membership no longer act for it: who may is agreed anew (利用規約 3.1/3.2.1).

    Refusals: already_member (a licence is in force, or to come), not_interrupted (an act of `acts_on` lies before the
    end of the earlier membership, which so never ended: 電気事業法 28条の12), code_taken, those of `renumber`.
    """
    today = today_jst(change.at)
    _require_left(periods_of(session, member.id), member_on=member_on, today=today, acts_on=acts_on)
    bring_up_to_date(session, [member.id], now=change.at)  # an end that no daily work has noted yet
    member.succeeded_by_id = None
    _take_code(session, change, member, operator_code=operator_code, until_on=member_on)
    _set_profile(session, change, member.id, profile=profile, member_on=member_on, first_act=min(acts_on, default=None))
    renumber(session, change, numbers={member.id: roster_no}, effective_on=member_on)
    _end_access(session, member.id, now=change.at)
    member.version += 1
    session.flush()
    return member


def _require_left(memberships: list[Period], *, member_on: date, today: date, acts_on: Collection[date]) -> None:
    running = next((one for one in memberships if one.end is None or one.end > min(member_on, today)), None)
    if running is not None:
        raise Refusal("already_member", _running_in_words(running))
    ended = max((one.end for one in memberships if one.end is not None), default=None)
    early = [day for day in acts_on if ended is not None and day <= ended]
    if ended is not None and early:
        raise Refusal(
            "not_interrupted",
            f"{format_date(min(early))}の登録・許可・届出は、この会社の以前の会員期間（{format_date(ended - timedelta(days=1))}まで）"
            "が終わる前のものか、続く日のものです。"
            "会員の期間は途切れていませんので、「職員が入力する（書面・訂正・承継）」から、書面の変更申請として区分を登録してください。",
        )


def _running_in_words(running: Period) -> str:
    if running.end is None:
        return (
            f"この法人番号の会社は、すでに会員です（区分の登録：{format_date(running.begin)}から）。"
            "区分の追加は変更申請でお受けします。申請者に取下げと変更申請をご案内ください。"
        )
    return (
        f"この法人番号の会社は、{format_date(running.end - timedelta(days=1))}までの区分の登録がある会員です。"
        "終わる前に加わる区分は変更申請でお受けします。終わったあとに加わる場合は、終わった日の翌日から承認できます。"
    )


def _take_code(session: Session, change: RegisterChange, member: Member, *, operator_code: str, until_on: date) -> None:
    """The primary code from now on; the one it had is kept, and stands in the register of the days before `until_on`."""
    if operator_code == member.operator_code:
        return
    if session.get(FormerCode, operator_code) is not None:
        raise Refusal(
            "code_taken",
            f"事業者コード {operator_code} は、以前に使われていた番号です。番号をお確かめください。",
            field="operator_code",
        )
    session.add(
        FormerCode(operator_code=member.operator_code, member_id=member.id, until_on=until_on, entered_id=change.id)
    )
    member.operator_code = operator_code
    session.flush()


def _set_profile(
    session: Session,
    change: RegisterChange,
    member_id: int,
    *,
    profile: Mapping[str, Any],
    member_on: date,
    first_act: date | None,
) -> None:
    """The profile as the application states it, from `member_on` on; what it leaves blank is no longer any.

    Where the act of the ministry comes before that day, no membership is on record for the days between.
    """
    stated = {**profile, "member_on": member_on.isoformat()}
    standing = session.scalars(
        select(ProfileFact)
        .where(ProfileFact.member_id == member_id, ProfileFact.voided_id.is_(None))
        .order_by(ProfileFact.effective_on)
    ).all()
    held = {fact.item: fact.value for fact in standing if fact.effective_on <= member_on}
    if first_act is not None and first_act < member_on:
        set_item(session, change, member_id=member_id, item="member_on", value=None, effective_on=first_act)
    for item in profile_items():
        value = None if stated.get(item.key) == "" else stated.get(item.key)
        if value is not None or held.get(item.key) is not None:
            set_item(session, change, member_id=member_id, item=item.key, value=value, effective_on=member_on)
    for fact in standing:
        if fact.effective_on > member_on:  # what was to come in the membership that has ended
            void_item(session, change, member_id=member_id, fact_id=fact.id)


def _end_access(session: Session, member_id: int, *, now: datetime) -> None:
    session.execute(
        update(Affiliation)
        .where(Affiliation.member_id == member_id, Affiliation.ended_at.is_(None))
        .values(ended_at=now)
    )
    session.execute(
        update(Mandate)
        .where(Mandate.member_id == member_id, Mandate.state != MandateState.ENDED)
        .values(state=MandateState.ENDED, ended_at=now)
    )


def settle_relations(
    session: Session,
    change: RegisterChange,
    member: Member,
    *,
    rows: Iterable[Mapping[str, Any]],
    default_on: date,
) -> list[Mapping[str, Any]]:
    """The declared relations that are still to be entered for a member that is admitted.

    For one that was a member before, those that never ended on record are left out, and another controlling parent on
    record ends on the day on which the declared one begins. A company is in the control graph before it is a member, by
    the declarations of others: those of a first admission are all to be entered.
    """
    declared = list(rows)
    earlier = select(ProfileFact.id).where(ProfileFact.member_id == member.id, ProfileFact.entered_id < change.id)
    if session.scalar(earlier.limit(1)) is None:
        return declared
    standing = session.execute(
        select(ControlFact, Body)
        .outerjoin(Body, Body.id == ControlFact.parent_body_id)
        .where(
            ControlFact.child_body_id == member.body_id,
            ControlFact.voided_id.is_(None),
            or_(ControlFact.ended_on.is_(None), ControlFact.ended_on > default_on),
        )
    ).all()
    left = []
    for row in declared:
        of_parent = row["relation"] == Relation.PARENT and not row.get("ended_on")
        if of_parent and any(_is_declared(fact, parent, row) for fact, parent in standing):
            continue
        left.append(row)
        if of_parent and row["controlling"]:
            begin = date.fromisoformat(row["acquired_on"]) if row.get("acquired_on") else default_on
            for fact, _parent in standing:
                if fact.controlling and fact.ended_on is None and fact.voided_id is None and fact.effective_on < begin:
                    end_relation(session, change, member, relation_no=fact.relation_no, ended_on=begin)
    return left


def _is_declared(fact: ControlFact, parent: Body | None, row: Mapping[str, Any]) -> bool:
    """Whether the row declares again the relation that stands, without an end, on record."""
    if fact.ended_on is not None or fact.controlling != bool(row["controlling"]):
        return False
    if parent is None:
        return not row.get("corporate_number") and row["name"] == fact.parent_name
    return bool(row.get("corporate_number")) and row.get("corporate_number") == parent.corporate_number
