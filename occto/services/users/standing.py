"""役割・停止・取り外し: what a person is at one company. Acts elsewhere are untouched, and so are other companies' sessions."""

from datetime import datetime

from sqlalchemy.orm import Session

from occto.domain.actor import Actor
from occto.domain.clauses import Clause
from occto.domain.codes import LinkPurpose, UserState
from occto.domain.errors import NotAllowed, Refusal
from occto.domain.permissions import Permission, Role
from occto.queries.users import lives_elsewhere
from occto.services import audit, outbox
from occto.services.users.inviting import require_granted, withdraw_invitations
from occto.services.users.place import (
    Place,
    administrator_addresses,
    by_office,
    end_sessions_at,
    place_of,
    require_another_administrator,
    tell_of_contractor,
)

_STOP = Permission.USER_STOP


def change_role(
    session: Session,
    member_id: int,
    user_id: int,
    *,
    role: Role,
    seen_version: str | None,
    actor: Actor,
    now: datetime,
) -> bool:
    """Give the person another role at the company; False where it has it already. It counts from the next request on.

    Refusals: those of `place_of`, role_not_granted, administrator_role (only OCCTO moves a 管理者: 利用規約 3.1/3.2.2).
    """
    place = place_of(session, member_id, user_id, actor=actor, staff=Permission.USER_INVITE, seen_version=seen_version)
    require_granted(role)
    if place.is_administrator:
        raise NotAllowed(
            "administrator_role",
            "管理者の役割は、ここでは変更できません。管理者の変更は、当機関への申請により行います（利用規約 3.1(3.2.2)）。",
        )
    before = place.affiliation.role
    if before is role:
        return False
    place.affiliation.role = role
    detail = {"member_id": member_id, "from": before, "to": role}
    audit.record(session, "user.role_changed", subject=f"USER:{user_id}", actor=actor, now=now, detail=detail)
    _tell_of_contractor(session, place, member_id, act="役割の変更", actor=actor, now=now)
    session.flush()
    return True


def stop(
    session: Session,
    member_id: int,
    user_id: int,
    *,
    reason: str,
    seen_version: str | None,
    actor: Actor,
    now: datetime,
) -> int:
    """Bar the person from this company until it is resumed; returns how many sessions ended.

    Refusals: those of `place_of`, reason_missing, own_id, already_stopped, last_administrator (the office is not bound by it).
    """
    place = place_of(session, member_id, user_id, actor=actor, staff=_STOP, seen_version=seen_version)
    _require_other(place, actor)
    if not reason.strip():
        raise Refusal("reason_missing", "停止する理由を入力してください。", field="reason")
    if place.affiliation.stopped_at is not None:
        raise Refusal("already_stopped", "この方の利用は、すでに停止しています。")
    if place.is_administrator and not by_office(actor, _STOP):
        require_another_administrator(session, place, member_id=member_id)
    place.affiliation.stopped_at, place.affiliation.stop_reason = now, reason.strip()
    ended = end_sessions_at(session, user_id, member_id, now=now)
    audit.record(
        session,
        "user.stopped_here",
        subject=f"USER:{user_id}",
        actor=actor,
        now=now,
        detail={"member_id": member_id, "reason": reason.strip(), "sessions_ended": ended},
        clause=Clause.C3_3_3_4_1,
    )
    _tell(session, place, member_id, "users/stopped", now=now)
    _tell_of_contractor(session, place, member_id, act="利用の停止", actor=actor, now=now)
    session.flush()
    return ended


def resume(
    session: Session, member_id: int, user_id: int, *, seen_version: str | None, actor: Actor, now: datetime
) -> None:
    """Let the person act for this company again. Refusals: those of `place_of`, not_stopped."""
    place = place_of(session, member_id, user_id, actor=actor, staff=_STOP, seen_version=seen_version)
    if place.affiliation.stopped_at is None:
        raise Refusal("not_stopped", "この方の利用は、停止していません。")
    place.affiliation.stopped_at = place.affiliation.stop_reason = None
    detail = {"member_id": member_id}
    audit.record(session, "user.resumed_here", subject=f"USER:{user_id}", actor=actor, now=now, detail=detail)
    _tell(session, place, member_id, "users/resumed", now=now)
    _tell_of_contractor(session, place, member_id, act="利用の再開", actor=actor, now=now)
    session.flush()


def remove(
    session: Session, member_id: int, user_id: int, *, seen_version: str | None, actor: Actor, now: datetime
) -> int:
    """End the person's role at this company for good; returns how many sessions ended. What was done stays on record.

    An invitation that nobody else's company shares is withdrawn with it. Refusals: those of `place_of`, own_id,
    administrator_by_office (the role of 管理者 is withdrawn by OCCTO alone, on application: 利用規約 3.1/3.2.2).
    """
    place = place_of(session, member_id, user_id, actor=actor, staff=_STOP, seen_version=seen_version)
    _require_other(place, actor)
    if place.is_administrator and not by_office(actor, _STOP):
        raise Refusal(
            "administrator_by_office",
            "管理者の登録を終えるときは、管理者の変更を当機関へ申請してください（利用規約 3.1(3.2.2)）。"
            "急ぐときは、先に利用を停止できます。",
        )
    place.affiliation.ended_at = now
    ended = end_sessions_at(session, user_id, member_id, now=now)
    invited_here_alone = place.user.state is UserState.INVITED and not lives_elsewhere(session, user_id, member_id)
    if invited_here_alone:
        withdraw_invitations(session, user_id, purpose=LinkPurpose.SET_PASSWORD, now=now)
    detail = {"member_id": member_id, "role": place.affiliation.role, "sessions_ended": ended}
    audit.record(session, "user.removed_here", subject=f"USER:{user_id}", actor=actor, now=now, detail=detail)
    if place.user.state is not UserState.INVITED:
        _tell(session, place, member_id, "users/removed", now=now)
    _tell_of_contractor(session, place, member_id, act="ユーザの登録の終了", actor=actor, now=now)
    session.flush()
    return ended


def give_up_administrator(
    session: Session, member_id: int, *, role: Role, seen_version: str | None, actor: Actor, now: datetime
) -> None:
    """The acting 管理者 takes another role of the company, where another administrator can act.

    Refusals: those of `place_of`, role_not_granted, not_administrator, last_administrator.
    """
    if actor.user_id is None or actor.mandate_id is not None or actor.member_id != member_id:
        raise NotAllowed
    require_granted(role)
    place = place_of(session, member_id, actor.user_id, actor=actor, staff=_STOP, seen_version=seen_version)
    if not place.is_administrator:
        raise Refusal("not_administrator", "管理者の役割は、すでにありません。ユーザの一覧でご確認ください。")
    require_another_administrator(session, place, member_id=member_id)
    place.affiliation.role = role
    detail = {"member_id": member_id, "to": role}
    audit.record(
        session,
        "user.administrator_given_up",
        subject=f"USER:{actor.user_id}",
        actor=actor,
        now=now,
        detail=detail,
        clause=Clause.C3_1_3_2_2,
    )
    params = {"company": place.company, "name": place.user.name, "role": role}
    session.flush()
    for address in administrator_addresses(session, member_id, but=actor.user_id):
        outbox.queue(session, "users/administrator_given_up", to=address, params=params, member_id=member_id, now=now)


def _require_other(place: Place, actor: Actor) -> None:
    if place.user.id == actor.user_id:
        raise Refusal(
            "own_id",
            "ご自身のユーザIDを停止または取り外すことはできません。ほかの管理者に依頼してください。",
        )


def _tell(session: Session, place: Place, member_id: int, template: str, *, now: datetime) -> None:
    outbox.queue(
        session,
        template,
        to=place.user.email,
        params={"company": place.company, "name": place.user.name},
        user_id=place.user.id,
        member_id=member_id,
        now=now,
    )


def _tell_of_contractor(
    session: Session, place: Place, member_id: int, *, act: str, actor: Actor, now: datetime
) -> None:
    tell_of_contractor(session, member_id, act=act, name=place.user.name, email=place.user.email, actor=actor, now=now)
