"""書面の申請: staff key it in with the scan and the time received; whoever keyed it in may not approve it."""

from datetime import datetime

from sqlalchemy.orm import Session

from occto.domain.actor import Actor
from occto.domain.codes import Channel
from occto.domain.errors import NotAllowed
from occto.domain.joining import ApplicationState
from occto.domain.permissions import Permission
from occto.models import Application
from occto.services import audit
from occto.services.joining.case import subject_of


def start_paper_application(session: Session, *, email: str | None, actor: Actor, now: datetime) -> int:
    """Open a case for an application that came on paper; `email` where the company gave one. Returns its id."""
    if not actor.can(Permission.APPLICATION_ENTER_PAPER) or actor.user_id is None:
        raise NotAllowed
    application = Application(
        state=ApplicationState.DRAFT,
        channel=Channel.PAPER,
        email=email,
        email_key=email.lower() if email else None,
        entered_by_id=actor.user_id,
        created_at=now,
        saved_at=now,
    )
    session.add(application)
    session.flush()
    detail = {"channel": Channel.PAPER}
    audit.record(session, "application.started", subject=subject_of(application), actor=actor, now=now, detail=detail)
    return application.id
