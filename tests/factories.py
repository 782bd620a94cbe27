"""What tests stand on: people, companies and applications, made through the verbs."""

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

from flask import Flask

from occto import vault
from occto.access import token_hash
from occto.domain.actor import Actor
from occto.domain.changes import ChangeState
from occto.domain.codes import ChangeSource, ConsentKind, FormedBy, MandateState, Procedure, UserKind, UserState
from occto.domain.permissions import Role, permissions_of
from occto.extensions import db
from occto.models import (
    Affiliation,
    Consent,
    ContractOfUse,
    Contractor,
    Mandate,
    MandatePerson,
    MandateScope,
    Member,
    SessionRow,
    StaffRole,
    User,
)
from occto.queries.terms import terms_in_force
from occto.services import register, sign_in
from occto.unit_of_work import unit_of_work
from tests.clients import Browser

if TYPE_CHECKING:
    from tests import changing

NOW = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)
PASSWORD = "tall-otters-weigh-lemons"
TOTP_SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


def corporate_number(serial: int) -> str:
    """A valid corporate number for a serial number below 10**12."""
    from occto.domain.numbers import corporate_number_check_digit

    base = f"{serial:012d}"
    return f"{corporate_number_check_digit(base)}{base}"


class Factory:
    """Makes rows; every number it gives out is used once a test."""

    def __init__(self, app: Flask) -> None:
        self.app = app
        self._serial = 0

    def serial(self) -> int:
        self._serial += 1
        return self._serial

    def user(
        self, *, kind: UserKind = UserKind.MEMBER, email: str | None = None, totp: bool = True, **changes: Any
    ) -> User:
        """An active user with PASSWORD, and TOTP_SECRET unless `totp` is False."""
        email = email or f"user{self.serial()}@company.example.jp"
        values: dict[str, Any] = {
            "kind": kind,
            "state": UserState.ACTIVE,
            "email": email,
            "email_key": email.lower(),
            "name": "山田 花子",
            "password_hash": vault.hash_password(PASSWORD),
            "totp_secret_enc": vault.encrypt(TOTP_SECRET) if totp else None,
            "created_at": NOW,
        }
        user = User(**(values | changes))
        with unit_of_work() as session:
            session.add(user)
        return user

    def staff(self, *roles: Role, **changes: Any) -> User:
        """A member of the staff with these roles."""
        user = self.user(kind=UserKind.STAFF, **changes)
        with unit_of_work() as session:
            session.add_all(StaffRole(user_id=user.id, role=role) for role in roles)
        return user

    def actor(self, user: User, *roles: Role, member: Member | None = None) -> Actor:
        """The stamp of `user` with these roles, for calling verbs; `member` is the company acted for."""
        return Actor(
            user_id=user.id,
            member_id=member.id if member else None,
            request_id="test",
            address="192.0.2.1",
            permissions=permissions_of(roles),
        )

    def applicant(self, application_id: int) -> Actor:
        """The stamp of an applicant session."""
        return Actor(
            application_id=application_id,
            request_id="test",
            address="192.0.2.1",
            permissions=permissions_of((Role.APPLICANT,)),
        )

    def member(
        self,
        *,
        name: str | None = None,
        licences: tuple[str, ...] = ("GEN",),
        since: date = date(2020, 4, 1),
        capital: int = 10_000_000,
    ) -> Member:
        """A member with facts since a day and a contract of use."""
        serial = self.serial()
        name = name or f"試験電力{serial}株式会社"
        profile = {
            "name": name,
            "kana": "シケンデンリョク",
            "corporate_number": corporate_number(serial),
            "legal_form": "KK",
            "postal_code": "100-0001",
            "prefecture": "東京都",
            "address": "千代田区千代田1番1号",
            "representative_title": "代表取締役",
            "representative_name": "鈴木 一郎",
            "representative_kana": "スズキ イチロウ",
            "capital": capital,
        }
        acts = {
            code: {"status": "ACT", "number": f"A{serial:04d}", "effective_on": since.isoformat()} for code in licences
        }
        with unit_of_work() as session:
            change = register.begin_change(
                session, source_kind=ChangeSource.DEMO, source_id=None, actor_id=None, second_actor_id=None, now=NOW
            )
            member = register.admit_member(
                session,
                change,
                profile=profile,
                operator_code=f"{serial:05d}",
                member_on=since,
                roster_no=serial,
            )
            register.enter_licences(session, change, member, acts=acts)
            register.finish_change(session, change, now=NOW)
            session.add(
                ContractOfUse(
                    member_id=member.id,
                    formed_at=NOW,
                    formed_by=FormedBy.DEEMED,
                    terms_version_id=terms_in_force(session, now=NOW).id,
                )
            )
        return member

    def change_request(self, state: ChangeState = ChangeState.SUBMITTED, **values: Any) -> "changing.Request":
        """A change request in `state`; `values` are those of `tests.changing.in_state`."""
        from tests import changing

        return changing.in_state(self, state, **values)

    def affiliate(self, user: User, member: Member, role: Role = Role.ADMINISTRATOR) -> None:
        """Give `user` a role at `member`."""
        with unit_of_work() as session:
            session.add(Affiliation(user_id=user.id, member_id=member.id, role=role, started_at=NOW))

    def contractor(self, *people: User, name: str | None = None) -> Contractor:
        """A contractor with these people of its own."""
        serial = self.serial()
        contractor = Contractor(name=name or f"受託サービス{serial}株式会社", corporate_number=corporate_number(serial))
        with unit_of_work() as session:
            session.add(contractor)
            session.flush()
            session.add_all(
                Affiliation(user_id=user.id, contractor_id=contractor.id, role=Role.CONTRACTOR, started_at=NOW)
                for user in people
            )
        return contractor

    def mandate(
        self,
        member: Member,
        contractor: Contractor,
        *people: User,
        procedures: tuple[Procedure, ...] = (Procedure.VIEW,),
        **changes: Any,
    ) -> Mandate:
        """An accepted mandate in force since 2020 over these procedures, for these people of the contractor."""
        values: dict[str, Any] = {
            "member_id": member.id,
            "contractor_id": contractor.id,
            "state": MandateState.ACTIVE,
            "starts_on": date(2020, 4, 1),
            "accepted_at": NOW,
        }
        mandate = Mandate(**(values | changes))
        with unit_of_work() as session:
            session.add(mandate)
            session.flush()
            session.add_all(MandateScope(mandate_id=mandate.id, procedure=procedure) for procedure in procedures)
            session.add_all(MandatePerson(mandate_id=mandate.id, user_id=user.id) for user in people)
        return mandate

    def consent(self, user: User) -> None:
        """The deemed consent of a first sign-in that lies in the past."""
        with unit_of_work() as session:
            version = terms_in_force(session, now=NOW)
            session.add(
                Consent(
                    terms_version_id=version.id, user_id=user.id, kind=ConsentKind.DEEMED, at=NOW, address="192.0.2.1"
                )
            )

    def signed_in(
        self,
        user: User | None = None,
        *,
        application_id: int | None = None,
        member: Member | None = None,
        mandate: Mandate | None = None,
    ) -> Browser:
        """A browser with an open session of `user` (second factor passed) or of an applicant."""
        from occto import clock

        token, now = vault.make_token(), clock.now()
        with unit_of_work() as session:
            row = SessionRow(
                token_hash=token_hash(token),
                user_id=user.id if user else None,
                application_id=application_id,
                member_id=member.id if member else mandate.member_id if mandate else None,
                mandate_id=mandate.id if mandate else None,
                created_at=now,
                seen_at=now,
                ends_at=now + sign_in.SESSION_LIFE,
                second_factor_at=now if user else None,
                address="192.0.2.1",
                agent="test",
            )
            session.add(row)
        db.session.rollback()
        browser = Browser(self.app)
        with browser.client.session_transaction() as cookie:
            cookie["sid"] = token
        return browser
