"""取込み: the steps of a plan (`domain/import_plan.py`), each a verb of the register or of persons."""

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from occto.domain.actor import Actor
from occto.domain.clauses import Clause
from occto.domain.codes import EndReason, Licence, UserKind, UserState
from occto.domain.dates import today_jst
from occto.domain.errors import NotFound, Refusal
from occto.domain.import_known import Step
from occto.domain.permissions import Role
from occto.models import Affiliation, Member, RegisterChange, User
from occto.services import audit, register

_LICENCES = frozenset({"add_licence", "end_licence", "correct_licence"})
_FILLED = ("kana", "title", "phone")


def apply(
    session: Session,
    change: RegisterChange,
    planned: Iterable[Step],
    *,
    member_id: int | None,
    actor: Actor,
    now: datetime,
) -> Member:
    """Enter the steps for one member, whose admission comes first where it is new; returns the member.

    Refusals are those of services/register, code_taken, staff_address, user_stopped.
    """
    member = session.get(Member, member_id) if member_id is not None else None
    asked = set()
    for name, values in planned:
        asked.add(name)
        if name == "admit":
            member = _admit(session, change, values)
            continue
        if member is None:
            raise NotFound
        if name == "affiliate":
            _affiliate(session, member, **values, actor=actor, now=now)
        else:
            _ENTER[name](session, change, member, values, today_jst(now))
    if member is None:
        raise NotFound
    if asked & _LICENCES:
        register.check_categories(session, member.id)
    return member


def _admit(session: Session, change: RegisterChange, values: dict[str, Any]) -> Member:
    code = values["operator_code"]
    if session.scalar(select(Member.id).where(Member.operator_code == code)) is not None:
        raise Refusal("code_taken", f"事業者コード {code} は、ほかの会員のコードです。コードをお確かめください。")
    return register.admit_member(session, change, **values)


def _set_item(session: Session, change: RegisterChange, member: Member, values: dict[str, Any], today: date) -> None:
    day = values["effective_on"] or max(today, member.current_member_on or today)
    register.set_item(
        session, change, member_id=member.id, item=values["item"], value=values["value"], effective_on=day
    )


def _add_licence(
    session: Session, change: RegisterChange, member: Member, values: dict[str, Any], _today: date
) -> None:
    reason = values["end_reason"] if values["ended_on"] else None
    register.add_licence(
        session,
        change,
        member_id=member.id,
        category=Licence(values["category"]),
        number=values["number"],
        effective_on=values["effective_on"],
        ended_on=values["ended_on"],
        end_reason=EndReason(reason) if reason else None,
    )


def _end_licence(
    session: Session, change: RegisterChange, member: Member, values: dict[str, Any], _today: date
) -> None:
    register.end_licence(
        session,
        change,
        member_id=member.id,
        licence_id=values["licence_id"],
        ended_on=values["ended_on"],
        reason=EndReason(values["end_reason"]),
    )


def _correct_licence(
    session: Session, change: RegisterChange, member: Member, values: dict[str, Any], _today: date
) -> None:
    reason = values["values"]["end_reason"]
    right = values["values"] | {"end_reason": EndReason(reason) if reason else None}
    register.correct_licence(session, change, member_id=member.id, licence_id=values["licence_id"], values=right)


def _enter_relation(
    session: Session, change: RegisterChange, member: Member, values: dict[str, Any], _today: date
) -> None:
    register.enter_relation(session, change, member, row=values["row"], default_on=values["default_on"])


def _end_relation(
    session: Session, change: RegisterChange, member: Member, values: dict[str, Any], _today: date
) -> None:
    register.end_relation(session, change, member, relation_no=values["relation_no"], ended_on=values["ended_on"])


def _correct_relation(
    session: Session, change: RegisterChange, member: Member, values: dict[str, Any], _today: date
) -> None:
    register.correct_relation(
        session,
        change,
        member,
        relation_no=values["relation_no"],
        row=values["row"],
        default_on=values["default_on"],
    )


_ENTER = {
    "set_item": _set_item,
    "add_licence": _add_licence,
    "end_licence": _end_licence,
    "correct_licence": _correct_licence,
    "enter_relation": _enter_relation,
    "end_relation": _end_relation,
    "correct_relation": _correct_relation,
}


def _affiliate(
    session: Session, member: Member, *, person: dict[str, Any], role: Role, actor: Actor, now: datetime
) -> None:
    """Give the person the role; the ID is made where the address is new. No mail leaves: invitations go in waves."""
    user = session.scalar(select(User).where(User.email_key == person["email"].lower()).with_for_update())
    if user is None:
        user = User(
            kind=UserKind.MEMBER,
            state=UserState.INVITED,
            email=person["email"],
            email_key=person["email"].lower(),
            name=person["name"],
            created_at=now,
        )
        session.add(user)
        session.flush()
        detail: dict[str, Any] = {"kind": user.kind, "roles": [role]}
        audit.record(session, "user.created", subject=f"USER:{user.id}", actor=actor, now=now, detail=detail)
    elif user.kind is UserKind.STAFF:
        raise Refusal("staff_address", "当機関の職員のメールアドレスです。会社の方のアドレスを入力してください。")
    elif user.state in {UserState.STOPPED, UserState.CLOSED}:
        raise Refusal("user_stopped", "このユーザIDは停止または終了しています。再開してから取り込んでください。")
    for item in _FILLED:
        if not getattr(user, item) and person.get(item):
            setattr(user, item, person[item])
    _give_role(session, user, member, role, actor=actor, now=now)


def _give_role(session: Session, user: User, member: Member, role: Role, *, actor: Actor, now: datetime) -> None:
    held = session.scalar(
        select(Affiliation).where(
            Affiliation.user_id == user.id, Affiliation.member_id == member.id, Affiliation.ended_at.is_(None)
        )
    )
    if held is not None and held.role is role:
        return
    if held is not None:
        held.ended_at = now
        session.flush()
    session.add(Affiliation(user_id=user.id, member_id=member.id, role=role, started_at=now))
    session.flush()
    audit.record(
        session,
        "user.affiliated",
        subject=f"USER:{user.id}",
        actor=actor,
        now=now,
        detail={"member_id": member.id, "role": role},
        clause=Clause.C3_1_3_2_1 if role is Role.ADMINISTRATOR else Clause.C3_2,
    )
