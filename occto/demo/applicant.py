"""An applicant of the demo: what it answers in each section, and its side of joining, through the verbs."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from occto import vault
from occto.access import token_hash
from occto.demo.shapes import Company
from occto.domain.actor import Actor
from occto.domain.canonical import digest
from occto.domain.codes import AttachmentKind, Licence, LinkPurpose, ScanState
from occto.domain.dates import today_jst
from occto.domain.joining import MAIN_STAGE, Stage
from occto.domain.numbers import format_ratio_bp
from occto.domain.permissions import Role, permissions_of
from occto.domain.profile import PROFILE_SECTIONS
from occto.domain.settings import APPLY_URL_HOURS, CONFIRM_HOURS
from occto.models import Application, ApplicationDraft, OutboxMail
from occto.queries.terms import terms_in_force
from occto.services import links
from occto.services.joining import drafts, entry, submission

PDF = (
    b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n"
    b"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Resources<<>>>>endobj\n"
    b"xref\n0 4\n0000000000 65535 f \n0000000009 00000 n \n0000000052 00000 n \n0000000101 00000 n \n"
    b"trailer<</Size 4/Root 1 0 R>>\nstartxref\n178\n%%EOF\n"
)
"""An empty page: the smallest file that is what it says."""
_FILE_NAMES = {
    AttachmentKind.REGISTRY: "履歴事項全部証明書.pdf",
    AttachmentKind.MANDATE_LETTER: "委任状.pdf",
    AttachmentKind.PAPER_SCAN: "加入申請書.pdf",
    AttachmentKind.CAPITAL_CHART: "資本関係図.pdf",
    AttachmentKind.METI_ACT: "経済産業省の通知.pdf",
}
_ADDRESS, _AGENT = "192.0.2.10", "Mozilla/5.0 (demo)"


def typed(value: Any) -> str | list[str]:
    """A clean value as it stands in an input."""
    if isinstance(value, list):
        return [str(each) for each in value]
    if isinstance(value, bool):
        return "y" if value else ""
    return "" if value is None else str(value)


def typed_section(key: str, answers: Mapping[str, Any]) -> dict[str, Any]:
    """A section's clean answers as its page keeps what was typed."""
    if key == "relations":
        lines = [{name: typed(value) for name, value in row.items()} for row in answers["rows"]]
        for line, row in zip(lines, answers["rows"], strict=True):
            line["controlling"] = "YES" if row["controlling"] else "NO"
            line["ratio_bp"] = "" if row["ratio_bp"] is None else format_ratio_bp(row["ratio_bp"])
        return {"rows": lines, "done": "ALL" if lines else "NONE"}
    if key == "acts":
        kept = ("attachment_id", "attachment_name")
        acts = answers["acts"].items()
        return {"acts": {name: {k: v if k in kept else typed(v) for k, v in act.items()} for name, act in acts}}
    return {name: typed(value) for name, value in answers.items()}


class Applicant:
    """One company on its way to membership. Each method is one act at the instant `now`.

    `actor` and `email` change for a case on paper, `contractor` where somebody else fills the application in.
    """

    def __init__(
        self, session: Session, company: Company, *, contractor: bool = False, staff: Actor | None = None
    ) -> None:
        self.session = session
        self.company = company
        self.contractor = contractor
        self.staff = staff
        self.id = 0
        person = company.people[0]
        self.administrator = {
            "administrator_title": person.title,
            "administrator_name": person.name,
            "administrator_kana": person.kana,
            "administrator_email": person.email,
            "administrator_phone": person.phone,
        }
        self.relations: list[dict[str, Any]] = []

    @property
    def email(self) -> str:
        """The address that the links go to."""
        return f"daiko@jimu-{self.company.domain}" if self.contractor else f"kanyu@{self.company.domain}"

    @property
    def actor(self) -> Actor:
        """Who fills the application in: its own session, or the staff that keys it in."""
        mine = permissions_of((Role.APPLICANT,))
        own = Actor(application_id=self.id, request_id="demo", address=_ADDRESS, permissions=mine)
        return self.staff or own

    @property
    def case(self) -> Application:
        """The case as it stands."""
        found = self.session.get(Application, self.id)
        assert found is not None
        return found

    def start(self, now: datetime) -> None:
        """Ask for the link and use it."""
        nobody = Actor(request_id="demo", address=_ADDRESS)
        keys = {"account_key": vault.keyed(self.email), "address_key": vault.keyed(_ADDRESS)}
        entry.request_link(self.session, self.email, **keys, actor=nobody, now=now)
        link = self._link(LinkPurpose.APPLY, hours=APPLY_URL_HOURS, to=self.email, now=now)
        session_hash = token_hash(vault.make_token())
        self.id = entry.use_apply_link(
            self.session, link, application_id=None, session_hash=session_hash, agent=_AGENT, actor=nobody, now=now
        )

    def agree(self, now: datetime) -> None:
        """「本利用規約に同意する」."""
        version = terms_in_force(self.session, now=now)
        entry.agree_to_terms(self.session, self.id, seen_terms_id=version.id, actor=self.actor, now=now)

    def fill(self, now: datetime, *, sections: tuple[str, ...] | None = None) -> None:
        """Complete the sections of the provisional application, all or those named."""
        for key, answers in self._answers().items():
            if sections is None or key in sections:
                self.save(key, answers, now=now)
        if sections is None:
            kinds = [AttachmentKind.REGISTRY]
            kinds += [AttachmentKind.MANDATE_LETTER] if self.contractor else []
            kinds += [AttachmentKind.PAPER_SCAN] if self.staff else []
            kinds += [AttachmentKind.CAPITAL_CHART] if self.relations else []
            for kind in kinds:
                self.add_file(kind, now=now)
            drafts.finish_files(self.session, self.id, actor=self.actor, now=now)

    def save(
        self, key: str, answers: Mapping[str, Any] | None, *, now: datetime, as_typed: Mapping[str, Any] | None = None
    ) -> None:
        """Save one section; `answers` None with `as_typed` is a section with something wrong in it."""
        words = as_typed if as_typed is not None else typed_section(key, answers or {})
        draft = self.session.get(ApplicationDraft, (self.id, key))
        drafts.save_section(
            self.session,
            self.id,
            key,
            typed=words,
            answers=answers,
            errors=0 if answers is not None else 1,
            seen_version=draft.version if draft else 0,
            actor=self.actor,
            now=now,
        )

    def add_file(self, kind: AttachmentKind, *, now: datetime) -> int:
        """Attach the demo's empty page as a document of this kind; returns its id."""
        return drafts.add_file(
            self.session,
            self.id,
            kind=kind,
            name=_FILE_NAMES[kind],
            media_type="application/pdf",
            content=PDF,
            scan_state=ScanState.NOT_CONFIGURED,
            actor=self.actor,
            now=now,
        ).id

    def submit(self, now: datetime, *, received_at: datetime | None = None) -> None:
        """Submit the stage that is open, as the check page shows it."""
        stage = Stage.MAIN if self.case.state in MAIN_STAGE else Stage.PROVISIONAL
        seen = digest(submission.answers_of_stage(self.session, self.id, stage=stage))
        submission.submit(self.session, self.id, seen_digest=seen, actor=self.actor, now=now, received_at=received_at)

    def confirm(self, now: datetime) -> None:
        """The 会員担当 confirms what the contractor entered."""
        to = self.company.profile["member_contact_email"]
        link = self._link(LinkPurpose.CONFIRM_APPLICATION, hours=CONFIRM_HOURS, to=to, now=now)
        seen = self.case.confirmation_digest or ""
        submission.confirm(
            self.session, link, seen_digest=seen, actor=Actor(request_id="demo", address=_ADDRESS), now=now
        )

    def main_application(self, now: datetime, acts: Mapping[Licence, date | None]) -> None:
        """Fill the main application: per licence the day of the METI act, None while 申請中."""
        if self.case.state not in MAIN_STAGE:
            drafts.start_main(self.session, self.id, actor=self.actor, now=now)
        self.save("code", {"operator_code": self.case.operator_code}, now=now)
        answers = {}
        for licence, day in acts.items():
            done = day is not None
            answers[licence.value] = {
                "status": "ACT" if done else "PENDING",
                "number": f"G{self.company.index % 9_973:04d}" if done else None,
                "effective_on": day.isoformat() if day else None,
                "applied_on": None if done else today_jst(now).isoformat(),
                "attachment_id": self.add_file(AttachmentKind.METI_ACT, now=now) if done else None,
                "attachment_name": _FILE_NAMES[AttachmentKind.METI_ACT] if done else None,
            }
        self.save("acts", {"acts": answers}, now=now)

    @property
    def licences(self) -> list[Licence]:
        """The categories applied for."""
        return [held.category for held in self.company.licences]

    def _answers(self) -> dict[str, dict[str, Any]]:
        profile = self.company.profile | {"licences": [licence.value for licence in self.licences]}
        answers: dict[str, dict[str, Any]] = {"entrant": self._entrant()}
        for section in PROFILE_SECTIONS:
            answers[section.key] = {item.key: profile.get(item.key) for item in section.items}
        answers["relations"] = {"rows": self.relations}
        answers["administrator"] = self.administrator
        answers["pledges"] = {"no_antisocial_forces": True, "provision_to_state": True}
        return answers

    def _entrant(self) -> dict[str, Any]:
        values: dict[str, Any] = {"entrant": "CONTRACTOR" if self.contractor else "COMPANY"}
        names = ("汐風行政書士事務所", "書川 綾", "03-0000-4321") if self.contractor else (None, None, None)
        keys = ("contractor_name", "contractor_person", "contractor_phone")
        return values | dict(zip(keys, names, strict=True))

    def _link(self, purpose: LinkPurpose, *, hours: int, to: str, now: datetime) -> str:
        """The link in the newest mail to this address, as if it had been delivered at once."""
        newest = select(OutboxMail).where(OutboxMail.to_address == to).order_by(OutboxMail.id.desc()).limit(1)
        mail = self.session.scalars(newest).one()
        hashed = token_hash(vault.make_token())
        links.mint(self.session, mail, purpose=purpose, token_hash=hashed, hours=hours, now=now)
        return hashed
