"""What staff meet on every screen: numbers of what waits, and the case that has waited longest."""

from sqlalchemy import func, or_, select, true
from sqlalchemy.orm import Session

from occto.domain.codes import MailState
from occto.domain.importing import ImportState
from occto.domain.permissions import Permission
from occto.models import AccountRequest, Application, ChangeRequest, ImportBatch, OutboxMail
from occto.queries.plain import one_of, rows_of
from occto.queries.viewer import Viewer
from occto.queries.work_tabs import (
    ACCOUNT_WAITS,
    APPLICATION_WAITS,
    CHANGE_WAITS,
    STAFF_FACTOR_WAITS,
    application_for_another_person,
)

UNDELIVERED = (MailState.FAILED, MailState.BOUNCED)


def next_waiting(session: Session, *, viewer: Viewer, but: int | None = None) -> Application | None:
    """The case that has waited longest for a step this viewer may take, other than `but`."""
    if not viewer.can(Permission.APPLICATION_PROCESS):
        return None
    me = viewer.user_id or 0
    approvable = application_for_another_person(me) if viewer.can(Permission.APPLICATION_APPROVE) else ~true()
    mine = or_(Application.checked_by_id.is_(None), approvable)
    return session.scalar(
        select(Application)
        .where(APPLICATION_WAITS, Application.id != (but or 0), mine)
        .order_by(Application.waiting_since, Application.id)
        .limit(1)
    )


_WAITING = select(
    select(func.count()).select_from(Application).where(APPLICATION_WAITS).scalar_subquery().label("cases"),
    select(func.count()).select_from(ChangeRequest).where(CHANGE_WAITS).scalar_subquery().label("changes"),
    select(func.count()).select_from(AccountRequest).where(ACCOUNT_WAITS).scalar_subquery().label("accounts"),
    select(func.count()).select_from(AccountRequest).where(STAFF_FACTOR_WAITS).scalar_subquery().label("staff_factors"),
    select(func.count())
    .select_from(OutboxMail)
    .where(one_of(OutboxMail.state, UNDELIVERED))
    .scalar_subquery()
    .label("mails"),
    select(func.count())
    .select_from(ImportBatch)
    .where(ImportBatch.state == ImportState.CHECKED)
    .scalar_subquery()
    .label("imports"),
)
"""Built once: every staff screen asks it."""


def waiting_numbers(session: Session) -> dict[str, int]:
    """What the menu says: cases and requests waiting for staff, all together, mails that did not arrive, imports to release."""
    found = rows_of(session, _WAITING).one()
    return {
        "cases": found.cases,
        "changes": found.changes,
        "accounts": found.accounts,
        "staff_factors": found.staff_factors,
        "work": found.cases + found.changes + found.accounts,
        "mails": found.mails,
        "imports": found.imports,
    }
