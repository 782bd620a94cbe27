"""Entering a new member with its dated facts."""

from collections.abc import Collection, Mapping
from datetime import date
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from occto.domain.codes import ActStatus, Licence, MemberState
from occto.domain.profile import profile_items
from occto.domain.text import search_key
from occto.models import Member, ProfileFact, RegisterChange, RosterFact
from occto.services import certificates
from occto.services.register.licences import add_licence
from occto.services.register.numbering import body_for
from occto.services.register.readmission import readmit


def admit_member(
    session: Session,
    change: RegisterChange,
    *,
    profile: Mapping[str, Any],
    operator_code: str,
    member_on: date,
    roster_no: int,
    acts_on: Collection[date] = (),
) -> Member:
    """Enter a new member with its dated profile, roster number and 加入証跡; licences and relations follow.

    A company that has left takes its row up again (`readmit`, whose refusals are already_member, not_interrupted,
    code_taken); `acts_on` are the days of the METI acts of the licences that follow.

    The change is to be finished (`finish_change`) once all is entered.
    """
    body = body_for(session, name=profile["name"], corporate_number=profile["corporate_number"])
    former = session.scalar(select(Member).where(Member.body_id == body.id).with_for_update(key_share=True))
    if former is not None:
        return readmit(
            session,
            change,
            former,
            profile=profile,
            operator_code=operator_code,
            member_on=member_on,
            roster_no=roster_no,
            acts_on=acts_on,
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
