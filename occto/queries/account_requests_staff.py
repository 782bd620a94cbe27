"""Reads of requests about IDs for staff: what is on record, to be held against what was asked."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import ColumnElement, exists, or_, select
from sqlalchemy.orm import Session

from occto.domain.account_requests import BY_POST, IN_PERSON, OPEN, AccountRequestKind, AccountRequestState
from occto.domain.codes import SubjectKind, UserKind
from occto.domain.permissions import Permission
from occto.domain.profile import ACCOUNTING_CONTACT, ASSEMBLY_CONTACT, MEMBER_CONTACT
from occto.models import (
    AccountRequest,
    Affiliation,
    Attachment,
    ContractOfUse,
    Decision,
    Member,
    OutboxMail,
    ProfileFact,
    User,
)
from occto.queries.account_requests import administrators_of, files_of
from occto.queries.people import Company, companies_of, user_by_email
from occto.queries.viewer import Viewer

_CONTACTS = {MEMBER_CONTACT: "会員担当", ASSEMBLY_CONTACT: "総会担当", ACCOUNTING_CONTACT: "経理担当"}
_PARTS = ("phone", "name", "department")
_NEWEST = 50


@dataclass(frozen=True, slots=True)
class Way:
    """A way to reach somebody on record. `key` names it in forms; `since` is the day from which the number stands."""

    key: str
    who: str
    number: str
    since: date | None = None


@dataclass(frozen=True, slots=True)
class RequestFile:
    """A request with what is on record around it. Names are of users by row number."""

    request: AccountRequest
    member: Member | None
    has_contract: bool
    user: User | None
    companies: list[Company]
    replaced: User | None
    administrators: list[User]
    ways: list[Way]
    files: Sequence[Attachment]
    decisions: list[tuple[Decision, str]]
    mails: Sequence[OutboxMail]
    names: dict[int, str]


def about_staff() -> ColumnElement[bool]:
    """Requests about a member of the staff: a system administrator's, with a second system administrator."""
    return exists().where(User.id == AccountRequest.user_id, User.kind == UserKind.STAFF).correlate(AccountRequest)


def is_about_staff(session: Session, request: AccountRequest) -> bool:
    """Whether the person is one of the staff."""
    if request.kind is not AccountRequestKind.SECOND_FACTOR or request.user_id is None:
        return False
    return session.scalar(select(User.kind).where(User.id == request.user_id)) is UserKind.STAFF


def for_another_person(me: int) -> ColumnElement[bool]:
    """Confirmed requests that wait for somebody else than who called or keyed them in; the verb has the last word."""
    return (
        (AccountRequest.state == AccountRequestState.CONFIRMED)
        & (AccountRequest.called_by_id != me)
        & or_(AccountRequest.entered_by_id.is_(None), AccountRequest.entered_by_id != me)
    )


def member_by_code(session: Session, operator_code: str | None) -> Member | None:
    """The member with this operator code."""
    return session.scalar(select(Member).where(Member.operator_code == operator_code)) if operator_code else None


def ways_on_record(session: Session, request: AccountRequest, *, today: date) -> list[Way]:
    """The numbers on record by which the request can be confirmed; never a number that the request itself states.

    Of a company those of its contacts and of its 管理者 other than the person named; of a lost factor the person's own and
    those of the 会員担当 of their companies. Where there is none: in person for the staff, by post for a company.
    """
    if request.kind is AccountRequestKind.SECOND_FACTOR:
        return _ways_to_person(session, request, today=today)
    if request.member_id is None:
        return []
    found = _of_contacts(session, [request.member_id], today=today)
    for user in administrators_of(session, request.member_id):
        if user.phone and user.email_key != request.person_email.lower():
            found.append(Way(f"user:{user.id}", f"管理者　{user.name}", user.phone))
    return found or [Way(BY_POST, "登録の本店所在地への郵便", "郵便")]


def _ways_to_person(session: Session, request: AccountRequest, *, today: date) -> list[Way]:
    user = session.get(User, request.user_id) if request.user_id is not None else None
    if user is None:
        return []
    found = [Way(f"user:{user.id}", f"ご本人　{user.name}", user.phone)] if user.phone else []
    if user.kind is UserKind.STAFF:
        return [*found, Way(IN_PERSON, "対面（職員証を確かめる）", "対面")]
    places = companies_of(session, user.id)
    found += _of_contacts(session, [place.member_id for place in places], today=today, contacts=(MEMBER_CONTACT,))
    return found or [Way(BY_POST, "登録の本店所在地への郵便", "郵便")]


def _of_contacts(
    session: Session, member_ids: Iterable[int], *, today: date, contacts: Iterable[str] = tuple(_CONTACTS)
) -> list[Way]:
    """The numbers of these contacts of the members, each with the day from which it stands."""
    ids, wanted = list(member_ids), list(contacts)
    rows = session.execute(
        select(ProfileFact.member_id, ProfileFact.item, ProfileFact.value, ProfileFact.effective_on)
        .where(
            ProfileFact.member_id.in_(ids),
            ProfileFact.item.in_([f"{contact}_{part}" for contact in wanted for part in _PARTS]),
            ProfileFact.voided_id.is_(None),
            ProfileFact.effective_on <= today,
        )
        .order_by(ProfileFact.effective_on, ProfileFact.id)
    )
    newest = {(row.member_id, row.item): row for row in rows}
    found = []
    for member_id in ids:
        for contact in wanted:
            phone = newest.get((member_id, f"{contact}_phone"))
            if phone is None or not phone.value:
                continue
            name, department = (
                getattr(newest.get((member_id, f"{contact}_{part}")), "value", None) or "" for part in _PARTS[1:]
            )
            who = f"{_CONTACTS[contact]}　{department}　{name}".replace("　　", "　")
            found.append(Way(f"{contact}:{member_id}", who, str(phone.value), phone.effective_on))
    return found


def request_file(session: Session, request: AccountRequest, *, today: date) -> RequestFile:
    """The request with the record around it; where nobody has said yet what it is about, with what fits the typed words."""
    lost = request.kind is AccountRequestKind.SECOND_FACTOR
    member = session.get(Member, request.member_id) if request.member_id is not None else None
    if member is None and not lost:
        member = member_by_code(session, request.typed_code)
    user = session.get(User, request.user_id) if request.user_id is not None else None
    if user is None:
        user = user_by_email(session, request.person_email.lower())
    decisions = session.execute(
        select(Decision, User.name)
        .outerjoin(User, User.id == Decision.actor_id)
        .where(Decision.subject_kind == SubjectKind.ACCOUNT, Decision.subject_id == request.id)
        .order_by(Decision.id.desc())
    )
    persons = (request.started_by_id, request.entered_by_id, request.called_by_id, request.settled_by_id)
    named = session.execute(select(User.id, User.name).where(User.id.in_([one for one in persons if one is not None])))
    contract = select(ContractOfUse.id).where(
        ContractOfUse.member_id == (member.id if member else None), ContractOfUse.ended_at.is_(None)
    )
    mails = (
        select(OutboxMail)
        .where(OutboxMail.account_request_id == request.id)
        .order_by(OutboxMail.id.desc())
        .limit(_NEWEST)
    )
    return RequestFile(
        request=request,
        member=member,
        has_contract=session.scalar(contract.limit(1)) is not None,
        user=user,
        companies=companies_of(session, user.id) if user is not None else [],
        replaced=session.get(User, request.replaces_user_id) if request.replaces_user_id is not None else None,
        administrators=administrators_of(session, member.id) if member is not None and not lost else [],
        ways=ways_on_record(session, request, today=today),
        files=files_of(session, request.id),
        decisions=[(row[0], row[1] or "") for row in decisions],
        mails=session.scalars(mails).all(),
        names={row.id: row.name for row in named},
    )


def next_waiting(session: Session, *, viewer: Viewer, but: int) -> AccountRequest | None:
    """The request that has waited longest for a step this viewer may take, other than `but`."""
    me = viewer.user_id or 0
    undecided: ColumnElement[bool] = AccountRequest.state.in_(OPEN - {AccountRequestState.CONFIRMED})
    if viewer.can(Permission.ACCOUNT_APPROVE) or viewer.can(Permission.STAFF_MANAGE):
        undecided = or_(undecided, for_another_person(me))
    staff = about_staff()
    return session.scalar(
        select(AccountRequest)
        .where(undecided, AccountRequest.id != but, staff if viewer.can(Permission.STAFF_MANAGE) else ~staff)
        .order_by(AccountRequest.submitted_at, AccountRequest.id)
        .limit(1)
    )


def live_affiliation(session: Session, user_id: int, member_id: int) -> Affiliation | None:
    """What the person is at the member now, a stop of the company's included; locked."""
    return session.scalar(
        select(Affiliation)
        .where(Affiliation.user_id == user_id, Affiliation.member_id == member_id, Affiliation.ended_at.is_(None))
        .with_for_update()
    )
