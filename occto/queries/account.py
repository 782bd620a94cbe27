"""Reads of アカウント: one's own sessions and sign-ins, over all companies."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from occto.domain.codes import UserKind
from occto.domain.devices import device_words
from occto.domain.permissions import SECOND_FACTOR_ROLES
from occto.models import Affiliation, AuditEvent, Contractor, Mandate, Member, RecoveryCode, SessionRow, StaffRole, User
from occto.queries.viewer import MEMBER_IDLE, STAFF_IDLE


@dataclass(frozen=True, slots=True)
class OwnSession:
    """A session as its owner sees it; `company` is '' where none is chosen, `whole` False before the second factor."""

    id: int
    device: str
    address: str
    created_at: datetime
    seen_at: datetime
    ended_at: datetime | None
    company: str
    contractor: str
    whole: bool


def open_sessions(session: Session, user_id: int, *, now: datetime) -> list[OwnSession]:
    """The sessions of the person that a cookie still opens, newest first."""
    user = session.get(User, user_id)
    idle = STAFF_IDLE if user is not None and user.kind is UserKind.STAFF else MEMBER_IDLE
    return _sessions(
        session, user_id, SessionRow.ended_at.is_(None), SessionRow.ends_at > now, SessionRow.seen_at > now - idle
    )


def past_sign_ins(session: Session, user_id: int, *, limit: int = 30) -> list[OwnSession]:
    """The newest sessions of the person, open or over: the history of sign-in (利用規約 3.3/3.4.1)."""
    return _sessions(session, user_id, limit=limit)


def _sessions(session: Session, user_id: int, *conditions: object, limit: int = 200) -> list[OwnSession]:
    rows = session.execute(
        select(
            SessionRow,
            Member.current_name,
            Contractor.name.label("contractor"),
            User.totp_secret_enc.is_not(None).label("has_totp"),
        )
        .join(User, User.id == SessionRow.user_id)
        .join(Member, Member.id == SessionRow.member_id, isouter=True)
        .join(Mandate, Mandate.id == SessionRow.mandate_id, isouter=True)
        .join(Contractor, Contractor.id == Mandate.contractor_id, isouter=True)
        .where(SessionRow.user_id == user_id, *conditions)  # type: ignore[arg-type]
        .order_by(SessionRow.id.desc())
        .limit(limit)
    )
    return [
        OwnSession(
            id=row.SessionRow.id,
            device=device_words(row.SessionRow.agent),
            address=row.SessionRow.address,
            created_at=row.SessionRow.created_at,
            seen_at=row.SessionRow.seen_at,
            ended_at=row.SessionRow.ended_at,
            company=row.current_name or "",
            contractor=row.contractor or "",
            whole=row.SessionRow.second_factor_at is not None or not row.has_totp,
        )
        for row in rows
    ]


@dataclass(frozen=True, slots=True)
class Failure:
    """An attempt in the name of the person that did not pass."""

    at: datetime
    tag: str


def failures(session: Session, user_id: int, *, limit: int = 20) -> list[Failure]:
    """The newest failed sign-ins and checks of the person, newest first."""
    rows = session.execute(
        select(AuditEvent.at, AuditEvent.tag)
        .where(AuditEvent.subject == f"USER:{user_id}", AuditEvent.tag.in_(("sign_in.failed", "account.check_failed")))
        .order_by(AuditEvent.id.desc())
        .limit(limit)
    )
    return [Failure(row.at, row.tag) for row in rows]


def recovery_codes_left(session: Session, user_id: int) -> int:
    """How many recovery codes the person has not used yet."""
    return len(
        session.scalars(
            select(RecoveryCode.id).where(RecoveryCode.user_id == user_id, RecoveryCode.used_at.is_(None))
        ).all()
    )


def second_factor_compulsory(session: Session, user_id: int) -> bool:
    """Whether a role of the person, at whichever company or of the staff, asks for the second factor."""
    staff = select(StaffRole.role).where(StaffRole.user_id == user_id)
    live = select(Affiliation.role).where(Affiliation.user_id == user_id, Affiliation.ended_at.is_(None))
    roles = set(session.scalars(staff)) | set(session.scalars(live))
    return bool(roles & SECOND_FACTOR_ROLES)
