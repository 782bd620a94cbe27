"""Reads for the demo's own pages."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from occto.domain.errors import NotFound
from occto.models import DemoMail, User


def newest_mails(session: Session, *, limit: int) -> list[DemoMail]:
    """The newest mails of the demo's mailbox."""
    return list(session.scalars(select(DemoMail).order_by(DemoMail.id.desc()).limit(limit)))


def mail(session: Session, mail_id: int) -> DemoMail:
    """One mail of the demo's mailbox; NotFound where there is none."""
    found = session.get(DemoMail, mail_id) if 0 < mail_id < 2**63 else None
    if found is None:
        raise NotFound
    return found


def users_with_second_factor(session: Session, *, limit: int) -> list[User]:
    """Users whose code the demo can show: staff first, then the oldest."""
    with_factor = select(User).where(User.totp_secret_enc.is_not(None)).order_by(User.kind.desc(), User.id).limit(limit)
    return list(session.scalars(with_factor))
