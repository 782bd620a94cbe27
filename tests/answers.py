"""Complete answers for each stage, and applications brought to a state by the verbs in one line."""

from copy import deepcopy
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from occto import vault
from occto.access import token_hash
from occto.domain.actor import Actor
from occto.domain.canonical import digest
from occto.domain.codes import AttachmentKind, LinkPurpose, ScanState
from occto.domain.joining import ApplicationState, Stage
from occto.domain.permissions import Role
from occto.domain.sections import TERMS
from occto.extensions import db
from occto.models import Application, ApplicationDraft, OutboxMail, User
from occto.queries.terms import terms_in_force
from occto.services import links, outbox
from occto.services.joining import approval, drafts, entry, lapse, review, submission
from occto.unit_of_work import run, unit_of_work
from tests.factories import NOW, Factory, corporate_number

ACT_ON = date(2026, 12, 10)
"""A METI act after NOW: membership by law."""


def complete_answers(stage: Stage, *, serial: int = 1, **overrides: Any) -> dict[str, dict[str, Any]]:
    """Clean answers of every section of `stage`. An override replaces items of its section; None drops the section."""
    answers: dict[str, dict[str, Any]] = {
        "entrant": {"entrant": "COMPANY", "contractor_name": None, "contractor_person": None, "contractor_phone": None},
        "company": {
            "name": f"青空電力{serial}株式会社",
            "kana": "アオゾラデンリョク",
            "name_en": None,
            "corporate_number": corporate_number(500_000 + serial),
            "legal_form": "KK",
            "postal_code": "100-0001",
            "prefecture": "東京都",
            "address": "千代田区千代田1番1号",
        },
        "outline": {
            "representative_title": "代表取締役",
            "representative_name": "髙橋 﨑子",
            "representative_kana": "タカハシ サキコ",
            "capital": 100_000_000,
            "fiscal_month": 3,
            "url": "https://aozora.example.jp/",
        },
        "business": {"licences": ["GEN"], "starts_on": "2027-04-01", "area": None},
        "relations": {"rows": []},
        "contacts": {
            "member_contact_department": "総務部",
            "member_contact_name": "𠮷田 次郎",
            "member_contact_email": f"contact{serial}@aozora.example.jp",
            "member_contact_phone": "03-1234-5678",
        },
        "administrator": {
            "administrator_title": "総務部長",
            "administrator_name": "佐藤 三郎",
            "administrator_kana": "サトウ サブロウ",
            "administrator_email": f"admin{serial}@aozora.example.jp",
            "administrator_phone": "03-1234-5679",
        },
        "pledges": {"no_antisocial_forces": True, "provision_to_state": True},
        "files": {"files": []},
    }
    if stage is Stage.MAIN:
        act = {"status": "ACT", "number": "A0123", "effective_on": ACT_ON.isoformat(), "attachment_id": None}
        answers["code"] = {"operator_code": f"{70_000 + serial:05d}"}
        answers["acts"] = {"acts": {"GEN": act}}
    for section, items in overrides.items():
        if items is None:
            del answers[section]
        else:
            answers[section] = answers.get(section, {}) | deepcopy(items)
    return answers


@dataclass
class Case:
    """An application under test with the people around it."""

    make: Factory
    id: int
    serial: int
    operator: User
    approver: User
    at: datetime = NOW
    overrides: dict[str, Any] = field(default_factory=dict)

    @property
    def applicant(self) -> Actor:
        return self.make.applicant(self.id)

    @property
    def first(self) -> Actor:
        """The operator's stamp."""
        return self.make.actor(self.operator, Role.OPERATOR)

    @property
    def second(self) -> Actor:
        """The approver's stamp."""
        return self.make.actor(self.approver, Role.APPROVER)

    def row(self) -> Application:
        """The case as it stands in the database."""
        db.session.expunge_all()
        db.session.rollback()
        found = db.session.get(Application, self.id)
        assert found is not None
        db.session.expunge(found)
        db.session.rollback()
        return found

    @property
    def version(self) -> int:
        return self.row().version

    @property
    def state(self) -> ApplicationState:
        return self.row().state


def start(make: Factory, *, at: datetime = NOW, email: str | None = None) -> Case:
    """A draft opened through a mailed link."""
    serial = make.serial()
    operator, approver = make.staff(Role.OPERATOR), make.staff(Role.APPROVER)
    email = email or f"founder{serial}@aozora.example.jp"
    token = mint_link(email, purpose=LinkPurpose.APPLY, now=at)
    session_hash = token_hash(vault.make_token())
    anybody = Actor(request_id="test", address="192.0.2.1")
    opened = run(
        entry.use_apply_link,
        token_hash(token),
        application_id=None,
        session_hash=session_hash,
        agent="test",
        actor=anybody,
        now=at,
    )
    return Case(make, opened, serial, operator, approver, at)


def mint_link(email: str, *, purpose: LinkPurpose, now: datetime, hours: int = 72, user_id: int | None = None) -> str:
    """A link as the worker makes it when it delivers the mail; returns the token."""
    token = vault.make_token()
    with unit_of_work() as session:
        mail = outbox.queue(session, "join/start", to=email, now=now, user_id=user_id)
        assert isinstance(mail, OutboxMail)
        links.mint(session, mail, purpose=purpose, token_hash=token_hash(token), hours=hours, now=now)
    return token


def agree(case: Case) -> None:
    """Press 「本利用規約に同意する」."""
    with unit_of_work() as session:
        shown = terms_in_force(session, now=case.at).id
        entry.agree_to_terms(session, case.id, seen_terms_id=shown, actor=case.applicant, now=case.at)


def save(case: Case, answers: dict[str, dict[str, Any]], *, actor: Actor | None = None) -> None:
    """Save these sections as the forms would, whatever was saved before."""
    with unit_of_work() as session:
        for section, values in answers.items():
            draft = session.get(ApplicationDraft, (case.id, section))
            drafts.save_section(
                session,
                case.id,
                section,
                typed={},
                answers=values,
                errors=0,
                seen_version=draft.version if draft else 0,
                actor=actor or case.applicant,
                now=case.at,
            )


def add_file(
    case: Case,
    kind: AttachmentKind = AttachmentKind.METI_ACT,
    *,
    content: bytes = b"%PDF-1.7 test",
    actor: Actor | None = None,
) -> int:
    """Attach a document; returns its id."""
    added = run(
        drafts.add_file,
        case.id,
        kind=kind,
        name="通知.pdf",
        media_type="application/pdf",
        content=content,
        scan_state=ScanState.NOT_CONFIGURED,
        actor=actor or case.applicant,
        now=case.at,
    )
    return added.id


def digest_of(case: Case, stage: Stage) -> str:
    """What the check page would show the digest of."""
    with unit_of_work() as session:
        return digest(submission.answers_of_stage(session, case.id, stage=stage))


def send(case: Case, stage: Stage) -> submission.Submitted:
    """Submit what is saved."""
    seen = digest_of(case, stage)
    return run(submission.submit, case.id, seen_digest=seen, actor=case.applicant, now=case.at)


def filled(make: Factory, *, at: datetime = NOW, **overrides: Any) -> Case:
    """A complete draft, agreed and not yet submitted."""
    case = start(make, at=at)
    agree(case)
    answers = complete_answers(Stage.PROVISIONAL, serial=case.serial, **overrides)
    save(case, {key: values for key, values in answers.items() if key != TERMS.key})
    return case


def submitted(make: Factory, *, at: datetime = NOW, **overrides: Any) -> Case:
    """A provisional application before the staff."""
    case = filled(make, at=at, **overrides)
    send(case, Stage.PROVISIONAL)
    return case


def accepted(make: Factory, *, at: datetime = NOW, **overrides: Any) -> Case:
    """A provisional application that staff have accepted."""
    case = submitted(make, at=at, **overrides)
    run(review.accept, case.id, seen_version=case.version, actor=case.first, now=at)
    return case


def main_started(make: Factory, *, at: datetime = NOW, **overrides: Any) -> Case:
    """A main application begun and not yet submitted."""
    case = accepted(make, at=at, **overrides)
    run(drafts.start_main, case.id, actor=case.applicant, now=at)
    return case


def fill_main(case: Case, *, act_on: date = ACT_ON, pending: bool = False, **overrides: Any) -> None:
    """Save the sections that only the main application has, with the document of the act."""
    answers = complete_answers(Stage.MAIN, serial=case.serial)
    act: dict[str, Any] = {"status": "PENDING", "applied_on": case.at.date().isoformat()}
    if not pending:
        act = answers["acts"]["acts"]["GEN"] | {
            "effective_on": act_on.isoformat(),
            "attachment_id": add_file(case, content=f"%PDF-1.7 {case.serial}".encode()),
        }
    own = {"code": answers["code"], "acts": {"acts": {"GEN": act}}}
    for section, items in overrides.items():
        own[section] = own.get(section, {}) | items
    save(case, own)


def main_submitted(
    make: Factory, *, at: datetime = NOW, act_on: date = ACT_ON, pending: bool = False, **overrides: Any
) -> Case:
    """A main application before the staff; `pending`: its METI act is still to come."""
    case = main_started(make, at=at, **overrides)
    fill_main(case, act_on=act_on, pending=pending)
    send(case, Stage.MAIN)
    return case


def checked(make: Factory, *, at: datetime = NOW, act_on: date = ACT_ON, reason: str = "", **overrides: Any) -> Case:
    """A main application checked by the first person, ready for the second."""
    case = main_submitted(make, at=at, act_on=act_on, **overrides)
    day = act_on if at.date() <= act_on else at.date()
    run(
        review.check,
        case.id,
        member_on=day,
        member_on_reason=reason,
        roster_no=900_000 + case.serial,
        seen_version=case.version,
        actor=case.first,
        now=at,
    )
    return case


def approved(make: Factory, *, at: datetime = NOW, **overrides: Any) -> Case:
    """A member that came through the whole of joining."""
    case = checked(make, at=at, **overrides)
    run(approval.approve, case.id, seen_version=case.version, actor=case.second, now=at)
    return case


def in_state(make: Factory, state: ApplicationState, *, at: datetime = NOW) -> Case:
    """An application in `state`, brought there by the verbs alone."""
    makers = {
        ApplicationState.DRAFT: filled,
        ApplicationState.SUBMITTED: submitted,
        ApplicationState.ACCEPTED: accepted,
        ApplicationState.MAIN_DRAFT: main_started,
        ApplicationState.MAIN_IN_REVIEW: main_submitted,
        ApplicationState.APPROVED: approved,
    }
    if state in makers:
        return makers[state](make, at=at)
    if state is ApplicationState.AWAITING_ACT:
        return main_submitted(make, at=at, pending=True)
    if state is ApplicationState.REMOVED:
        case = filled(make, at=at)
        assert run(lapse.remind_of_draft, case.id, now=at + timedelta(days=76))
        assert run(lapse.remove_draft, case.id, now=at + timedelta(days=90))
        return case
    case = main_submitted(make, at=at) if state is ApplicationState.MAIN_RETURNED else submitted(make, at=at)
    seen: dict[str, Any] = {"seen_version": case.version, "now": at}
    if state is ApplicationState.IN_REVIEW:
        run(review.take, case.id, actor=case.first, **seen)
    elif state in {ApplicationState.RETURNED, ApplicationState.MAIN_RETURNED}:
        run(review.give_back, case.id, reason="書類が足りません", remarks={}, actor=case.first, **seen)
    elif state is ApplicationState.WITHDRAWN:
        run(submission.withdraw, case.id, actor=case.applicant, now=at)
    elif state is ApplicationState.NOT_QUALIFIED:
        run(review.not_qualified, case.id, reason="登録に至らず", no_act_confirmed=True, actor=case.second, **seen)
    elif state is ApplicationState.LAPSED:
        late = at + timedelta(days=366)
        run(
            lapse.lapse,
            case.id,
            reason="1年の経過",
            no_act_confirmed=True,
            actor=case.second,
            seen_version=case.version,
            now=late,
        )
    return case
