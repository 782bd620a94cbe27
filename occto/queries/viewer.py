"""Who is asking: answered once a request, in one statement."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, and_, bindparam, exists, func, or_, select
from sqlalchemy.orm import Session

from occto.domain.actor import Actor
from occto.domain.codes import UserKind, UserState
from occto.domain.dates import today_jst
from occto.domain.permissions import SECOND_FACTOR_ROLES, Permission, Role, permissions_of
from occto.models import (
    Affiliation,
    Application,
    ContractOfUse,
    LicenceFact,
    LicenceHeld,
    Member,
    SessionRow,
    StaffRole,
    User,
)

MEMBER_IDLE = timedelta(hours=2)
STAFF_IDLE = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Viewer:
    """The person behind the request and the company acted for; ids are row numbers, None where there is none.

    `kind`: anonymous, applicant, half (password passed, second factor still missing), member or staff.
    """

    kind: str = "anonymous"
    name: str = ""
    company_name: str = ""
    companies_count: int = 0
    roles: tuple[Role, ...] = ()
    permissions: frozenset[Permission] = field(default_factory=lambda: permissions_of(()))
    session_id: int | None = None
    user_id: int | None = None
    member_id: int | None = None
    application_id: int | None = None
    has_second_factor: bool = False
    seen_at: datetime | None = None
    idle_ends_at: datetime | None = None

    @property
    def is_authenticated(self) -> bool:
        """Flask-Login's word: anybody with a session, an applicant too."""
        return self.kind != "anonymous"

    @property
    def is_anonymous(self) -> bool:
        return self.kind == "anonymous"

    @property
    def is_active(self) -> bool:
        return self.is_authenticated

    def get_id(self) -> str:
        return str(self.session_id or "")

    @property
    def key(self) -> str:
        """What a one-time form id belongs to: the session, or the public."""
        return f"session:{self.session_id}" if self.session_id else "public"

    def can(self, permission: str) -> bool:
        return permission in self.permissions

    def actor(self, *, request_id: str, address: str) -> Actor:
        """The stamp for what this viewer does in this request."""
        return Actor(
            user_id=self.user_id,
            member_id=self.member_id,
            application_id=self.application_id,
            session_id=self.session_id,
            request_id=request_id,
            address=address,
            permissions=self.permissions,
        )


ANONYMOUS = Viewer()


def _statement() -> Select[Any]:
    """The viewer's row for `token_hash` at the instant `now`, which in Japan lies on the day `today`."""
    live = and_(Affiliation.user_id == SessionRow.user_id, Affiliation.ended_at.is_(None))
    has_licence = (
        exists()
        .where(
            LicenceHeld.member_id == SessionRow.member_id,
            LicenceFact.licence_id == LicenceHeld.id,
            LicenceFact.voided_id.is_(None),
            or_(LicenceFact.ended_on.is_(None), LicenceFact.ended_on > bindparam("today")),
        )
        .correlate(SessionRow)
    )
    has_contract = (
        exists()
        .where(ContractOfUse.member_id == SessionRow.member_id, ContractOfUse.ended_at.is_(None))
        .correlate(SessionRow)
    )
    return (
        select(
            SessionRow,
            User.kind,
            User.name,
            User.state,
            User.totp_secret_enc.is_not(None).label("has_totp"),
            Member.current_name,
            Affiliation.role,
            Application.name.label("application_name"),
            select(func.aggregate_strings(StaffRole.role, ","))
            .where(StaffRole.user_id == SessionRow.user_id)
            .correlate(SessionRow)
            .scalar_subquery()
            .label("staff_roles"),
            select(func.count())
            .select_from(Affiliation)
            .where(live)
            .correlate(SessionRow)
            .scalar_subquery()
            .label("companies"),
            exists().where(live, Affiliation.role.in_(SECOND_FACTOR_ROLES)).correlate(SessionRow).label("administers"),
            and_(has_licence, has_contract).label("company_open"),
        )
        .join(User, User.id == SessionRow.user_id, isouter=True)
        .join(Member, Member.id == SessionRow.member_id, isouter=True)
        .join(Affiliation, and_(live, Affiliation.member_id == SessionRow.member_id), isouter=True)
        .join(Application, Application.id == SessionRow.application_id, isouter=True)
        .where(
            SessionRow.token_hash == bindparam("token_hash"),
            SessionRow.ended_at.is_(None),
            SessionRow.ends_at > bindparam("now"),
        )
    )


_VIEWER = _statement()  # built once: it is asked in every request, and building it costs more than running it


def load_viewer(session: Session, token_hash: str, *, now: datetime) -> Viewer:
    """The viewer of the session with this token hash; ANONYMOUS where it has ended, idled out or never was."""
    row = session.execute(_VIEWER, {"token_hash": token_hash, "now": now, "today": today_jst(now)}).one_or_none()
    if row is None:
        return ANONYMOUS
    found: SessionRow = row.SessionRow
    idle = STAFF_IDLE if row.kind == UserKind.STAFF else MEMBER_IDLE
    if found.seen_at + idle <= now:
        return ANONYMOUS
    base = Viewer(session_id=found.id, seen_at=found.seen_at, idle_ends_at=min(found.seen_at + idle, found.ends_at))
    if found.application_id is not None:
        roles = (Role.APPLICANT,)
        return replace(
            base,
            kind="applicant",
            name=row.application_name or "",
            roles=roles,
            permissions=permissions_of(roles),
            application_id=found.application_id,
        )
    if row.state != UserState.ACTIVE:
        return ANONYMOUS
    staff = tuple(Role(role) for role in sorted((row.staff_roles or "").split(",")) if role)
    person = replace(
        base,
        name=row.name,
        user_id=found.user_id,
        has_second_factor=row.has_totp,
        companies_count=row.companies,
    )
    if (row.has_totp or staff or row.administers) and found.second_factor_at is None:
        return replace(person, kind="half", permissions=frozenset({Permission.PUBLIC, Permission.HALF_SIGNED_IN}))
    if row.kind == UserKind.STAFF:
        return replace(person, kind="staff", roles=staff, permissions=permissions_of(staff))
    if found.member_id is None or row.role is None or not row.company_open:
        signed_in = frozenset({Permission.PUBLIC, Permission.SIGNED_IN, Permission.HALF_SIGNED_IN})
        return replace(person, kind="member", permissions=signed_in)
    return replace(
        person,
        kind="member",
        company_name=row.current_name,
        roles=(row.role,),
        permissions=permissions_of((row.role,)),
        member_id=found.member_id,
    )
