"""Change requests brought to a state by the verbs, in one line: what tests of changes, review and register stand on."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from occto.domain.actor import Actor
from occto.domain.changes import ChangeState, Part, evidence_key, needs_evidence
from occto.domain.codes import AttachmentKind, Channel, ScanState
from occto.domain.permissions import Role
from occto.extensions import db
from occto.models import ChangeDraft, ChangeItem, ChangeRequest, Member, User
from occto.services.changes import approval, drafts, review, submission
from occto.services.changes.case import newest_revision, rows_of
from occto.unit_of_work import run, unit_of_work
from tests.factories import NOW, Factory

TODAY = date(2026, 11, 23)
"""The day it is in Japan at NOW."""
SOON = TODAY + timedelta(days=10)
PDF = b"%PDF-1.7 evidence"

Answers = Mapping[Part, Mapping[str, Any]]


def renamed(name: str = "青空電力株式会社", *, on: date = SOON, **others: Any) -> Answers:
    """A new 商号 from a day on, with whatever else of the same part."""
    return {Part.COMPANY: {"effective_on": on.isoformat(), "name": name, **others}}


def capital(yen: int, *, on: date = SOON, **others: Any) -> Answers:
    """Another 資本金: it touches votes."""
    return {Part.OUTLINE: {"effective_on": on.isoformat(), "capital": yen, **others}}


def site(url: str = "https://new.example.jp/", *, on: date = TODAY) -> Answers:
    """An immediate item alone."""
    return {Part.OUTLINE: {"effective_on": on.isoformat(), "url": url}}


def licence_added(category: str, *, on: date = SOON, number: str | None = "B0001", **others: Any) -> dict[str, Any]:
    """One row of the part of licences: a category from the day of its act on."""
    return {"act": "ADD", "category": category, "number": number, "effective_on": on.isoformat(), **others}


def licence_ended(licence_id: int, *, on: date = SOON, reason: str = "CLOSURE_NOTIFICATION") -> dict[str, Any]:
    """One row of the part of licences: the end of a licence."""
    return {"act": "END", "licence_id": licence_id, "ended_on": on.isoformat(), "end_reason": reason}


def relation_row(number: str | None, *, relation: str = "PARENT", **changes: Any) -> dict[str, Any]:
    """The row of a control relation as its form gives it; `number` is the other company's corporate number."""
    row = {
        "relation": relation,
        "name": f"関係会社{number or ''}",
        "corporate_number": number,
        "is_member": "NO",
        "controlling": True,
        "basis": "MAJORITY",
        "ratio_bp": 6000,
        "holding": "DIRECT",
        "acquired_on": None,
        "ended_on": None,
    }
    return row | changes


def relation_added(number: str | None, *, on: date = SOON, **changes: Any) -> dict[str, Any]:
    """One row of the part of relations: a new one."""
    return {"act": "ADD", "effective_on": on.isoformat(), "row": relation_row(number, **changes)}


def relation_ended(relation_no: int, *, on: date = SOON) -> dict[str, Any]:
    """One row of the part of relations: the end of one."""
    return {"act": "END", "effective_on": on.isoformat(), "relation_no": relation_no}


def rows(part: Part, *listed: Mapping[str, Any]) -> Answers:
    """The answers of a part that is a list."""
    return {part: {"rows": [dict(row) for row in listed]}}


def licences(*listed: Mapping[str, Any]) -> Answers:
    return rows(Part.LICENCES, *listed)


def relations(*listed: Mapping[str, Any]) -> Answers:
    return rows(Part.RELATIONS, *listed)


@dataclass
class Request:
    """A change request under test with the people around it. Stamps: `filer`, `first` (operator), `second` (approver)."""

    make: Factory
    id: int
    member: Member
    person: User
    operator: User
    approver: User
    channel: Channel = Channel.ONLINE
    at: datetime = NOW

    @property
    def filer(self) -> Actor:
        """Whoever fills it in: the member's user, or staff where it is not on line."""
        if self.channel is Channel.ONLINE:
            return self.make.actor(self.person, Role.ADMINISTRATOR, member=self.member)
        return self.make.actor(self.person, Role.OPERATOR)

    @property
    def first(self) -> Actor:
        return self.make.actor(self.operator, Role.OPERATOR)

    @property
    def second(self) -> Actor:
        return self.make.actor(self.approver, Role.APPROVER)

    def row(self) -> ChangeRequest:
        """The request as it stands in the database."""
        db.session.expunge_all()
        db.session.rollback()
        found = db.session.get(ChangeRequest, self.id)
        assert found is not None
        db.session.expunge(found)
        db.session.rollback()
        return found

    @property
    def version(self) -> int:
        return self.row().version

    @property
    def state(self) -> ChangeState:
        return self.row().state

    def items(self) -> list[ChangeItem]:
        """The items of the newest revision."""
        db.session.expunge_all()
        db.session.rollback()
        revision = newest_revision(db.session(), self.id)
        assert revision is not None
        found = list(rows_of(db.session(), revision))
        db.session.expunge_all()
        db.session.rollback()
        return found

    def seen(self, actor: Actor | None = None) -> dict[str, Any]:
        """The keywords that every act of the staff takes, as from a fresh screen; the operator's unless said otherwise."""
        return {"seen_version": self.version, "actor": actor or self.first, "now": self.at}


def drafted(
    make: Factory,
    parts: Iterable[Part],
    *,
    member: Member | None = None,
    person: User | None = None,
    channel: Channel = Channel.ONLINE,
    occurred_on: date = TODAY,
    received_at: datetime | None = None,
    reason: str | None = None,
    at: datetime = NOW,
) -> Request:
    """A draft about these parts, still empty; by an administrator of its own, or keyed in by an operator."""
    member = member or make.member()
    if person is None:
        person = make.user() if channel is Channel.ONLINE else make.staff(Role.OPERATOR)
        if channel is Channel.ONLINE:
            make.affiliate(person, member)
    request = Request(make, 0, member, person, make.staff(Role.OPERATOR), make.staff(Role.APPROVER), channel, at)
    if channel is Channel.PAPER and received_at is None:
        received_at = at - timedelta(days=1)
    request.id = run(
        drafts.start,
        member.id,
        parts=list(parts),
        occurred_on=occurred_on,
        reason=reason or ("誤記のため" if channel is Channel.STAFF else None),
        channel=channel,
        received_at=received_at,
        actor=request.filer,
        now=at,
    )
    return request


def save(request: Request, answers: Answers) -> None:
    """Save these parts as the forms would, whatever was saved before."""
    for part, values in answers.items():
        run(
            drafts.save_part,
            request.id,
            part,
            typed={},
            answers=values,
            errors=0,
            seen_version=version_of_part(request, part),
            actor=request.filer,
            now=request.at,
        )


def version_of_part(request: Request, part: Part) -> int:
    """The version of a part that a fresh page would show."""
    db.session.expunge_all()
    db.session.rollback()
    draft = db.session.get(ChangeDraft, (request.id, part.value))
    assert draft is not None
    db.session.expunge_all()
    db.session.rollback()
    return draft.version


def add_file(
    request: Request,
    *items: str,
    kind: AttachmentKind = AttachmentKind.REGISTRY,
    content: bytes = PDF,
    actor: Actor | None = None,
) -> int:
    """Attach a document that proves these items; returns its id."""
    return run(
        drafts.add_file,
        request.id,
        kind=kind,
        items=items,
        name="証明書.pdf",
        media_type="application/pdf",
        content=content,
        scan_state=ScanState.NOT_CONFIGURED,
        actor=actor or request.filer,
        now=request.at,
    )


def prove(request: Request) -> None:
    """Attach what the check of documents asks for: one document for all items that need one, and the scan of a paper."""
    prepared = prepare(request)
    needed = [evidence_key(item) for item in prepared.items if needs_evidence(item)]
    if needed and request.channel is not Channel.STAFF:
        add_file(request, *needed)
    if request.channel is Channel.PAPER:
        add_file(request, kind=AttachmentKind.PAPER_SCAN)


def prepare(request: Request) -> submission.Prepared:
    """What the check page would show."""
    with unit_of_work() as session:
        found = session.get(ChangeRequest, request.id)
        assert found is not None
        return submission.prepare(session, found)


def send(request: Request, *, actor: Actor | None = None, now: datetime | None = None) -> str:
    """Submit what is saved, as from a fresh check page; returns the number."""
    seen = prepare(request).digest
    return run(submission.submit, request.id, seen_digest=seen, actor=actor or request.filer, now=now or request.at)


def filled(make: Factory, answers: Answers, **start: Any) -> Request:
    """A complete draft with its documents, not yet submitted. `start`: keywords of `drafted`."""
    request = drafted(make, answers, **start)
    save(request, answers)
    prove(request)
    return request


def submitted(make: Factory, answers: Answers, **start: Any) -> Request:
    """A request before the staff (decided already where all its items are immediate)."""
    request = filled(make, answers, **start)
    send(request)
    return request


def checked(make: Factory, answers: Answers, **start: Any) -> Request:
    """A request with its first person: the operator has checked it, or it was keyed in by staff."""
    request = submitted(make, answers, **start)
    if request.channel is Channel.ONLINE:
        run(review.check, request.id, **request.seen())
    return request


def approve(request: Request, **changes: Any) -> int:
    """The approver approves; returns the number of the register change."""
    return run(approval.approve, request.id, **(request.seen(request.second) | changes))


def approved(make: Factory, answers: Answers, **start: Any) -> Request:
    """A request that two of the staff have carried into the register."""
    request = checked(make, answers, **start)
    approve(request)
    return request


def give_back(request: Request, *, reason: str = "書類が読めません") -> None:
    """The operator returns it."""
    run(review.give_back, request.id, reason=reason, remarks={}, **request.seen())


def hold(request: Request, *, reason: str = "照会中") -> None:
    """The operator puts it on hold."""
    run(review.hold, request.id, reason=reason, **request.seen())


def in_state(make: Factory, state: ChangeState, *, answers: Answers | None = None, **start: Any) -> Request:
    """A request in `state`, brought there by the verbs alone: 商号 from SOON unless `answers` say otherwise."""
    answers = answers or renamed()
    if state is ChangeState.DRAFT:
        return filled(make, answers, **start)
    if state is ChangeState.APPROVED:
        return approved(make, answers, **start)
    request = submitted(make, answers, **start)
    if state is ChangeState.IN_REVIEW:
        run(review.take, request.id, **request.seen())
    elif state is ChangeState.RETURNED:
        give_back(request)
    elif state is ChangeState.WITHDRAWN:
        run(submission.withdraw, request.id, actor=request.filer, now=request.at)
    return request
