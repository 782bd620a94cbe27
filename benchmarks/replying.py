"""An assembly open for replies on the demo, a session for every member that can answer, and a client that answers through the pages."""

import http.client
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from html.parser import HTMLParser
from urllib.parse import urlencode

from flask import Flask
from sqlalchemy import func, select

from benchmarks.prepare import cookies_of
from occto import clock
from occto.domain.agenda import ItemKind, usual_consent, usual_majority
from occto.domain.assembly import AssemblyKind, AssemblyState, fiscal_year
from occto.domain.assembly_settings import AssemblySettings, stored_settings
from occto.domain.codes import SnapshotState, UserKind, UserState
from occto.domain.dates import today_jst
from occto.domain.permissions import Role
from occto.extensions import db
from occto.models import Affiliation, AgendaItem, Assembly, ContractOfUse, Snapshot, SnapshotMember, StaffRole, User
from occto.queries.allocation import calculate
from occto.services import snapshots
from occto.unit_of_work import unit_of_work

CHOICES = ("YES", "YES", "YES", "NO", "ABSTAIN")
ITEM = re.compile(r"item_\d+$")


@dataclass(frozen=True, slots=True)
class Voter:
    """A member that holds votes, with the cookie of its administrator."""

    member_id: int
    cookie: str


@dataclass(slots=True)
class Meeting:
    """What `open_assembly` has made."""

    assembly_id: int = 0
    item_ids: list[int] = field(default_factory=list)
    voters: list[Voter] = field(default_factory=list)
    staff: str = ""


def open_assembly(meeting: Meeting, *, items: int = 10, voters: int) -> Callable[[Flask], None]:
    """What adds the assembly to a database, frozen and open for replies; fills `meeting`."""

    def add(app: Flask) -> None:
        now = clock.now()
        today = today_jst(now)
        approvers = db.session.scalars(select(StaffRole.user_id).where(StaffRole.role == Role.APPROVER).limit(1)).all()
        operator = db.session.scalar(select(StaffRole.user_id).where(StaffRole.role == Role.OPERATOR).limit(1))
        with unit_of_work() as session:
            row = Assembly(
                kind=AssemblyKind.EXTRAORDINARY,
                fiscal_year=fiscal_year(today),
                no=(session.scalar(select(func.max(Assembly.no))) or 0) + 1,
                held_at=now + timedelta(days=20),
                place="計測",
                record_on=today,
                reply_until=now + timedelta(days=1),
                state=AssemblyState.REPLIES_OPEN,
                settings=stored_settings(AssemblySettings()),
            )
            session.add(row)
            session.flush()
            agenda = [
                AgendaItem(
                    assembly_id=row.id,
                    no=no,
                    kind=ItemKind.OTHER,
                    title=f"第{no}号の件",
                    majority=usual_majority(ItemKind.OTHER),
                    consent=usual_consent(ItemKind.OTHER),
                    notified_at=now,
                )
                for no in range(1, items + 1)
            ]
            session.add_all(agenda)
            snapshots.keep(
                session,
                calculate(session, row),
                state=SnapshotState.FROZEN,
                reason="計測",
                made_by_id=operator,
                second_by_id=approvers[0],
                now=now,
            )
            meeting.assembly_id, meeting.item_ids = row.id, [one.id for one in agenda]
        whose = _people(meeting.assembly_id, voters, now=now)
        cookies = cookies_of(app, [*whose, {"user_id": approvers[0]}], now=now)
        meeting.staff = cookies.pop()
        meeting.voters = [Voter(one["member_id"], cookie) for one, cookie in zip(whose, cookies, strict=True)]

    return add


def _people(assembly_id: int, voters: int, *, now: datetime) -> list[dict[str, int]]:
    """A person of each of so many members with votes: its administrator, else one made here that may reply."""
    holders = db.session.scalars(
        select(SnapshotMember.member_id)
        .join(Snapshot, Snapshot.id == SnapshotMember.snapshot_id)
        .join(ContractOfUse, ContractOfUse.member_id == SnapshotMember.member_id)
        .where(Snapshot.assembly_id == assembly_id, SnapshotMember.votes > 0, ContractOfUse.ended_at.is_(None))
        .order_by(SnapshotMember.member_id)
        .limit(voters)
    ).all()
    known = dict(
        db.session.execute(
            select(Affiliation.member_id, func.min(Affiliation.user_id))
            .join(User, User.id == Affiliation.user_id)
            .where(
                Affiliation.role == Role.ADMINISTRATOR,
                Affiliation.ended_at.is_(None),
                Affiliation.stopped_at.is_(None),
                User.state == UserState.ACTIVE,
            )
            .group_by(Affiliation.member_id)
        ).all()
    )
    lacking = [member_id for member_id in holders if member_id not in known]
    with unit_of_work() as session:
        made = [
            User(
                kind=UserKind.MEMBER,
                state=UserState.ACTIVE,
                email=f"reply{member_id}@bench.example.jp",
                email_key=f"reply{member_id}@bench.example.jp",
                name="計測 太郎",
                password_hash="none",  # noqa: S106 - nobody signs in with it
                created_at=now,
            )
            for member_id in lacking
        ]
        session.add_all(made)
        session.flush()
        session.add_all(
            Affiliation(user_id=user.id, member_id=member_id, role=Role.ASSEMBLY, started_at=now)
            for user, member_id in zip(made, lacking, strict=True)
        )
        known |= {member_id: user.id for user, member_id in zip(made, lacking, strict=True)}
    return [{"user_id": known[member_id], "member_id": member_id} for member_id in holders]


class _Forms(HTMLParser):
    """The forms of a page: action and the values that a browser would send, radio buttons not chosen yet left out."""

    def __init__(self) -> None:
        super().__init__()
        self.forms: list[tuple[str, list[tuple[str, str]]]] = []
        self.radios: list[str] = []
        self._inside = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.forms.append((found.get("action", ""), []))
            self._inside = True
        if not self._inside or "name" not in found or "disabled" in found:
            return
        kind, name = found.get("type", "text"), found["name"]
        if kind == "radio":
            self.radios.append(name)
        sent = kind not in ("radio", "checkbox", "submit", "file") or "checked" in found
        if tag in ("button", "textarea") or (tag == "input" and sent):
            self.forms[-1][1].append((name, found.get("value", "")))

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._inside = False


class RefusedError(RuntimeError):
    """An answer that was not what the client asked for."""


@dataclass(slots=True)
class Client:
    """A browser of one voter over one connection that is kept open."""

    connection: http.client.HTTPConnection
    cookie: str

    def send(self, method: str, path: str, body: str | None = None) -> tuple[int, str, str]:
        """Status, address to go on to, and page."""
        headers = {"Cookie": f"session={self.cookie}"}
        if body is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        self.connection.request(method, path, body=body, headers=headers)
        answer = self.connection.getresponse()
        page = answer.read().decode()
        for value in answer.headers.get_all("Set-Cookie") or []:
            if value.startswith("session="):
                self.cookie = value.split(";")[0].partition("=")[2]
        return answer.status, answer.headers.get("Location", ""), page


def form_of(page: str, path: str, *, with_field: str) -> tuple[str, dict[str, str], list[str]]:
    """Where the form with this field goes, its values, and the names of the radio buttons of the page."""
    parser = _Forms()
    parser.feed(page)
    for action, values in parser.forms:
        if with_field in dict(values):
            return action or path, dict(values), parser.radios
    raise RefusedError(f"no form with {with_field} on {path}")


def fill(client: Client, path: str, *, number: int, changes: Mapping[str, str] | None = None) -> tuple[str, str]:
    """Open the form, choose, and send it to be checked: address and body of the request that then takes the reply."""
    status, _where, page = client.send("GET", path)
    if status != 200:
        raise RefusedError(f"GET {path}: {status} {errors_of(page)}")
    action, values, radios = form_of(page, path, with_field="form_id")
    values |= {"attendance": "ELECTRONIC"} | dict(changes or {})
    values |= {
        name: CHOICES[(number + place) % len(CHOICES)]
        for place, name in enumerate(dict.fromkeys(filter(ITEM.match, radios)))
    }
    for name in ("save", "again", "add"):
        values.pop(name, None)
    status, where, page = client.send("POST", action, urlencode(values))
    if status in (302, 303):
        path = where
        status, _where, page = client.send("GET", where)
    if status != 200:
        raise RefusedError(f"POST {action}: {status} {errors_of(page)}")
    action, values, _radios = form_of(page, path, with_field="form_id")
    values.pop("again", None)
    return action, urlencode(values)


def errors_of(page: str) -> str:
    """The summary of errors of a page that came back."""
    found = re.search(r'<div class="error-summary".*?</div>', page, re.DOTALL)
    return " ".join(re.sub(r"<[^>]+>", " ", found[0]).split()) if found else ""
