"""Demo people: representatives, contacts and users of a company; some of them serve several."""

import random
from dataclasses import dataclass
from typing import Any

from occto.demo import names
from occto.demo.accounts import ACCOUNTS
from occto.domain.codes import UserState
from occto.domain.permissions import Role

MOST_PEOPLE = 6
"""People of one company at most: the row numbers of users leave room for so many."""
_ROLES = (Role.ADMINISTRATOR, Role.APPLICATIONS, Role.ASSEMBLY, Role.VIEWER, Role.APPLICATIONS, Role.VIEWER)


@dataclass(frozen=True, slots=True)
class Person:
    """A user of the company that it belongs to first."""

    email: str
    name: str
    kana: str
    title: str
    phone: str
    role: Role
    state: UserState
    signed_in_days_ago: int | None
    """When the person signed in first, in days before today; None: never."""


@dataclass(frozen=True, slots=True)
class Shared:
    """A person of another company that has a role here too."""

    owner_index: int
    person_no: int
    role: Role


def name_of(rng: random.Random) -> tuple[str, str, str]:
    """Name, reading and Latin letters of the family, of one invented person."""
    family, given = rng.choice(names.FAMILIES), rng.choice(names.GIVEN_NAMES)
    return f"{family.text} {given.text}", f"{family.kana}　{given.kana}", family.latin


def phone(rng: random.Random, area: str) -> str:
    """A telephone number of the area with an exchange of zeros, which is given to nobody."""
    return f"{area}-{'0' * (6 - len(area))}-{rng.randint(0, 9999):04d}"


def contact(
    rng: random.Random, role: str, domain: str, place: names.Place, departments: tuple[str, ...]
) -> dict[str, Any]:
    """The four items of one contact."""
    name, _kana, latin = name_of(rng)
    return {
        f"{role}_department": f"{rng.choice(departments)} {rng.choice(names.POSTS)}",
        f"{role}_name": name,
        f"{role}_email": f"{latin}.{role.split('_')[0]}@{domain}",
        f"{role}_phone": phone(rng, place.area),
    }


def people_of(rng: random.Random, index: int, domain: str, *, spc: bool, coming: bool) -> tuple[Person, ...]:
    """The company's own users: two to six, none at a single-purpose company, the fixed accounts where they belong."""
    if spc:
        return ()
    fixed = [account for account in ACCOUNTS if account.company == index]
    people = []
    for number in range(max(rng.choice((2, 2, 3, 3, 3, 4, 5, MOST_PEOPLE)), len(fixed))):
        name, kana, latin = name_of(rng)
        state = _state(rng, number) if not coming else UserState.INVITED
        days = rng.randint(5, 360)
        person = Person(
            email=f"{latin}{number + 1}@{domain}",
            name=name,
            kana=kana,
            title=f"{rng.choice(names.DEPARTMENTS)} {rng.choice(names.POSTS)}",
            phone=phone(rng, "03"),
            role=_ROLES[number],
            state=state,
            signed_in_days_ago=days if state is not UserState.INVITED else None,
        )
        if number < len(fixed):
            account = fixed[number]
            person = Person(
                account.login,
                account.name,
                account.kana,
                account.title,
                person.phone,
                account.role,
                UserState.ACTIVE,
                days,
            )
        people.append(person)
    return tuple(people)


def _state(rng: random.Random, number: int) -> UserState:
    chance = rng.random()
    if number == 0:
        return UserState.INVITED if chance < 0.04 else UserState.ACTIVE
    if chance < 0.12:
        return UserState.INVITED
    return UserState.STOPPED if chance < 0.14 else UserState.ACTIVE


def shared_people(index: int, position: int) -> tuple[Shared, ...]:
    """Who of other companies has a role here: the sponsor's people run its companies, the parent's help the child."""
    if position in {5, 6, 7, 8}:
        sponsor = index - position + 4
        return (Shared(sponsor, 0, Role.ADMINISTRATOR), Shared(sponsor, 1, Role.APPLICATIONS))
    if position == 1 and index > 1:  # the first company's people are demo accounts of one company each
        return (Shared(index - 1, 1, Role.ASSEMBLY),)
    return ()
