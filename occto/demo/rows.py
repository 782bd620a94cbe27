"""Rows of a demo company: the same facts and the same copies for lists as the verbs of the register would make."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from occto.demo.bulk import Sink
from occto.demo.companies import outsider
from occto.demo.people import MOST_PEOPLE, Person
from occto.demo.shapes import BLOCK, Amendment, Company, Held, Tie
from occto.domain.certificates import RANDOM_BITS, code_of
from occto.domain.clauses import Clause
from occto.domain.codes import (
    ACT_OF,
    ChangeSource,
    ConsentKind,
    FormedBy,
    Licence,
    MemberState,
    UserKind,
    UserState,
)
from occto.domain.dates import start_of_day
from occto.domain.permissions import SECOND_FACTOR_ROLES
from occto.domain.profile import profile_items
from occto.domain.text import search_key
from occto.models import (
    Affiliation,
    Body,
    Certificate,
    Consent,
    ContractOfUse,
    ControlFact,
    LicenceFact,
    LicenceHeld,
    Member,
    ProfileFact,
    RegisterChange,
    RosterFact,
    User,
)

_ITEMS = tuple(item.key for item in profile_items())
_LICENCES = {licence: number for number, licence in enumerate(Licence)}


@dataclass(frozen=True, slots=True)
class Scene:
    """What every row of a run shares: `members` companies, whose users are numbered after the staff's `first_user`."""

    seed: int
    members: int
    today: date
    password_hash: str
    totp_enc: str
    fixed_secrets: dict[str, str | None]
    terms_version_id: int
    entered_by: int
    approved_by: int
    reception: int
    first_user: int = 0


def member_id(index: int) -> int:
    """The row number of a demo company's member (and of its body)."""
    return index + 1


def user_id(scene: Scene, index: int, number: int) -> int:
    """The row number of person `number` of company `index`."""
    return scene.first_user + index * MOST_PEOPLE + number + 1


def outsider_body(scene: Scene, number: int) -> int:
    """The row number of the body of an outsider, after those of the members."""
    return scene.members + number + 1


def licence_id(index: int, licence: Licence) -> int:
    """The row number of a licence of a company."""
    return index * len(_LICENCES) + _LICENCES[licence] + 1


def change(scene: Scene, number: int, at: datetime) -> dict[str, Any]:
    """A numbered change, entered by one and approved by another of the staff."""
    return {
        "id": number,
        "at": at,
        "source_kind": ChangeSource.DEMO,
        "source_id": None,
        "actor_id": scene.entered_by,
        "second_actor_id": scene.approved_by,
        "clause": None,
    }


def admit(sink: Sink, scene: Scene, company: Company, *, change_id: int) -> None:
    """Everything of a company's admission: body, member, facts, contract, people."""
    profile = company.profile_on(scene.today)
    number = member_id(company.index)
    sink.add(RegisterChange, [change(scene, change_id, company.recorded_at)])
    body = {"id": number, "name": profile["name"], "corporate_number": profile["corporate_number"]}
    sink.add(Body, [body])
    sink.add(Member, [_member(scene, company, profile)])
    facts = {item: company.profile[item] for item in _ITEMS if company.profile.get(item) not in (None, "")}
    sink.add(ProfileFact, _profile_facts(number, facts, company.member_on, change_id))
    roster = {"member_id": number, "roster_no": company.index + 1, "effective_on": company.member_on}
    sink.add(RosterFact, [roster | {"ended_on": _gone(scene, company), "entered_id": change_id}])
    sink.add(Certificate, [{"member_id": number, "code": _code(scene, number), "issued_at": company.recorded_at}])
    enter_licences(sink, company, company.licences, change_id)
    _ties(sink, scene, company, change_id)
    if not company.paper:
        _people(sink, scene, company)


def _code(scene: Scene, number: int) -> str:
    """The code of a demo company's certificate: the same from run to run."""
    made = hashlib.sha256(f"certificate {scene.seed} {number}".encode()).digest()
    return code_of(int.from_bytes(made) % (1 << RANDOM_BITS))


def amend(sink: Sink, company: Company, amendment: Amendment, *, change_id: int) -> None:
    """The facts of a later change; the change itself and the voiding of what it replaces come before."""
    number = member_id(company.index)
    sink.add(ProfileFact, _profile_facts(number, amendment.values, amendment.effective_on, change_id))
    known = {held.category for held in company.licences}
    enter_licences(sink, company, amendment.licences, change_id, known=known)


def _profile_facts(number: int, facts: dict[str, Any], day: date, change_id: int) -> Iterator[dict[str, Any]]:
    for item, value in facts.items():
        yield {"member_id": number, "item": item, "value": value, "effective_on": day, "entered_id": change_id}


def enter_licences(
    sink: Sink, company: Company, licences: tuple[Held, ...], change_id: int, *, known: set[Licence] | None = None
) -> None:
    """The licences and their acts; a licence among `known` has its row already."""
    for held in licences:
        row = licence_id(company.index, held.category)
        if held.category not in (known or ()):
            sink.add(LicenceHeld, [{"id": row, "member_id": member_id(company.index), "category": held.category}])
        fact = {"licence_id": row, "act": ACT_OF[held.category], "number": held.number, "entered_id": change_id}
        dates = {"effective_on": held.effective_on, "ended_on": held.ended_on, "end_reason": held.end_reason}
        sink.add(LicenceFact, [fact | dates])


def _member(scene: Scene, company: Company, profile: dict[str, Any]) -> dict[str, Any]:
    """The member with its copies for lists, as `services.register.refresh_current` makes them."""
    today, licences = scene.today, company.licences_now()
    in_force = {h.category for h in licences if h.effective_on <= today and (h.ended_on is None or h.ended_on > today)}
    to_come = any(held.effective_on > today for held in licences)
    begun = company.member_on <= today
    state = MemberState.COMING if to_come or not begun else MemberState.LEFT
    return {
        "id": member_id(company.index),
        "body_id": member_id(company.index),
        "operator_code": company.operator_code,
        "current_name": profile["name"],
        "current_kana": profile["kana"],
        "name_key": search_key(profile["name"]),
        "kana_key": search_key(profile["kana"]),
        "current_licences": ",".join(licence.value for licence in Licence if licence in in_force),
        "current_state": MemberState.MEMBER if in_force and begun else state,
        "current_member_on": company.member_on,
    }


def _gone(scene: Scene, company: Company) -> date | None:
    return company.left_on(scene.today)


def _ties(sink: Sink, scene: Scene, company: Company, change_id: int) -> None:
    """The company's parents; the first subsidiary of an outsider brings the outsider and, in even blocks, its parent."""
    for tie in company.ties:
        number = tie.outsider_no
        if number is not None and company.index % BLOCK == 9:
            known = [number, number + 1] if company.index // BLOCK % 2 == 0 else [number]
            for each in known:
                name, corporate_number = outsider(scene.seed, each)
                sink.add(Body, [{"id": outsider_body(scene, each), "name": name, "corporate_number": corporate_number}])
            if len(known) == 2:
                above = Tie(tie.effective_on, outsider_no=number + 1)
                child = outsider_body(scene, number)
                sink.add(ControlFact, [_tie(scene, above, child, change_id)])
        sink.add(ControlFact, [_tie(scene, tie, member_id(company.index), change_id)])


def _tie(scene: Scene, tie: Tie, child: int, change_id: int) -> dict[str, Any]:
    """No company of the demo has two ties, so the child's row number also numbers the relation."""
    parent = member_id(tie.parent_index) if tie.parent_index is not None else None
    if tie.outsider_no is not None:
        parent = outsider_body(scene, tie.outsider_no)
    return {
        "relation_no": child,
        "child_body_id": child,
        "parent_body_id": parent,
        "parent_name": tie.parent_name,
        "controlling": tie.controlling,
        "basis": tie.basis,
        "holding": tie.holding,
        "ratio_bp": tie.ratio_bp,
        "effective_on": tie.effective_on,
        "ended_on": tie.ended_on,
        "entered_id": change_id,
    }


def _people(sink: Sink, scene: Scene, company: Company) -> None:
    left = company.left_on(scene.today)
    ended_at = start_of_day(left) if left else None
    formed_at = company.recorded_at
    contract = {"member_id": member_id(company.index), "formed_at": formed_at, "formed_by": FormedBy.DEEMED}
    contract |= {"terms_version_id": scene.terms_version_id, "ended_at": ended_at and max(ended_at, formed_at)}
    sink.add(ContractOfUse, [contract | {"end_clause": Clause.C2_7_1 if left else None}])
    for number, person in enumerate(company.people):
        row = user_id(scene, company.index, number)
        sink.add(User, [_user(scene, company, person, row)])
        _affiliate(sink, company, row, person.role, ended_at)
        signed_in = _signed_in(scene, company, person)
        if signed_in is not None:
            consent = {"terms_version_id": scene.terms_version_id, "user_id": row, "kind": ConsentKind.DEEMED}
            place = {"member_id": member_id(company.index), "at": signed_in, "address": "192.0.2.1"}
            sink.add(Consent, [consent | place])
    for shared in company.shared:
        _affiliate(sink, company, user_id(scene, shared.owner_index, shared.person_no), shared.role, ended_at)


def _affiliate(sink: Sink, company: Company, row: int, role: str, ended_at: datetime | None) -> None:
    started = company.recorded_at
    times = {"started_at": started, "ended_at": max(ended_at, started) if ended_at else None}
    sink.add(Affiliation, [{"user_id": row, "member_id": member_id(company.index), "role": role} | times])


def _signed_in(scene: Scene, company: Company, person: Person) -> datetime | None:
    if person.signed_in_days_ago is None:
        return None
    at = start_of_day(scene.today - timedelta(days=person.signed_in_days_ago)) + timedelta(hours=11)
    return max(at, company.recorded_at + timedelta(days=1))


def _user(scene: Scene, company: Company, person: Person, row: int) -> dict[str, Any]:
    closed = company.left_on(scene.today) is not None
    state = UserState.CLOSED if closed else person.state
    invited = person.state is UserState.INVITED
    secret = scene.totp_enc if person.role in SECOND_FACTOR_ROLES and not invited else None
    return {
        "id": row,
        "kind": UserKind.MEMBER,
        "state": state,
        "email": person.email,
        "email_key": person.email.lower(),
        "name": person.name,
        "kana": person.kana,
        "title": person.title,
        "phone": person.phone,
        "password_hash": None if invited else scene.password_hash,
        "totp_secret_enc": scene.fixed_secrets.get(person.email, secret),
        "created_at": company.recorded_at,
        "first_signed_in_at": _signed_in(scene, company, person),
        "last_signed_in_at": _signed_in(scene, company, person),
    }
