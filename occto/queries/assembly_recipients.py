"""Who is told about an assembly: the one rule for notices, addenda, reminders, postponement and cancellation."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from sqlalchemy import Select, or_, select
from sqlalchemy.orm import Session

from occto.domain.codes import MandateState, Procedure
from occto.domain.profile import ASSEMBLY_CONTACT, MEMBER_CONTACT
from occto.domain.recipients import RecipientKind
from occto.models import (
    Affiliation,
    ContractOfUse,
    Mandate,
    MandatePerson,
    MandateScope,
    ProfileFact,
    User,
)
from occto.queries.people import REACHED, REACHED_ADMINISTRATOR

FEW = 500
"""Up to so many members are named in the statements; of more, everything is read and the rest left out."""
_CONTACTS = {ASSEMBLY_CONTACT: RecipientKind.ASSEMBLY_CONTACT, MEMBER_CONTACT: RecipientKind.MEMBER_CONTACT}


@dataclass(frozen=True, slots=True)
class Recipient:
    """Somebody at a member with the address to write to. `user_id`: the ユーザ with this address, if it is one of these."""

    kind: RecipientKind
    name: str
    email: str
    user_id: int | None = None


def recipients(session: Session, member_ids: Sequence[int] | None, *, today: date) -> dict[int, list[Recipient]]:
    """Member → who is told about its assemblies, each address once; `member_ids` None: of all members.

    総会担当 else 会員担当 on record, every 管理者 (invited ones too, stopped ones not), and the persons of contractors under
    a mandate for 総会回答 in force. A member without a contract of use or without any address has no entry: 紙対応. Four
    statements, whatever the number of members.
    """
    wanted = None if member_ids is None else set(member_ids)
    named = wanted if wanted is not None and len(wanted) <= FEW else None
    served = set(_rows(session, select(ContractOfUse.member_id).where(ContractOfUse.ended_at.is_(None)), named))
    if wanted is not None:
        served &= wanted
    found: dict[int, dict[str, Recipient]] = defaultdict(dict)
    for member_id, one in (
        *_contacts(session, named, today=today),
        *_people(session, _administrators(), named, RecipientKind.ADMINISTRATOR),
        *_people(session, _contractors(today), named, RecipientKind.CONTRACTOR),
    ):
        if member_id not in served:
            continue
        known = found[member_id].setdefault(one.email.lower(), one)
        if known.user_id is None and one.user_id is not None:
            found[member_id][one.email.lower()] = replace(known, user_id=one.user_id)
    return {member_id: list(people.values()) for member_id, people in sorted(found.items())}


def _rows(session: Session, query: Select[Any], named: set[int] | None) -> Iterable[Any]:
    """The rows of a query whose first column is the member, or that column where it is the only one."""
    column: Any = query.selected_columns[0]
    if named is not None:
        query = query.where(column.in_(named))
    return session.scalars(query) if len(query.selected_columns) == 1 else session.execute(query)


def _contacts(session: Session, named: set[int] | None, *, today: date) -> list[tuple[int, Recipient]]:
    """総会担当 where it has an address, else 会員担当: the newest value of each item that holds today."""
    items = [f"{contact}_{part}" for contact in _CONTACTS for part in ("email", "name")]
    query = (
        select(ProfileFact.member_id, ProfileFact.item, ProfileFact.value)
        .where(
            ProfileFact.item.in_(items),
            ProfileFact.voided_id.is_(None),
            ProfileFact.effective_on <= today,
        )
        .order_by(ProfileFact.item, ProfileFact.member_id, ProfileFact.effective_on)
    )
    newest: dict[int, dict[str, str]] = defaultdict(dict)
    for member_id, item, value in _rows(session, query, named):
        newest[member_id][item] = value or ""
    found = []
    for member_id, values in newest.items():
        contact = next((one for one in _CONTACTS if values.get(f"{one}_email")), None)
        if contact is not None:
            name = values.get(f"{contact}_name") or "ご担当者"
            found.append((member_id, Recipient(_CONTACTS[contact], name, values[f"{contact}_email"])))
    return found


def _people(
    session: Session, query: Select[Any], named: set[int] | None, kind: RecipientKind
) -> list[tuple[int, Recipient]]:
    return [
        (row.member_id, Recipient(kind, row.name, row.email, row.id))
        for row in _rows(session, query.where(User.state.in_(REACHED)).order_by(User.id), named)
    ]


def _administrators() -> Any:
    return (
        select(Affiliation.member_id, User.id, User.name, User.email)
        .join(User, User.id == Affiliation.user_id)
        .where(
            Affiliation.member_id.is_not(None),
            *REACHED_ADMINISTRATOR,
        )
    )


def _contractors(today: date) -> Any:
    """Persons named in a mandate for 総会回答 in force, still with the contractor (`viewer.mandate_in_force` of many)."""
    return (
        select(Mandate.member_id, User.id, User.name, User.email)
        .join(MandateScope, MandateScope.mandate_id == Mandate.id)
        .join(MandatePerson, MandatePerson.mandate_id == Mandate.id)
        .join(
            Affiliation,
            (Affiliation.user_id == MandatePerson.user_id) & (Affiliation.contractor_id == Mandate.contractor_id),
        )
        .join(User, User.id == MandatePerson.user_id)
        .where(
            MandateScope.procedure == Procedure.ASSEMBLY_REPLY,
            Mandate.state == MandateState.ACTIVE,
            Mandate.starts_on <= today,
            or_(Mandate.ends_on.is_(None), Mandate.ends_on > today),
            Affiliation.ended_at.is_(None),
            Affiliation.stopped_at.is_(None),
        )
    )
