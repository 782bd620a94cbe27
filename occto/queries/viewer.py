"""Who is asking: answered once a request, in one statement."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, bindparam, exists, func, literal_column, or_, select
from sqlalchemy.orm import Session, aliased

from occto.domain.actor import Actor
from occto.domain.codes import MandateState, Procedure, UserKind, UserState
from occto.domain.dates import today_jst
from occto.domain.permissions import (
    DESK,
    SECOND_FACTOR_ROLES,
    VIEWING,
    Permission,
    Role,
    permissions_of,
    permissions_of_mandate,
)
from occto.models import (
    Affiliation,
    Application,
    ContractOfUse,
    Contractor,
    LicenceFact,
    LicenceHeld,
    Mandate,
    MandatePerson,
    MandateScope,
    Member,
    SessionRow,
    StaffRole,
    User,
)
from occto.queries.plain import fixed, one_of, rows_of, written
from occto.queries.reception import DeskSeen, desk_of_key

MEMBER_IDLE = timedelta(hours=2)
STAFF_IDLE = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Viewer:
    """The person behind the request and the company acted for; ids are row numbers, None where there is none.

    `kind`: anonymous, applicant, half (password passed, second factor still missing), member, staff, viewing (staff
    looking at the pages of a member, reading only), or desk (a device at the hall: no person, and no session). A
    contractor's person is a `member` with a mandate.
    """

    kind: str = "anonymous"
    name: str = ""
    company_name: str = ""
    companies_count: int = 0
    contractor_name: str = ""
    procedures: tuple[Procedure, ...] = ()
    roles: tuple[Role, ...] = ()
    permissions: frozenset[Permission] = field(default_factory=lambda: permissions_of(()))
    session_id: int | None = None
    user_id: int | None = None
    member_id: int | None = None
    mandate_id: int | None = None
    application_id: int | None = None
    has_second_factor: bool = False
    desk: DeskSeen | None = None
    seen_at: datetime | None = None
    idle_ends_at: datetime | None = None

    @property
    def is_authenticated(self) -> bool:
        """Flask-Login's word: anybody with a session, an applicant too, and a desk."""
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
        if self.desk is not None:
            return f"desk:{self.desk.id}"
        return f"session:{self.session_id}" if self.session_id else "public"

    def can(self, permission: str) -> bool:
        return permission in self.permissions

    def actor(self, *, request_id: str, address: str) -> Actor:
        """The stamp for what this viewer does in this request."""
        return Actor(
            user_id=self.user_id,
            member_id=self.member_id,
            mandate_id=self.mandate_id,
            application_id=self.application_id,
            session_id=self.session_id,
            request_id=request_id,
            address=address,
            permissions=self.permissions,
        )


ANONYMOUS = Viewer()
_SIGNED_IN = frozenset({Permission.PUBLIC, Permission.SIGNED_IN, Permission.HALF_SIGNED_IN})


_COMMA: Any = literal_column("','")  # as a plain text it would be written into the statement in every execution


def mandate_in_force(mandate: Any, user_id: Any, today: Any) -> ColumnElement[bool]:
    """Whether `mandate` (the class or an alias of it) lets the person act on the day.

    It is accepted and within its period; the person is named in it and still with the contractor.
    """
    named, there = aliased(MandatePerson), aliased(Affiliation)
    person = exists().where(named.mandate_id == mandate.id, named.user_id == user_id).correlate_except(named)
    still = mandate.contractor_id.in_(  # not EXISTS: the few mandates of the person's contractors, not all there are
        select(there.contractor_id)
        .where(
            there.user_id == user_id,
            there.contractor_id.is_not(None),
            there.ended_at.is_(None),
            there.stopped_at.is_(None),
        )
        .correlate_except(there)  # else a subquery two levels down reads all sessions instead of this one
    )
    return and_(
        mandate.state == written(MandateState.ACTIVE),
        mandate.starts_on <= today,
        or_(mandate.ends_on.is_(None), mandate.ends_on > today),
        person,
        still,
    )


def _statement() -> Select[Any]:
    """The viewer's row for `token_hash` at the instant `now`, which in Japan lies on the day `today`."""
    live = and_(
        Affiliation.user_id == SessionRow.user_id, Affiliation.ended_at.is_(None), Affiliation.stopped_at.is_(None)
    )
    mandated = mandate_in_force(Mandate, SessionRow.user_id, bindparam("today"))
    other = aliased(Mandate)
    served = mandate_in_force(other, SessionRow.user_id, bindparam("today"))
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
    columns: tuple[Any, ...] = (
        SessionRow.id,
        SessionRow.user_id,
        SessionRow.member_id,
        SessionRow.application_id,
        SessionRow.seen_at,
        SessionRow.ends_at,
        SessionRow.second_factor_at,
        SessionRow.view_reason,
        User.kind,
        User.name,
        User.state,
        User.totp_secret_enc.is_not(None).label("has_totp"),
        Member.current_name,
        Affiliation.role,
        Mandate.id.label("mandate_in_force"),
        Contractor.name.label("contractor_name"),
        select(func.aggregate_strings(MandateScope.procedure, _COMMA))
        .where(MandateScope.mandate_id == SessionRow.mandate_id)
        .correlate(SessionRow)
        .scalar_subquery()
        .label("procedures"),
        Application.name.label("application_name"),
        select(func.aggregate_strings(StaffRole.role, _COMMA))
        .where(StaffRole.user_id == SessionRow.user_id)
        .correlate(SessionRow)
        .scalar_subquery()
        .label("staff_roles"),
        (
            select(func.count())
            .select_from(Affiliation)
            .where(live, Affiliation.member_id.is_not(None))
            .correlate(SessionRow)
            .scalar_subquery()
            + select(func.count()).select_from(other).where(served).correlate(SessionRow).scalar_subquery()
        ).label("companies"),
        exists().where(live, one_of(Affiliation.role, SECOND_FACTOR_ROLES)).correlate(SessionRow).label("administers"),
        exists().where(live, Affiliation.contractor_id.is_not(None)).correlate(SessionRow).label("serves"),
        and_(has_licence, has_contract).label("company_open"),
    )
    return (
        select(*columns)
        .join(User, User.id == SessionRow.user_id, isouter=True)
        .join(Member, Member.id == SessionRow.member_id, isouter=True)
        .join(
            Affiliation,
            and_(live, Affiliation.member_id == SessionRow.member_id, SessionRow.mandate_id.is_(None)),
            isouter=True,
        )
        .join(
            Mandate,
            and_(Mandate.id == SessionRow.mandate_id, Mandate.member_id == SessionRow.member_id, mandated),
            isouter=True,
        )
        .join(Contractor, Contractor.id == Mandate.contractor_id, isouter=True)
        .join(Application, Application.id == SessionRow.application_id, isouter=True)
        .where(
            SessionRow.token_hash == bindparam("token_hash"),
            SessionRow.ended_at.is_(None),
            SessionRow.ends_at > bindparam("now"),
        )
    )


_VIEWER = fixed(_statement)


def load_viewer(session: Session, token_hash: str, *, now: datetime) -> Viewer:
    """The viewer of the session with this token hash; ANONYMOUS where it has ended, idled out or never was."""
    row = rows_of(session, _VIEWER, {"token_hash": token_hash, "now": now, "today": today_jst(now)}).one_or_none()
    if row is None:
        return ANONYMOUS
    idle = STAFF_IDLE if row.kind == UserKind.STAFF else MEMBER_IDLE
    if row.seen_at + idle <= now:
        return ANONYMOUS
    base = Viewer(session_id=row.id, seen_at=row.seen_at, idle_ends_at=min(row.seen_at + idle, row.ends_at))
    if row.application_id is not None:
        roles = (Role.APPLICANT,)
        return replace(
            base,
            kind="applicant",
            name=row.application_name or "",
            roles=roles,
            permissions=permissions_of(roles),
            application_id=row.application_id,
        )
    if row.state != UserState.ACTIVE:
        return ANONYMOUS
    staff = tuple(Role(role) for role in sorted((row.staff_roles or "").split(",")) if role)
    person = replace(
        base,
        name=row.name,
        user_id=row.user_id,
        has_second_factor=row.has_totp,
        companies_count=row.companies,
    )
    if (row.has_totp or staff or row.administers) and row.second_factor_at is None:
        return replace(person, kind="half", permissions=frozenset({Permission.PUBLIC, Permission.HALF_SIGNED_IN}))
    if row.kind == UserKind.STAFF:
        return _of_staff(person, row, staff)
    own = permissions_of((Role.CONTRACTOR,) if row.serves else ()) | _SIGNED_IN
    at_company = row.role is not None or row.mandate_in_force is not None
    if row.member_id is None or not at_company or not row.company_open:
        return replace(person, kind="member", permissions=own)
    company = replace(person, kind="member", company_name=row.current_name, member_id=row.member_id)
    if row.mandate_in_force is None:
        return replace(company, roles=(row.role,), permissions=permissions_of((row.role,)) | own)
    scopes = set((row.procedures or "").split(","))
    procedures = tuple(one for one in Procedure if one in scopes)
    return replace(
        company,
        roles=(Role.CONTRACTOR,),
        permissions=permissions_of_mandate(procedures),
        procedures=procedures,
        mandate_id=row.mandate_in_force,
        contractor_name=row.contractor_name,
    )


def load_desk(session: Session, key_hash: str, *, now: datetime) -> Viewer:
    """The paired desk with this key, in one statement; ANONYMOUS where it was taken away or its day is over."""
    found = desk_of_key(session, key_hash, now=now)
    return Viewer(kind="desk", name=found.name, permissions=DESK, desk=found) if found is not None else ANONYMOUS


def _of_staff(person: Viewer, row: Any, roles: tuple[Role, ...]) -> Viewer:
    """Somebody of the staff: at the screens of the office, or reading the pages of one member."""
    permissions = permissions_of(roles)
    if row.view_reason is None or Permission.VIEW_AS_MEMBER not in permissions:
        return replace(person, kind="staff", roles=roles, permissions=permissions)
    return replace(
        person,
        kind="viewing",
        roles=roles,
        permissions=VIEWING | permissions_of(()),
        company_name=row.current_name,
        member_id=row.member_id,
    )
