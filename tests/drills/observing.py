"""What the drills look for in the database: each submission there whole, or not at all."""

from dataclasses import dataclass

from sqlalchemy import func, select

from occto import clock
from occto.domain.joining import ApplicationState
from occto.extensions import db
from occto.models import (
    Application,
    ApplicationRevision,
    AuditEvent,
    Counter,
    Decision,
    DeclarationRow,
    FormSubmission,
    OutboxMail,
)
from occto.services import audit
from occto.unit_of_work import run


@dataclass(frozen=True, slots=True)
class Traces:
    """How many rows of each kind an application has because it was submitted."""

    revisions: int
    declarations: bool
    decisions: int
    events: int
    mails: int


WHOLE = Traces(revisions=1, declarations=True, decisions=1, events=1, mails=2)
NOTHING = Traces(revisions=0, declarations=False, decisions=0, events=0, mails=0)


def numbers_of(ids: list[int]) -> dict[int, str]:
    """The acceptance numbers by application, after proving that every submission is whole or has left no trace."""
    db.session.remove()
    found = {}
    for application_id in ids:
        row = db.session.get(Application, application_id)
        assert row is not None
        if row.acceptance_number is None:
            assert row.state is ApplicationState.DRAFT
            assert traces(application_id) == NOTHING
        else:
            assert row.state is ApplicationState.SUBMITTED
            assert traces(application_id) == WHOLE
            found[application_id] = row.acceptance_number
    assert _count(FormSubmission.form_id) == len(found)
    given = db.session.scalar(select(func.sum(Counter.value)).where(Counter.name == "application")) or 0
    assert given == len(found) == len(set(found.values()))
    db.session.rollback()
    return found


def traces(application_id: int) -> Traces:
    """What a submission of this application has left in each table."""
    event = AuditEvent.id, AuditEvent.tag == "application.submitted", AuditEvent.application_id == application_id
    mail = OutboxMail.id, OutboxMail.template == "join/submitted", OutboxMail.application_id == application_id
    return Traces(
        revisions=_count(ApplicationRevision.id, ApplicationRevision.application_id == application_id),
        declarations=_count(DeclarationRow.id, DeclarationRow.application_id == application_id) > 0,
        decisions=_count(Decision.id, Decision.subject_id == application_id),
        events=_count(*event),
        mails=_count(*mail),
    )


def _count(column: object, *conditions: object) -> int:
    return db.session.scalar(select(func.count(column)).where(*conditions)) or 0  # type: ignore[arg-type]


def require_whole_trail() -> None:
    """Seal what waits, as the next worker does, and verify the chain from its first link."""
    while run(audit.seal, now=clock.now()):
        pass
    report = audit.verify(db.session())
    db.session.rollback()
    assert (report.fault, report.unsealed) == (None, 0)
    assert report.links > 0
