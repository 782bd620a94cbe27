"""Databases to measure on: a demo of many members made once and kept, and copies of it for each run."""

import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
from flask import Flask
from flask_migrate import upgrade
from sqlalchemy import UnaryExpression, func, select
from sqlalchemy.engine import make_url

import config
from occto import clock, create_app, vault
from occto.access import token_hash
from occto.demo.load import load_demo, make_secrets
from occto.domain.codes import MemberState
from occto.domain.joining import ApplicationState
from occto.domain.permissions import Role
from occto.extensions import db
from occto.models import Affiliation, Application, ApplicationDraft, Member, SessionRow, StaffRole
from occto.queries.search import members_named
from occto.services.sign_in import SESSION_LIFE
from occto.unit_of_work import run, unit_of_work

ROOT = Path(__file__).resolve().parent.parent
POSTGRES = os.environ.get("TEST_POSTGRES_URL", "postgresql://postgres@127.0.0.1:5432/postgres")


@dataclass(frozen=True, slots=True)
class Ground:
    """Two equal databases, who is signed in there (a cookie each) and the addresses of the pages."""

    members: int
    ours: str
    bare: str
    cookies: Mapping[str, str]
    application_id: int
    member_id: int
    near_the_end: int
    near_by_code: int
    near_by_id: int
    rare: str
    environment: Mapping[str, str]


def new_environment() -> dict[str, str]:
    """Secrets of this run; nothing of the caller's own configuration."""
    kept = {name: value for name, value in os.environ.items() if name in {"PATH", "HOME", "LANG", "TMPDIR"}}
    return kept | {"SECRET_KEY": vault.make_token(), "DATA_KEY": vault.make_token()}


def app_of(url: str, environment: Mapping[str, str]) -> Flask:
    return create_app(config.load({**environment, "DATABASE_URL": url}))


def _age() -> str:
    """Changes with the migrations, so that a kept database always has the present schema."""
    files = sorted((ROOT / "migrations" / "versions").glob("*.py"))
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()[:8]


def _fill(url: str, members: int, environment: Mapping[str, str]) -> None:
    app = app_of(url, environment)
    with app.app_context():
        upgrade(directory=str(ROOT / "migrations"))
        run(load_demo, members, secrets=make_secrets(), now=clock.now())
        db.session.remove()
        db.engine.dispose()


def postgres(*statements: str) -> None:
    with psycopg.connect(POSTGRES, autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement.encode())


def address(name: str) -> str:
    return make_url(POSTGRES).set(database=name).render_as_string(hide_password=False)


@contextmanager
def ground(kind: str, members: int, *, also: Callable[[Flask], None] | None = None) -> Iterator[Ground]:
    """Copies of the kept database, with open sessions; removed at the end. The kept one is made where it is missing.

    `also` adds to them what one measurement needs.
    """
    environment = new_environment()
    with _copies(kind, members, environment) as (ours, bare, copy):
        app = app_of(ours, environment)
        with app.app_context():
            cookies, application_id, member_id = _sign_in(app)
            places = [
                _near_the_end(key) for key in (Member.kana_key.desc(), Member.operator_code.desc(), Member.id.asc())
            ]
            rare = _rare_term()
            if also is not None:
                also(app)
            db.session.remove()
            db.engine.dispose()
        copy()
        yield Ground(members, ours, bare, cookies, application_id, member_id, *places, rare, environment)


@contextmanager
def _copies(kind: str, members: int, environment: Mapping[str, str]) -> Iterator[tuple[str, str, Any]]:
    """Addresses of our copy and of the bare one, and what makes the second out of the first."""
    if kind == "sqlite":
        kept = ROOT / "var" / f"bench-{members}-{_age()}.db"
        if not kept.exists():
            kept.parent.mkdir(mode=0o700, exist_ok=True)
            making = kept.with_suffix(".new")
            making.unlink(missing_ok=True)
            _fill(f"sqlite:///{making}", members, environment)
            making.rename(kept)
        with tempfile.TemporaryDirectory() as folder:
            ours, bare = Path(folder) / "ours.db", Path(folder) / "bare.db"
            shutil.copyfile(kept, ours)
            yield f"sqlite:///{ours}", f"sqlite:///{bare}", lambda: shutil.copyfile(ours, bare)
        return
    kept_name = f"occto_bench_{members}_{_age()}"
    with psycopg.connect(POSTGRES) as connection:
        known = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (kept_name,)).fetchone()
    if known is None:
        postgres(f'DROP DATABASE IF EXISTS "{kept_name}_new"', f'CREATE DATABASE "{kept_name}_new"')
        _fill(address(f"{kept_name}_new"), members, environment)
        postgres(f'ALTER DATABASE "{kept_name}_new" RENAME TO "{kept_name}"')
    ours_name, bare_name = (f"occto_bench_{side}_{members}_{os.getpid()}" for side in ("ours", "bare"))
    try:
        postgres(f'CREATE DATABASE "{ours_name}" TEMPLATE "{kept_name}"')
        make_bare = f'CREATE DATABASE "{bare_name}" TEMPLATE "{ours_name}"'
        yield address(ours_name), address(bare_name), lambda: postgres(make_bare)
    finally:
        postgres(*(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)' for name in (ours_name, bare_name)))


def _sign_in(app: Flask) -> tuple[dict[str, str], int, int]:
    """Open sessions for an administrator of a member, an operator and an applicant; cookies, case and member."""
    session = db.session()
    user_id, member_id = session.execute(
        select(Affiliation.user_id, Affiliation.member_id)
        .join(Member, Member.id == Affiliation.member_id)
        .where(Affiliation.role == Role.ADMINISTRATOR, Affiliation.ended_at.is_(None))
        .where(Member.current_state == MemberState.MEMBER)
        .order_by(Affiliation.id)
        .limit(1)
    ).one()
    operator = session.scalar(select(StaffRole.user_id).where(StaffRole.role == Role.OPERATOR).limit(1))
    application_id = session.scalar(
        select(Application.id)
        .join(ApplicationDraft, ApplicationDraft.application_id == Application.id)
        .where(Application.state == ApplicationState.DRAFT, Application.email.is_not(None))
        .group_by(Application.id)
        .order_by(func.count().desc(), Application.id)
        .limit(1)
    )
    assert application_id is not None
    now = clock.now()
    cookies = {
        "member": _session(app, now, user_id=user_id, member_id=member_id),
        "staff": _session(app, now, user_id=operator),
        "applicant": _session(app, now, application_id=application_id),
    }
    return cookies, application_id, member_id


def _near_the_end(backwards: UnaryExpression[Any]) -> int:
    """The row number of the member behind which some 120 are left in the order that this one runs back through."""
    order = select(Member.id).order_by(backwards, Member.id.desc())
    return db.session().scalar(order.offset(120).limit(1)) or db.session().scalar(order.limit(1)) or 0


def _rare_term() -> str:
    """Two neighbouring signs of names that few members have."""
    session = db.session()
    names = session.scalars(select(Member.name_key).order_by(Member.id.desc()).limit(3)).all()
    found = {name[place : place + 2] for name in names for place in range(len(name) - 1)}
    few = {pair: len(session.scalars(members_named(session, pair).limit(500)).all()) for pair in sorted(found)}
    return min(few, key=lambda pair: (few[pair], pair))


def _session(app: Flask, now: datetime, **whose: int | None) -> str:
    """A session row; returns the cookie that a browser would hold."""
    return cookies_of(app, [whose], now=now)[0]


def cookies_of(app: Flask, people: Sequence[Mapping[str, int | None]], *, now: datetime) -> list[str]:
    """Open sessions, one for each of `people` (user_id, member_id or application_id), and their cookies in this order."""
    signer = app.session_interface.get_signing_serializer(app)  # type: ignore[attr-defined]
    tokens = [vault.make_token() for _ in people]
    rows = [
        SessionRow(
            token_hash=token_hash(token),
            created_at=now,
            seen_at=now + timedelta(minutes=20),  # no write of «seen» falls into a measured round
            ends_at=now + SESSION_LIFE,
            second_factor_at=now,
            address="127.0.0.1",
            agent="benchmark",
            **whose,
        )
        for token, whose in zip(tokens, people, strict=True)
    ]
    with unit_of_work() as session:
        session.add_all(rows)
    return [str(signer.dumps({"sid": token})) for token in tokens]
