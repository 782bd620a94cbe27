"""Requests about IDs for tests: people of a member, the office, and a request in any state, all through the verbs."""

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from sqlalchemy import select, update

from occto.access import token_hash
from occto.domain.account_requests import AccountRequestKind, AccountRequestState
from occto.domain.actor import Actor
from occto.domain.codes import ChangeSource, LinkPurpose
from occto.domain.permissions import Permission, Role, permissions_of
from occto.extensions import db
from occto.models import AccountRequest, Affiliation, Member, OutboxMail, User
from occto.services import outbox, register
from occto.services.account_requests import approval, filing, review
from occto.services.account_requests.filing import Document, Named
from occto.unit_of_work import run, unit_of_work
from tests.answers import mint_link
from tests.factories import NOW, Factory

K, S = AccountRequestKind, AccountRequestState
PDF = b"%PDF-1.4\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n"
SCAN = Document("届出書.pdf", "application/pdf", PDF)
NEW = Named("佐藤 美咲", "sato@company.example.jp", "サトウ ミサキ", "総務部", "03-9999-9999")
STRANGER = Actor(request_id="test", address="192.0.2.9", permissions=permissions_of(()))
ON_RECORD = "03-1111-2222"


@dataclass
class Scene:
    """A member with an old 管理者 and a 会員担当 on record, and three of the office."""

    make: Factory
    member: Member
    old: User
    operator: User
    approver: User
    system: User
    number: int = 0
    extra: dict[str, Any] = field(default_factory=dict)

    @property
    def caller(self) -> Actor:
        return self.make.actor(self.operator, Role.OPERATOR)

    @property
    def second(self) -> Actor:
        return self.make.actor(self.approver, Role.APPROVER)

    @property
    def administrator(self) -> Actor:
        return self.make.actor(self.old, Role.ADMINISTRATOR, member=self.member)

    @property
    def row(self) -> AccountRequest:
        return request_row(self.number)

    @property
    def seen(self) -> dict[str, Any]:
        """What every decision of the office carries."""
        return {"seen_version": self.row.version, "now": NOW}


def request_row(number: int) -> AccountRequest:
    db.session.expunge_all()
    db.session.rollback()
    found = db.session.get(AccountRequest, number)
    assert found is not None
    return found


def scene(make: Factory, *, contact: bool = True) -> Scene:
    """The people of a story; with `contact` the member has a 会員担当 whose number is on record."""
    member, old = make.member(), make.user(name="鈴木 一郎", phone="03-3333-4444")
    make.affiliate(old, member)
    if contact:
        on_record(member)
    return Scene(make, member, old, make.staff(Role.OPERATOR), make.staff(Role.APPROVER), make.staff(Role.SYSTEM))


def on_record(member: Member, *, phone: str = ON_RECORD, email: str | None = None) -> None:
    """Enter a 会員担当 with a number."""
    values = {
        "member_contact_department": "総務部",
        "member_contact_name": "田中 次郎",
        "member_contact_email": email or f"desk{member.id}@company.example.jp",
        "member_contact_phone": phone,
    }
    with unit_of_work() as session:
        change = register.begin_change(
            session, source_kind=ChangeSource.DEMO, source_id=None, actor_id=None, second_actor_id=None, now=NOW
        )
        for item, value in values.items():
            register.set_item(
                session, change, member_id=member.id, item=item, value=value, effective_on=date(2020, 4, 1)
            )
        register.finish_change(session, change, now=NOW)


def by_member(make: Factory, kind: K = K.CHANGE, *, on: Scene | None = None, **changes: Any) -> Scene:
    """Filed by the signed-in old 管理者: MATCHED at once."""
    found = on or scene(make)
    values: dict[str, Any] = {
        "kind": kind,
        "person": NEW,
        "replaces_user_id": found.old.id if kind is K.CHANGE else None,
        "replaced_role": None,
        "reason": "異動のため",
        "documents": (),
        "actor": found.administrator,
        "now": NOW,
    }
    found.number = run(filing.file_by_member, **(values | changes))
    return found


def public_link(kind: K, email: str = NEW.email, *, now: datetime = NOW) -> str:
    """The token of a link that the public page mailed."""
    with unit_of_work() as session:
        mail = outbox.queue(session, "account/request_link", to=email, params={"kind": kind}, now=now)
        assert mail is not None
        mail_id = mail.id
    token = mint_link(email, purpose=LinkPurpose.ACCOUNT_REQUEST, now=now)
    _carried_by(token, mail_id)
    return token


def object_link(scene_: Scene, email: str, *, now: datetime = NOW) -> str:
    """The token of the link to object in the mail to this address."""
    query = select(OutboxMail.id).where(
        OutboxMail.template == "account/request_told",
        OutboxMail.account_request_id == scene_.number,
        OutboxMail.to_address == email,
    )
    db.session.rollback()
    mail_id = db.session.scalars(query).one()
    token = mint_link(email, purpose=LinkPurpose.OBJECT, now=now)
    _carried_by(token, mail_id)
    return token


def _carried_by(token: str, mail_id: int) -> None:
    from occto.models import Link

    with unit_of_work() as session:
        session.execute(update(Link).where(Link.token_hash == token_hash(token)).values(outbox_id=mail_id))


def typed(**changes: Any) -> dict[str, Any]:
    """What the form of the public page hands over."""
    values: dict[str, Any] = {
        "person": NEW,
        "typed_code": "00001",
        "typed_company": "試験電力1株式会社",
        "typed_old_name": "鈴木 一郎",
        "reason": "管理者の退職",
        "documents": (SCAN,),
        "actor": STRANGER,
        "now": NOW,
    }
    return values | changes


def from_public(make: Factory, kind: K = K.CHANGE, *, on: Scene | None = None, email: str = NEW.email) -> Scene:
    """Filed from the public page: SUBMITTED, no member named."""
    found = on or scene(make)
    number = run(
        filing.file_from_link, token_hash(public_link(kind, email)), **typed(typed_code=found.member.operator_code)
    )
    found.number = _id_of(number)
    return found


def on_paper(make: Factory, kind: K = K.CHANGE, *, on: Scene | None = None, **changes: Any) -> Scene:
    found = on or scene(make)
    if "enterer" not in found.extra:
        found.extra["enterer"] = make.staff(Role.OPERATOR)
    values: dict[str, Any] = {
        "kind": kind,
        "operator_code": found.member.operator_code,
        "person": NEW,
        "typed_old_name": "鈴木 一郎",
        "reason": "管理者の退職",
        "received_at": NOW,
        "documents": (SCAN,),
        "actor": make.actor(found.extra["enterer"], Role.OPERATOR),
        "now": NOW,
    }
    found.number = run(filing.enter_paper, **(values | changes))
    return found


def lost(make: Factory, user: User | None = None, *, on: Scene | None = None) -> Scene:
    """The second factor of `user` (the old 管理者) is lost; filed after the password had passed."""
    found = on or scene(make)
    user = user or found.old
    number = run(filing.file_lost_factor, reason="端末の故障", phone=None, actor=half(user), now=NOW)
    found.number = _id_of(number)
    return found


def half(user: User) -> Actor:
    """The stamp of somebody who passed the password alone."""
    both = frozenset({Permission.PUBLIC, Permission.HALF_SIGNED_IN})
    return Actor(user_id=user.id, request_id="test", address="192.0.2.1", permissions=both)


def matched(found: Scene, **changes: Any) -> Scene:
    """The office says which member it is."""
    values: dict[str, Any] = {
        "operator_code": found.member.operator_code,
        "replaces_user_id": found.old.id,
        "replaced_role": None,
        "actor": found.caller,
        **found.seen,
    }
    run(review.match_member, found.number, **(values | changes))
    return found


def called(found: Scene, **changes: Any) -> Scene:
    """A call to a number on record confirmed it."""
    values: dict[str, Any] = {
        "way": f"member_contact:{found.member.id}",
        "words": "田中様（会員担当）。申請のとおりとのこと。",
        "actor": found.caller,
        **found.seen,
    }
    run(review.confirm, found.number, **(values | changes))
    return found


def approved(found: Scene, **changes: Any) -> int:
    return run(approval.approve, found.number, **({"actor": found.second, **found.seen} | changes))


def roles_of(member: Member) -> list[tuple[str, Role]]:
    """Who is what at the member now: (氏名, role) by start."""
    db.session.rollback()
    rows = db.session.execute(
        select(User.name, Affiliation.role)
        .join(Affiliation, Affiliation.user_id == User.id)
        .where(Affiliation.member_id == member.id, Affiliation.ended_at.is_(None))
        .order_by(Affiliation.id)
    )
    return [(row[0], row[1]) for row in rows]


def mails(found: Scene) -> list[tuple[str, str]]:
    """(template, address) of what was queued about the request, in order."""
    db.session.rollback()
    rows = db.session.execute(
        select(OutboxMail.template, OutboxMail.to_address)
        .where(OutboxMail.account_request_id == found.number)
        .order_by(OutboxMail.id)
    )
    return [(row[0], row[1]) for row in rows]


def _id_of(number: str) -> int:
    db.session.rollback()
    return db.session.scalars(select(AccountRequest.id).where(AccountRequest.number == number)).one()
