"""The file of one application as staff see it: everything submitted, said and decided, in a fixed number of statements."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from occto.domain.codes import SubjectKind
from occto.domain.joining import Stage, membership_date
from occto.domain.sections import act_dates
from occto.models import (
    Application,
    ApplicationRevision,
    Attachment,
    Consent,
    ContractOfUse,
    Decision,
    OutboxMail,
    Remark,
    TermsVersion,
    User,
)
from occto.queries.register import KnownMember, member_by_number

MAILS = 50


@dataclass(frozen=True, slots=True)
class CaseFile:
    """A case with all that belongs to it. Revisions, remarks and decisions stand oldest first; `names` are of staff."""

    application: Application
    revisions: list[ApplicationRevision]
    remarks: list[Remark]
    decisions: list[Decision]
    files: list[Attachment]
    mails: list[OutboxMail]
    consent: tuple[Consent, int] | None
    contract: ContractOfUse | None
    names: Mapping[int, str]
    known: KnownMember | None
    """The company as a member on record, where its corporate number is one's."""

    @property
    def newest(self) -> ApplicationRevision | None:
        """What the next decision is about; None before the first submission."""
        return self.revisions[-1] if self.revisions else None

    def compared_with(self, asked: int | None) -> ApplicationRevision | None:
        """The earlier revision to compare the newest with: the one asked for, else the one before it.

        A first main application is so compared with the last provisional one.
        """
        earlier = self.revisions[:-1]
        return next((one for one in earlier if one.id == asked), earlier[-1] if earlier else None)


def case_file(session: Session, application: Application) -> CaseFile:
    """All of one case."""
    of_case = [Remark.subject_kind == SubjectKind.APPLICATION, Remark.subject_id == application.id]
    decided = [Decision.subject_kind == SubjectKind.APPLICATION, Decision.subject_id == application.id]
    remarks = list(session.scalars(select(Remark).where(*of_case).order_by(Remark.id)))
    decisions = list(session.scalars(select(Decision).where(*decided).order_by(Decision.id)))
    files = select(Attachment).where(Attachment.application_id == application.id).order_by(Attachment.id)
    mails = select(OutboxMail).where(OutboxMail.application_id == application.id).order_by(OutboxMail.id.desc())
    consent = session.execute(
        select(Consent, TermsVersion.no)
        .join(TermsVersion, TermsVersion.id == Consent.terms_version_id)
        .where(Consent.application_id == application.id)
        .order_by(Consent.id.desc())
        .limit(1)
    ).first()
    return CaseFile(
        application=application,
        revisions=_revisions(session, application.id),
        remarks=remarks,
        decisions=decisions,
        files=list(session.scalars(files)),
        mails=list(session.scalars(mails.limit(MAILS))),
        consent=(consent[0], consent[1]) if consent else None,
        contract=session.scalar(
            select(ContractOfUse)
            .where(ContractOfUse.application_id == application.id)
            .order_by(ContractOfUse.id.desc())
            .limit(1)
        ),
        names=_names(session, application, remarks, decisions),
        known=member_by_number(session, application.corporate_number),
    )


def _revisions(session: Session, application_id: int) -> list[ApplicationRevision]:
    return list(
        session.scalars(
            select(ApplicationRevision)
            .where(ApplicationRevision.application_id == application_id)
            .order_by(ApplicationRevision.id)
        )
    )


def _names(
    session: Session, application: Application, remarks: list[Remark], decisions: list[Decision]
) -> dict[int, str]:
    ids = {remark.author_id for remark in remarks} | {decision.actor_id for decision in decisions}
    ids |= {application.assignee_id, application.entered_by_id, application.checked_by_id, application.decided_by_id}
    rows = session.execute(select(User.id, User.name).where(User.id.in_(ids - {None})))
    return {row.id: row.name for row in rows}


@dataclass(frozen=True, slots=True)
class DayProposal:
    """The day of membership that the first person is offered; `by_law`: the Act settles it (電気事業法 28条の11 3項)."""

    on: str
    by_law: bool


def day_proposal(file: CaseFile) -> DayProposal | None:
    """The proposal out of the newest main revision; None while no METI act is stated."""
    newest, submitted_at = file.newest, file.application.submitted_at
    if newest is None or newest.stage is not Stage.MAIN or submitted_at is None:
        return None
    dates = list(act_dates(newest.answers).values())
    if not dates:
        return None
    found = membership_date(submitted_at=submitted_at, act_dates=dates)
    return DayProposal(found.on.isoformat(), found.by_law)
