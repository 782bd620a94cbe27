"""A member of the demo with a change to report: what it fills in and sends, through the verbs."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from occto.demo import documents
from occto.demo.applicant import typed
from occto.demo.rows import Scene, member_id, user_id
from occto.demo.shapes import Company
from occto.domain.actor import Actor
from occto.domain.changes import PROFILE_PARTS, Part, items_of
from occto.domain.codes import AttachmentKind, Audience, ChangeAct, Channel, Licence, ScanState, UserState
from occto.domain.permissions import Role, permissions_of
from occto.models import ChangeDraft, ChangeRequest, ControlFact, LicenceFact, LicenceHeld, Member
from occto.queries.register import profile_as_of
from occto.services.changes import drafts, review, submission

FILING = (Role.ADMINISTRATOR, Role.APPLICATIONS)
"""Roles that may report changes."""


@dataclass(frozen=True, slots=True)
class Ask:
    """What a request asks for: values or rows by part, and which documents prove which items."""

    parts: Mapping[Part, Mapping[str, Any]]
    evidence: Mapping[AttachmentKind, tuple[str, ...]] = field(default_factory=dict)

    def __or__(self, other: "Ask") -> "Ask":
        return Ask({**self.parts, **other.parts}, {**self.evidence, **other.evidence})


def filing_person(company: Company) -> int | None:
    """Which of the company's own people reports changes; None where nobody can."""
    able = (n for n, person in enumerate(company.people) if person.state is UserState.ACTIVE and person.role in FILING)
    return next(able, None)


class Filer:
    """One request of a member. Each method is one act at the instant `now`; `staff` where the office keys it in."""

    def __init__(
        self, session: Session, scene: Scene, company: Company, *, person: int | None = None, staff: Actor | None = None
    ) -> None:
        self.session = session
        self.company = company
        self.member_id = member_id(company.index)
        self.id = 0
        number = person if person is not None else filing_person(company) or 0
        own = Actor(
            user_id=user_id(scene, company.index, number),
            member_id=self.member_id,
            request_id="demo",
            address="192.0.2.20",
            permissions=permissions_of((company.people[number].role,)) if company.people else frozenset(),
        )
        self.actor = staff or own

    @property
    def request(self) -> ChangeRequest:
        """The request as it stands."""
        found = self.session.get(ChangeRequest, self.id)
        assert found is not None
        return found

    @property
    def seen_version(self) -> int:
        """What a verb of staff has to have seen."""
        return self.request.version

    def start(
        self,
        ask: Ask,
        *,
        occurred_on: date,
        now: datetime,
        channel: Channel = Channel.ONLINE,
        received_at: datetime | None = None,
        reason: str | None = None,
    ) -> None:
        """Begin the request about the parts of `ask`."""
        self.id = drafts.start(
            self.session,
            self.member_id,
            parts=ask.parts,
            occurred_on=occurred_on,
            reason=reason,
            channel=channel,
            received_at=received_at,
            actor=self.actor,
            now=now,
        )

    def fill(self, ask: Ask, *, now: datetime) -> None:
        """Complete every part and attach the documents."""
        for part, answers in ask.parts.items():
            self.save(part, self._whole(part, answers), now=now)
        for kind, items in ask.evidence.items():
            self.attach(kind, items, now=now)

    def save(
        self,
        part: Part,
        answers: Mapping[str, Any] | None,
        *,
        now: datetime,
        as_typed: Mapping[str, Any] | None = None,
    ) -> None:
        """Save a part; `answers` None with `as_typed` is one with something wrong in it."""
        draft = self.session.get(ChangeDraft, (self.id, part.value))
        assert draft is not None
        words = as_typed if as_typed is not None else _typed(answers or {})
        drafts.save_part(
            self.session,
            self.id,
            part,
            typed=words,
            answers=answers,
            errors=0 if answers is not None else 1,
            seen_version=draft.version,
            actor=self.actor,
            now=now,
        )

    def attach(self, kind: AttachmentKind, items: Iterable[str], *, now: datetime) -> int:
        """Attach a document that proves `items`; returns its row number."""
        return drafts.add_file(
            self.session,
            self.id,
            kind=kind,
            items=items,
            name=documents.FILE_NAMES[kind],
            media_type="application/pdf",
            content=documents.of_company(kind, self.company.profile["name"]),
            scan_state=ScanState.NOT_CONFIGURED,
            actor=self.actor,
            now=now,
        )

    def submit(self, now: datetime) -> None:
        """Submit what is filled in, as the check page shows it."""
        seen = submission.prepare(self.session, self.request).digest
        submission.submit(self.session, self.id, seen_digest=seen, actor=self.actor, now=now)

    def withdraw(self, now: datetime, *, reason: str) -> None:
        """取り下げる."""
        submission.withdraw(self.session, self.id, actor=self.actor, now=now, reason=reason)

    def write(self, body: str, *, now: datetime) -> None:
        """A letter to the office."""
        review.write_remark(self.session, self.id, body=body, audience=Audience.PARTY, actor=self.actor, now=now)

    def licence_id(self, category: Licence) -> int:
        """The row number of the licence that the member holds."""
        held = select(LicenceHeld.id).join(LicenceFact, LicenceFact.licence_id == LicenceHeld.id)
        live = (LicenceFact.voided_id.is_(None), LicenceFact.ended_on.is_(None))
        mine = (LicenceHeld.member_id == self.member_id, LicenceHeld.category == category)
        return self.session.scalars(held.where(*mine, *live)).one()

    def parent_relation(self) -> int:
        """The number of the relation to the company above."""
        member = self.session.get(Member, self.member_id)
        assert member is not None
        live = (ControlFact.voided_id.is_(None), ControlFact.ended_on.is_(None))
        own = select(ControlFact.relation_no).where(ControlFact.child_body_id == member.body_id, *live)
        return self.session.scalars(own).one()

    def _whole(self, part: Part, answers: Mapping[str, Any]) -> Mapping[str, Any]:
        """A part of the profile as its page gives it back: all its items, those not touched as on record that day."""
        if part not in PROFILE_PARTS:
            return answers
        on_record = profile_as_of(self.session, self.member_id, date.fromisoformat(answers["effective_on"]))
        return {item.key: on_record.get(item.key) for item in items_of(part)} | dict(answers)


def _typed(answers: Mapping[str, Any]) -> dict[str, Any]:
    """Clean answers as a page keeps what was typed; rows speak for themselves."""
    return {} if "rows" in answers else {name: typed(value) for name, value in answers.items()}


def contacts(key: str, on: date, **values: str) -> Ask:
    """Items of one contact (総会担当 and so on); they take effect at once."""
    changed = {f"{key}_{name}": value for name, value in values.items()}
    return Ask({Part.CONTACTS: {"effective_on": on.isoformat(), **changed}})


def profile(part: Part, on: date, *, proved: tuple[str, ...] = (), **values: Any) -> Ask:
    """Items of the profile; a certificate of the registry proves those of `proved`."""
    evidence = {AttachmentKind.REGISTRY: proved} if proved else {}
    return Ask({part: {"effective_on": on.isoformat(), **values}}, evidence)


def licence_added(category: Licence, on: date, *, number: str | None = None) -> Ask:
    """区分の追加, proved by the notice of the METI act."""
    row = {"act": ChangeAct.ADD.value, "category": category.value, "number": number, "effective_on": on.isoformat()}
    proof = {AttachmentKind.METI_ACT: (f"licence:{category.value}",)}
    return Ask({Part.LICENCES: {"rows": [row | {"attachment_id": None}]}}, proof)


def licence_ended(licence_id: int, on: date, reason: str) -> Ask:
    """区分の終了."""
    row = {"act": ChangeAct.END.value, "licence_id": licence_id, "ended_on": on.isoformat(), "end_reason": reason}
    return Ask({Part.LICENCES: {"rows": [row]}}, {AttachmentKind.METI_ACT: (f"licence:licence:{licence_id}",)})


def parent_added(parent: Company, on: date, *, ratio_bp: int = 10_000) -> Ask:
    """A controlling parent that is a member."""
    return _related("PARENT", parent, on, ratio_bp=ratio_bp)


def subsidiary_added(child: Company, on: date, *, ratio_bp: int = 10_000) -> Ask:
    """A member that the company controls from now on."""
    return _related("SUBSIDIARY", child, on, ratio_bp=ratio_bp)


def _related(relation: str, other: Company, on: date, *, ratio_bp: int) -> Ask:
    declared = {
        "relation": relation,
        "name": other.profile_on(on)["name"],
        "corporate_number": other.profile["corporate_number"],
        "is_member": "YES",
        "controlling": True,
        "basis": "MAJORITY",
        "holding": "DIRECT",
        "ratio_bp": ratio_bp,
        "acquired_on": on.isoformat(),
        "ended_on": None,
    }
    row = {"act": ChangeAct.ADD.value, "n": 1, "row": declared, "effective_on": on.isoformat()}
    proof = {AttachmentKind.SHARE_REGISTER: ("relation:new:1",)}
    return Ask({Part.RELATIONS: {"rows": [row]}}, proof)


def relation_ended(relation_no: int, on: date) -> Ask:
    """The end of a relation on record."""
    row = {"act": ChangeAct.END.value, "relation_no": relation_no, "effective_on": on.isoformat()}
    proof = {AttachmentKind.SHARE_REGISTER: (f"relation:relation:{relation_no}",)}
    return Ask({Part.RELATIONS: {"rows": [row]}}, proof)
