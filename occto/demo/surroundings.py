"""What stands around the members of the demo: contractors with mandates, yearly confirmations."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from random import Random
from typing import Any

from sqlalchemy.orm import Session

from occto.demo.accounts import ACCOUNTS
from occto.demo.filer import filing_person
from occto.demo.rows import Scene, member_id, user_id
from occto.demo.shapes import Company, corporate_number
from occto.domain.codes import MandateState, Procedure, UserKind, UserState
from occto.domain.dates import start_of_day
from occto.domain.mandates import MandateSide
from occto.domain.permissions import Role
from occto.models import Affiliation, Contractor, Mandate, MandateNominee, MandatePerson, MandateScope, User

_CONTRACTORS = 3  # the kind within a demo corporate number
CONFIRMED_LAST = 400
"""So many days ago the first company confirmed its record: the yearly reminder is due."""


def add_mandates(session: Session, scene: Scene, *, now: datetime) -> None:
    """Two contractors: one acts for the first company and for another member, one did so until last spring.

    The former one proposes to act again; the mandate of the other member ends within the month.
    """
    acting = _contractor(session, 1, "みなと電力サポート株式会社", "minato-support", ("岸 大輔",), now=now)
    person = _fixed_person(session, scene, acting[0], now=now)
    acting = (acting[0], [person, *acting[1]])
    former = _contractor(session, 2, "千代田ビジネスサービス株式会社", "chiyoda-bs", ("堀 文香",), now=now)
    everything = (Procedure.VIEW, Procedure.CHANGES)
    _mandate(session, scene, 0, acting, everything, begun=180, left=185)
    _mandate(session, scene, 4, acting, (Procedure.VIEW, Procedure.ASSEMBLY_REPLY), begun=95, left=20)
    _mandate(session, scene, 0, former, (Procedure.VIEW,), begun=420, ended=190)
    _proposal(session, scene, 0, former, now=now)


def _fixed_person(session: Session, scene: Scene, contractor: Contractor, *, now: datetime) -> User:
    """The demo account of a contractor's person; its first sign-in is still to come, and with it the deemed consent."""
    account = next(each for each in ACCOUNTS if each.kind is UserKind.CONTRACTOR)
    user = User(
        kind=account.kind,
        state=UserState.ACTIVE,
        email=account.login,
        email_key=account.login,
        name=account.name,
        kana=account.kana,
        title=account.title,
        password_hash=scene.password_hash,
        created_at=now - timedelta(days=420),
    )
    session.add(user)
    session.flush()
    session.add(
        Affiliation(
            user_id=user.id, contractor_id=contractor.id, role=Role.CONTRACTOR, started_at=now - timedelta(days=420)
        )
    )
    session.flush()
    return user


def _proposal(
    session: Session, scene: Scene, index: int, held: tuple[Contractor, list[User]], *, now: datetime
) -> None:
    contractor, users = held
    mandate = Mandate(
        member_id=member_id(index),
        contractor_id=contractor.id,
        state=MandateState.PROPOSED,
        proposed_by_id=users[0].id,
        proposed_side=MandateSide.CONTRACTOR,
        proposed_at=now - timedelta(days=2),
        starts_on=scene.today,
        ends_on=scene.today + timedelta(days=365),
    )
    session.add(mandate)
    session.flush()
    session.add(MandateScope(mandate_id=mandate.id, procedure=Procedure.VIEW))
    session.add_all(
        MandateNominee(mandate_id=mandate.id, name=user.name, email=user.email, email_key=user.email_key)
        for user in users
    )
    session.flush()


def _contractor(
    session: Session, number: int, name: str, domain: str, people: tuple[str, ...], *, now: datetime
) -> tuple[Contractor, list[User]]:
    contractor = Contractor(name=name, corporate_number=corporate_number(_CONTRACTORS, number))
    users = [
        User(
            kind=UserKind.CONTRACTOR,
            state=UserState.INVITED,
            email=f"tantou{place}@{domain}.example.jp",
            email_key=f"tantou{place}@{domain}.example.jp",
            name=person,
            title="受託業務部",
            created_at=now - timedelta(days=420),
        )
        for place, person in enumerate(people, 1)
    ]
    session.add_all([contractor, *users])
    session.flush()
    since = now - timedelta(days=420)
    session.add_all(
        Affiliation(user_id=user.id, contractor_id=contractor.id, role=Role.CONTRACTOR, started_at=since)
        for user in users
    )
    session.flush()
    return contractor, users


def _mandate(
    session: Session,
    scene: Scene,
    index: int,
    held: tuple[Contractor, list[User]],
    procedures: tuple[Procedure, ...],
    *,
    begun: int,
    left: int | None = None,
    ended: int | None = None,
) -> None:
    contractor, users = held
    administrator = user_id(scene, index, 0)
    accepted_at = start_of_day(scene.today - timedelta(days=begun + 3)) + timedelta(hours=11)
    ended_at = start_of_day(scene.today - timedelta(days=ended)) + timedelta(hours=15) if ended else None
    mandate = Mandate(
        member_id=member_id(index),
        contractor_id=contractor.id,
        state=MandateState.ENDED if ended else MandateState.ACTIVE,
        proposed_by_id=administrator,
        proposed_side=MandateSide.MEMBER,
        proposed_at=accepted_at,
        ends_on=scene.today + timedelta(days=left) if left else None,
        starts_on=scene.today - timedelta(days=begun),
        accepted_by_id=administrator,
        accepted_at=accepted_at,
        ended_at=ended_at,
        ended_by_id=administrator if ended else None,
        closed_side=MandateSide.MEMBER if ended else None,
    )
    session.add(mandate)
    session.flush()
    session.add_all(MandateScope(mandate_id=mandate.id, procedure=procedure) for procedure in procedures)
    session.add_all(MandatePerson(mandate_id=mandate.id, user_id=user.id) for user in users)
    session.flush()


def confirmations(scene: Scene, made: Company) -> Iterator[dict[str, Any]]:
    """«登録内容に相違ありません»: most members said so within the year, some before, some never.

    The rows lack the newest register change of their instant.
    """
    person = filing_person(made)
    if person is None or made.left_on(scene.today):
        return
    dice = Random(f"{scene.seed}/confirmed/{made.index}")  # noqa: S311 - invented data, the same from run to run
    chance = dice.random()
    days = CONFIRMED_LAST if made.index == 0 else dice.randint(5, 350) if chance < 0.6 else dice.randint(370, 420)
    at = start_of_day(scene.today - timedelta(days=days)) + timedelta(hours=13)
    if at > made.recorded_at and (made.index == 0 or chance <= 0.85):
        yield {"member_id": member_id(made.index), "user_id": user_id(scene, made.index, person), "at": at}
