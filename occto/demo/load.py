"""Loads the demo: members in bulk, then cases and change requests through the verbs, all in one transaction."""

from bisect import bisect_left
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, select, text, update
from sqlalchemy.orm import Session

from occto import signing, vault
from occto.demo import assemblies, rows, surroundings
from occto.demo.accounts import ACCOUNTS, PASSWORD, SHARED_SECRET
from occto.demo.bulk import Sink
from occto.demo.cases import act_out, approvals
from occto.demo.companies import company
from occto.demo.history import Ledger
from occto.demo.shapes import Amendment, Company
from occto.domain.actor import SYSTEM
from occto.domain.codes import UserKind, UserState
from occto.domain.dates import today_jst
from occto.domain.errors import Refusal
from occto.domain.passwords import normalise_password
from occto.models import (
    Application,
    Body,
    Confirmation,
    LicenceFact,
    Member,
    ProfileFact,
    RegisterChange,
    RegisterHead,
    StaffRole,
    User,
)
from occto.queries.terms import terms_in_force
from occto.services import audit, certificates, search

SEED = 28
SMALLEST = 60
_BATCH, _MANY, _MEMBERS_A_ROUND = 1_000, 2_000, 5_000
Progress = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Secrets:
    """What takes time to make, made before the transaction: one password hash for all, encrypted second factors and signing key."""

    password_hash: str
    totp_enc: str
    fixed: dict[str, str | None]
    key: signing.NewKey


def make_secrets() -> Secrets:
    """The secrets of a run. Every demo user has the same hash: the password is printed anyway."""
    return Secrets(
        password_hash=vault.hash_password(normalise_password(PASSWORD)),
        totp_enc=vault.encrypt(SHARED_SECRET),
        fixed={account.login: vault.encrypt(account.secret) if account.secret else None for account in ACCOUNTS},
        key=signing.make_key(),
    )


def load_demo(
    session: Session,
    members: int,
    *,
    secrets: Secrets,
    now: datetime,
    seed: int = SEED,
    progress: Progress | None = None,
) -> int:
    """Fill an empty database with `members` members (SMALLEST at least), a few of them through approved applications.

    `progress` is told how many members more are there. Refusal not_empty. Returns how many cases of joining there are.
    """
    for model in (Member, User, Application, Body, RegisterChange):
        if session.scalar(select(model.id).limit(1)) is not None:
            raise Refusal("not_empty", "すでにデータがあります。デモデータは、空のデータベースにだけ作成できます。")
    rounds = _rounds(members)
    staff = [account for account in ACCOUNTS if account.kind is UserKind.STAFF]
    scene = rows.Scene(
        seed=seed,
        members=members - approvals(rounds),
        today=today_jst(now),
        password_hash=secrets.password_hash,
        totp_enc=secrets.totp_enc,
        fixed_secrets=secrets.fixed,
        terms_version_id=terms_in_force(session, now=now).id,
        entered_by=1,
        approved_by=2,
        reception=5,
        first_user=len(staff),
    )
    sink = Sink(session.connection())
    _staff(sink, secrets, now=now)
    later: list[tuple[datetime, int]] = []
    confirmed: list[dict[str, Any]] = []
    first_load = _members(sink, scene, later, confirmed, progress=progress)
    later.sort()

    def known_at(at: datetime) -> int:
        return first_load + bisect_left(later, (at, 0))

    ledger = Ledger(sink, scene, known_at)
    last_change = _later(session, sink, scene, later, ledger, number=first_load)
    sink.add(Confirmation, ({**row, "known_change_id": known_at(row["at"])} for row in confirmed))
    if members >= _MANY:
        ledger.open_ones()
    ledger.finish()
    sink.renumber()
    head = session.get(RegisterHead, 1, with_for_update=True)
    assert head is not None
    head.last_change_id = last_change
    session.flush()
    if members >= _MANY:
        session.execute(text("ANALYZE"))  # the planner has seen nothing of these rows yet
    search.refresh(session, session.scalars(select(Member.id)).all(), today=scene.today)
    certificates.enter_first_signing_key(session, **secrets.key.values(), actor=SYSTEM, now=now)
    assemblies.add_assemblies(session, scene, now=now)
    surroundings.add_mandates(session, scene, now=now)
    cases = act_out(session, scene, rounds=rounds, now=now)
    if progress:
        progress(approvals(rounds))
    audit.record(session, "demo.loaded", subject="DEMO:1", actor=SYSTEM, now=now, detail={"members": members})
    if members >= _MANY:
        session.execute(text("ANALYZE"))
    return cases


def _rounds(members: int) -> int:
    """How often every case of joining is played: lists of many members want many cases."""
    return 1 if members < _MANY else max(3, members // _MEMBERS_A_ROUND)


def _staff(sink: Sink, secrets: Secrets, *, now: datetime) -> None:
    """The staff accounts, numbered from 1 in their order."""
    for number, account in enumerate((a for a in ACCOUNTS if a.kind is UserKind.STAFF), 1):
        user = {
            "id": number,
            "kind": account.kind,
            "state": UserState.ACTIVE,
            "email": account.login,
            "email_key": account.login,
            "name": account.name,
            "kana": account.kana,
            "title": account.title,
            "phone": "03-0000-0000",
            "password_hash": secrets.password_hash,
            "totp_secret_enc": secrets.fixed[account.login],
            "created_at": now - timedelta(days=500),
            "first_signed_in_at": now - timedelta(days=499),
            "last_signed_in_at": now - timedelta(days=1),
        }
        sink.add(User, [user])
        sink.add(StaffRole, [{"user_id": number, "role": account.role}])


def _members(
    sink: Sink,
    scene: rows.Scene,
    later: list[tuple[datetime, int]],
    confirmed: list[dict[str, Any]],
    *,
    progress: Progress | None,
) -> int:
    """The companies of the first load, each with a change of its own; returns the number of the last one.

    Adds to `later` when something was recorded since, and of which company, to `confirmed` who confirmed what is on record.
    """
    number = 0
    for index in range(scene.members):
        made = company(scene.seed, index, today=scene.today)
        if not made.joined_since:
            number += 1
            rows.admit(sink, scene, made, change_id=number)
            if made.amendment:
                later.append((made.amendment.at, index))
        else:
            later.append((made.recorded_at, index))
        confirmed.extend(surroundings.confirmations(scene, made))
        if progress and (index + 1) % _BATCH == 0:
            progress(_BATCH)
    if progress:
        progress(scene.members % _BATCH)
    sink.flush()
    return number


def _later(
    session: Session,
    sink: Sink,
    scene: rows.Scene,
    events: list[tuple[datetime, int]],
    ledger: Ledger,
    *,
    number: int,
) -> int:
    """What was recorded since the first load, numbered in the order of time; returns the number of the last change."""
    for start in range(0, len(events), _BATCH):
        batch = [(at, company(scene.seed, index, today=scene.today)) for at, index in events[start : start + _BATCH]]
        amended = []
        for _at, made in batch:
            number += 1
            if made.joined_since:
                rows.admit(sink, scene, made, change_id=number)
            elif made.amendment:
                sink.add(RegisterChange, [ledger.change(number, made, made.amendment)])
                amended.append((number, made, made.amendment))
        sink.flush()
        _void(session, amended)
        for change_id, made, amendment in amended:
            rows.amend(sink, made, amendment, change_id=change_id)
    sink.flush()
    return number


def _void(session: Session, amended: list[tuple[int, Company, Amendment]]) -> None:
    """Close what corrections and ended licences replace, as the register does: by the number of the change."""
    values = [
        {"change": change_id, "member": rows.member_id(made.index), "key": item, "day": amendment.effective_on}
        for change_id, made, amendment in amended
        if amendment.correction
        for item in amendment.values
    ]
    licences = [
        {"change": change_id, "licence": rows.licence_id(made.index, held.category)}
        for change_id, made, amendment in amended
        for held in amendment.licences
        if held.category in {known.category for known in made.licences}
    ]
    fact = ProfileFact.__table__
    profile = update(fact).where(  # type: ignore[arg-type]
        fact.c.member_id == bindparam("member"),
        fact.c.item == bindparam("key"),
        fact.c.effective_on == bindparam("day"),
        fact.c.voided_id.is_(None),
    )
    held_fact = LicenceFact.__table__
    licence = update(held_fact).where(  # type: ignore[arg-type]
        held_fact.c.licence_id == bindparam("licence"), held_fact.c.voided_id.is_(None)
    )
    for statement, parameters in ((profile, values), (licence, licences)):
        if parameters:
            session.connection().execute(statement.values(voided_id=bindparam("change")), parameters)
