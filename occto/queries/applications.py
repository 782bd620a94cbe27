"""Reads of an application for whoever fills it in. Scoped: a case of somebody else is not found."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from occto.domain.codes import Audience, Channel, LinkPurpose, SubjectKind
from occto.domain.errors import NotFound
from occto.domain.joining import ApplicationState, Stage
from occto.domain.permissions import Permission
from occto.models import Application, ApplicationDraft, ApplicationRevision, Attachment, Decision, Link, Remark, User
from occto.queries.viewer import Viewer


def own_case(session: Session, application_id: int, *, viewer: Viewer) -> Application:
    """The viewer's own case, or a paper case for staff who key such in; NotFound for any other."""
    application = session.get(Application, application_id) if 0 < application_id < 2**63 else None
    if application is None or application.state is ApplicationState.REMOVED:
        raise NotFound
    own = viewer.application_id == application.id
    paper = application.channel is Channel.PAPER and viewer.can(Permission.APPLICATION_ENTER_PAPER)
    if not own and not paper:
        raise NotFound
    return application


def by_id(session: Session, application_id: int) -> Application:
    """The case with this row number, for callers that have checked who asks; NotFound where there is none."""
    application = session.get(Application, application_id)
    if application is None:
        raise NotFound
    return application


def drafts(session: Session, application_id: int) -> dict[str, ApplicationDraft]:
    """The saved sections by key."""
    rows = session.scalars(select(ApplicationDraft).where(ApplicationDraft.application_id == application_id))
    return {row.section: row for row in rows}


def revisions(session: Session, application_id: int) -> list[ApplicationRevision]:
    """Everything submitted, oldest first."""
    return list(
        session.scalars(
            select(ApplicationRevision)
            .where(ApplicationRevision.application_id == application_id)
            .order_by(ApplicationRevision.id)
        )
    )


def provisional_answers(session: Session, application_id: int) -> ApplicationRevision | None:
    """The newest provisional revision: what a main application is compared with."""
    return session.scalar(
        select(ApplicationRevision)
        .where(ApplicationRevision.application_id == application_id, ApplicationRevision.stage == Stage.PROVISIONAL)
        .order_by(ApplicationRevision.no.desc())
        .limit(1)
    )


def accepted_revision(session: Session, application: Application) -> ApplicationRevision | None:
    """The provisional revision that was accepted: the newest submitted before the acceptance."""
    if application.accepted_at is None:
        return None
    return session.scalar(
        select(ApplicationRevision)
        .where(
            ApplicationRevision.application_id == application.id,
            ApplicationRevision.stage == Stage.PROVISIONAL,
            ApplicationRevision.submitted_at <= application.accepted_at,
        )
        .order_by(ApplicationRevision.no.desc())
        .limit(1)
    )


@dataclass(frozen=True, slots=True)
class Letter:
    """One letter of the conversation; `mine`: by the applicant. Pages show both sides in these words."""

    mine: bool
    name: str
    organisation: str
    at: datetime
    text: str


def letters(session: Session, application: Application) -> list[Letter]:
    """The conversation, oldest first; what staff wrote for staff is not in it, nor their names."""
    rows = session.scalars(
        select(Remark)
        .where(
            Remark.subject_kind == SubjectKind.APPLICATION,
            Remark.subject_id == application.id,
            Remark.audience == Audience.PARTY,
            Remark.item.is_(None),
        )
        .order_by(Remark.id)
    )
    company = application.name or "申請者"
    return [
        Letter(
            mine=row.author_id is None,
            name=company if row.author_id is None else "当機関の担当者",
            organisation="" if row.author_id is None else "電力広域的運営推進機関",
            at=row.at,
            text=row.body,
        )
        for row in rows
    ]


def remarks_on_sections(session: Session, application: Application) -> dict[str, str]:
    """What the office asked for at the last return, by section."""
    last = last_return(session, application)
    if last is None:
        return {}
    rows = session.scalars(
        select(Remark)
        .where(
            Remark.subject_kind == SubjectKind.APPLICATION,
            Remark.subject_id == application.id,
            Remark.audience == Audience.PARTY,
            Remark.item.is_not(None),
            Remark.revision_no == last.revision_no,
            Remark.stage == last.stage,
        )
        .order_by(Remark.id)
    )
    return {row.item: row.body for row in rows if row.item}


def last_return(session: Session, application: Application) -> Decision | None:
    """The newest 差戻し, with its reason."""
    return session.scalar(
        select(Decision)
        .where(
            Decision.subject_kind == SubjectKind.APPLICATION,
            Decision.subject_id == application.id,
            Decision.step.in_(("return_provisional", "return_main")),
        )
        .order_by(Decision.id.desc())
        .limit(1)
    )


def decisions(session: Session, application_id: int) -> list[tuple[Decision, str | None]]:
    """Every step taken, newest first, with the name of whoever took it."""
    rows = session.execute(
        select(Decision, User.name)
        .outerjoin(User, User.id == Decision.actor_id)
        .where(Decision.subject_kind == SubjectKind.APPLICATION, Decision.subject_id == application_id)
        .order_by(Decision.id.desc())
    )
    return [(row[0], row[1]) for row in rows]


def files(session: Session, application_id: int) -> list[Attachment]:
    """The files in the draft, oldest first."""
    return list(
        session.scalars(
            select(Attachment)
            .where(Attachment.application_id == application_id, Attachment.removed_at.is_(None))
            .order_by(Attachment.id)
        )
    )


def case_of_link(session: Session, link: Link) -> Application:
    """The case that a confirmation link is about; NotFound where it is gone."""
    application = session.get(Application, link.application_id) if link.application_id else None
    if application is None or link.purpose is not LinkPurpose.CONFIRM_APPLICATION:
        raise NotFound
    return application
