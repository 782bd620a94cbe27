"""Filing a request: who may, what is refused, who is told, and that the public page looks at nobody's record."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event, select

from occto.access import token_hash
from occto.domain.account_requests import MOST_OPEN, AccountRequestKind, AccountRequestState
from occto.domain.codes import AttachmentKind, Channel, Procedure
from occto.domain.permissions import Role, permissions_of, permissions_of_mandate
from occto.extensions import db
from occto.models import AccountRequest, Attachment, AuditEvent, OutboxMail
from occto.services.account_requests import filing
from occto.unit_of_work import run
from tests import requesting
from tests.factories import NOW, Factory
from tests.observing import refused
from tests.requesting import NEW, SCAN, by_member, from_public, half, lost, mails, on_paper, scene, typed

K, S = AccountRequestKind, AccountRequestState


def test_a_change_is_filed_by_the_old_administrator(make: Factory) -> None:
    found = by_member(make, replaced_role=Role.VIEWER, documents=(SCAN,))
    row = found.row
    assert (row.number, row.kind, row.state, row.channel) == ("A-2026-00001", K.CHANGE, S.MATCHED, Channel.ONLINE)
    assert (row.member_id, row.started_by_id, row.replaces_user_id) == (found.member.id, found.old.id, found.old.id)
    assert row.replaced_role is Role.VIEWER
    assert db.session.scalars(select(Attachment.kind).where(Attachment.account_request_id == row.id)).all() == [
        AttachmentKind.IDENTITY
    ]
    filed = db.session.scalars(select(AuditEvent).where(AuditEvent.tag == "account_request.filed")).one()
    assert (filed.clause, filed.actor_id, filed.member_id) == ("3.1/3.2.2", found.old.id, found.member.id)
    assert mails(found) == [
        ("account/request_received", found.old.email),
        ("account/request_told", f"desk{found.member.id}@company.example.jp"),
    ]


def test_a_further_administrator_is_filed_under_its_clause(make: Factory) -> None:
    found = by_member(make, K.ADMINISTRATOR, replaces_user_id=make.user().id, replaced_role=Role.VIEWER)
    assert (found.row.replaces_user_id, found.row.replaced_role) == (None, None)
    assert db.session.scalar(select(AuditEvent.clause).where(AuditEvent.tag == "account_request.filed")) == "3.1/3.2.1"


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.ADMINISTRATOR])
def test_nobody_but_an_administrator_files_for_a_member(make: Factory, role: Role) -> None:
    found = scene(make)
    actor = replace(found.administrator, permissions=permissions_of((role,)))
    with refused("not_allowed"):
        by_member(make, on=found, actor=actor)


def test_a_contractor_files_nothing_whatever_its_mandate(make: Factory) -> None:
    found, person = scene(make), make.user()
    contractor = make.contractor(person)
    mandate = make.mandate(found.member, contractor, person, procedures=tuple(Procedure))
    actor = replace(
        found.administrator, user_id=person.id, mandate_id=mandate.id, permissions=permissions_of_mandate(Procedure)
    )
    for stamp in (actor, replace(found.administrator, mandate_id=mandate.id)):
        with refused("not_allowed"):
            by_member(make, on=found, actor=stamp)


@pytest.mark.parametrize(
    ("changes", "code", "field"),
    [
        ({"kind": K.SECOND_FACTOR}, "not_allowed", None),
        ({"replaces_user_id": 10**6}, "replaced_unknown", "replaces_user_id"),
        ({"replaced_role": Role.ADMINISTRATOR}, "role_unknown", "replaced_role"),
        ({"replaced_role": Role.OPERATOR}, "role_unknown", "replaced_role"),
        ({"reason": " 　"}, "words_missing", "reason"),
        ({"reason": "理" * 2001}, "words_too_long", "reason"),
    ],
)
def test_a_request_of_a_member_is_refused(make: Factory, changes: dict[str, Any], code: str, field: str | None) -> None:
    found = scene(make)
    with refused(code, field=field):
        by_member(make, on=found, **changes)


def test_the_administrator_of_another_company_is_none_to_replace(make: Factory) -> None:
    found, other = scene(make), scene(make)
    with refused("replaced_unknown"):
        by_member(make, on=found, replaces_user_id=other.old.id)


def test_the_person_named_is_neither_the_old_one_nor_an_administrator_already(make: Factory) -> None:
    found = scene(make)
    with refused("same_person", field="replaces_user_id"):
        by_member(make, on=found, person=replace(NEW, email=found.old.email.upper()))
    with refused("already_administrator", field="person_email"):
        by_member(make, K.ADMINISTRATOR, on=found, person=replace(NEW, email=found.old.email.upper()))
    by_member(make, on=found)
    with refused("already_asked", field="person_email"):
        by_member(make, K.ADMINISTRATOR, on=found, person=replace(NEW, email=NEW.email.upper()))


def test_the_public_page_files_what_was_typed_under_the_address_of_its_link(make: Factory) -> None:
    found = from_public(make)
    row = found.row
    assert (row.state, row.member_id, row.user_id, row.started_by_id) == (S.SUBMITTED, None, None, None)
    assert (row.typed_code, row.typed_company, row.typed_old_name) == (
        found.member.operator_code,
        "試験電力1株式会社",
        "鈴木 一郎",
    )
    token = requesting.public_link(K.CHANGE, "Other@x.example.jp")
    run(filing.file_from_link, token_hash(token), **typed())
    newest = db.session.scalars(select(AccountRequest).order_by(AccountRequest.id.desc()).limit(1)).one()
    assert newest.person_email == "Other@x.example.jp"
    assert mails(found) == [("account/request_received", NEW.email)]  # nobody on record is told of a stranger's words
    with refused("link_used"):
        run(filing.file_from_link, token_hash(token), **typed())


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"documents": ()}, "evidence_missing"),
        ({"reason": ""}, "words_missing"),
        ({"reason": "理" * 2001}, "words_too_long"),
        ({"now": NOW + timedelta(hours=72)}, "link_expired"),
    ],
)
def test_the_public_page_is_refused_and_the_link_stays(make: Factory, changes: dict[str, Any], code: str) -> None:
    hashed = token_hash(requesting.public_link(K.CHANGE))
    with refused(code):
        run(filing.file_from_link, hashed, **typed(**changes))
    run(filing.file_from_link, hashed, **typed())


def test_a_link_of_another_purpose_files_nothing(make: Factory) -> None:
    from occto.domain.codes import LinkPurpose
    from tests.answers import mint_link

    for purpose in LinkPurpose:
        if purpose is not LinkPurpose.ACCOUNT_REQUEST:
            token = mint_link(NEW.email, purpose=purpose, now=NOW)
            with refused("link_unknown"):
                run(filing.file_from_link, token_hash(token), **typed())


def test_one_address_has_a_few_requests_open_at_most(make: Factory) -> None:
    found = scene(make)
    for _ in range(MOST_OPEN):
        from_public(make, on=found)
    token = requesting.public_link(K.CHANGE, NEW.email.upper())
    with refused("too_many_open"):
        run(filing.file_from_link, token_hash(token), **typed())
    from_public(make, on=found, email="another@company.example.jp")


def test_whatever_is_typed_the_statements_are_the_same(make: Factory) -> None:
    """No oracle: neither a member's code nor a user's address is looked up."""
    found = scene(make)
    staff = found.operator.email
    cases = [
        ("nobody@x.example.jp", "99999", "知らない会社"),
        ("nobody2@x.example.jp", found.member.operator_code, found.member.current_name),
        (found.old.email, found.member.operator_code, found.member.current_name),
        (staff, "99999", "x"),
    ]
    sent = []
    for email, code, name in cases:
        hashed = token_hash(requesting.public_link(K.CHANGE, email))
        seen: list[str] = []

        def note(_c: object, _cur: object, statement: str, *_rest: object, seen: list[str] = seen) -> None:
            seen.append(" ".join(statement.split()))

        engine = db.engine
        event.listen(engine, "before_cursor_execute", note)
        run(filing.file_from_link, hashed, **typed(typed_code=code, typed_company=name))
        event.remove(engine, "before_cursor_execute", note)
        sent.append([one for one in seen if "SAVEPOINT" not in one])
    assert sent[0]
    assert all(one == sent[0] for one in sent)
    assert not any(table in one for one in sent[0] for table in (" members", " users", " affiliations"))


@pytest.mark.parametrize("kind", [K.CHANGE, K.SECOND_FACTOR])
def test_a_link_is_mailed_to_any_address_alike(make: Factory, kind: K) -> None:
    found = scene(make)
    for email in ("nobody@x.example.jp", found.old.email, found.operator.email):
        keys = {"account_key": email, "address_key": "n"}
        run(filing.request_link, email, kind=kind, **keys, actor=requesting.STRANGER, now=NOW)
    db.session.rollback()
    queued = db.session.execute(select(OutboxMail.template, OutboxMail.params, OutboxMail.user_id)).all()
    assert [tuple(row) for row in queued] == [("account/request_link", {"kind": kind}, None)] * 3


def test_a_lost_factor_is_filed_by_whoever_passed_the_password(make: Factory) -> None:
    found = lost(make)
    row = found.row
    assert (row.kind, row.state, row.user_id, row.member_id) == (K.SECOND_FACTOR, S.MATCHED, found.old.id, None)
    assert mails(found) == [("account/request_told", found.old.email)]
    with refused("already_asked"):
        lost(make, on=found)


def test_without_a_factor_nothing_was_lost(make: Factory) -> None:
    found, without = scene(make), make.user(totp=False)
    with refused("no_factor"):
        lost(make, without, on=found)
    with refused("not_allowed"):
        run(filing.file_lost_factor, reason="紛失", phone=None, actor=requesting.STRANGER, now=NOW)
    with refused("words_missing"):
        run(filing.file_lost_factor, reason="", phone=None, actor=half(found.old), now=NOW)


def test_paper_is_keyed_in_by_the_office_with_its_scan(make: Factory) -> None:
    found = on_paper(make, received_at=NOW - timedelta(days=1))
    row = found.row
    assert (row.channel, row.state, row.member_id) == (Channel.PAPER, S.SUBMITTED, found.member.id)
    assert (row.entered_by_id, row.received_at) == (found.extra["enterer"].id, NOW - timedelta(days=1))
    assert db.session.scalars(select(Attachment.kind)).all() == [AttachmentKind.PAPER_SCAN]
    assert mails(found) == []


@pytest.mark.parametrize(
    ("changes", "code", "field"),
    [
        ({"operator_code": "99999"}, "member_unknown", "operator_code"),
        ({"received_at": NOW + timedelta(seconds=1)}, "received_later", "received_on"),
        ({"documents": ()}, "evidence_missing", "file"),
        ({"reason": ""}, "words_missing", "reason"),
    ],
)
def test_paper_is_refused(make: Factory, changes: dict[str, Any], code: str, field: str) -> None:
    found = scene(make)
    found.extra["enterer"] = found.operator
    with refused(code, field=field):
        on_paper(make, on=found, **changes)


def test_only_the_desk_keys_paper_in(make: Factory) -> None:
    found = scene(make)
    found.extra["enterer"] = found.operator
    for stamp in (found.administrator, make.actor(found.system, Role.SYSTEM), requesting.STRANGER):
        with refused("not_allowed"):
            on_paper(make, on=found, actor=stamp)


def test_an_administrator_takes_the_request_back(make: Factory) -> None:
    found = by_member(make)
    run(filing.withdraw, found.number, actor=found.administrator, now=NOW)
    assert found.row.state is S.WITHDRAWN
    desk = f"desk{found.member.id}@company.example.jp"
    assert mails(found)[2:] == [("account/request_closed", found.old.email), ("account/request_closed", desk)]
    with refused("illegal_step"):
        run(filing.withdraw, found.number, actor=found.administrator, now=NOW)


def test_a_request_is_taken_back_by_its_own_company_alone(make: Factory) -> None:
    found, other = by_member(make), scene(make)
    for stamp in (other.administrator, found.caller, half(found.old)):
        with refused("not_found"):
            run(filing.withdraw, found.number, actor=stamp, now=NOW)
    viewer = replace(found.administrator, permissions=permissions_of((Role.VIEWER,)))
    with refused("not_allowed"):
        run(filing.withdraw, found.number, actor=viewer, now=NOW)
    public = requesting.matched(from_public(make, on=other))
    with refused("not_allowed"):  # not filed by the company as far as anybody knows: it objects instead
        run(filing.withdraw, public.number, actor=other.administrator, now=NOW)
