"""Entering a new member with its dated facts."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from occto.domain.codes import ActStatus, Licence, MemberState
from occto.domain.errors import Refusal
from occto.domain.profile import profile_items
from occto.domain.text import search_key
from occto.models import Member, ProfileFact, RegisterChange, RosterFact
from occto.services import certificates
from occto.services.register.licences import add_licence
from occto.services.register.numbering import body_for


def admit_member(
    session: Session,
    change: RegisterChange,
    *,
    profile: Mapping[str, Any],
    operator_code: str,
    member_on: date,
    roster_no: int,
) -> Member:
    """Enter a new member with its dated profile, roster number and 加入証跡; licences and relations follow.

    The change is to be finished (`finish_change`) once all is entered.

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
    certificates.issue(session, [member.id], now=change.at)
    return member


def enter_licences(
    session: Session, change: RegisterChange, member: Member, *, acts: Mapping[str, Mapping[str, Any]]
) -> int:
    """Enter the licences whose METI act is stated, effective on the act's date; return how many."""
    entered = 0
    for category in Licence:
        act = acts.get(category.value)
        if act is None or act["status"] != ActStatus.ACT:
            continue
        add_licence(
            session,
            change,
            member_id=member.id,
            category=category,
            number=act.get("number"),
            effective_on=date.fromisoformat(act["effective_on"]),
            document_id=act.get("attachment_id"),
        )
        entered += 1
    return entered
