"""加入証跡: one code a member, made with the membership; keys that sign, rotate and stay published."""

from datetime import date, timedelta

import pytest
from flask import Flask
from sqlalchemy import delete, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from occto import clock, signing, vault, worker
from occto.domain.actor import SYSTEM
from occto.domain.certificates import read_code
from occto.domain.codes import MemberState
from occto.extensions import db
from occto.models import AuditEvent, Certificate, Member, SigningKey
from occto.queries import certificates as reads
from occto.services import certificates
from occto.services.joining import approval
from occto.unit_of_work import run, unit_of_work
from tests.answers import checked
from tests.factories import NOW, Factory
from tests.observing import row_counts


def _certificates() -> list[tuple[int, str]]:
    db.session.rollback()
    return [(row.member_id, row.code) for row in db.session.scalars(select(Certificate).order_by(Certificate.id))]


def _keys() -> list[SigningKey]:
    db.session.expunge_all()
    db.session.rollback()
    return list(db.session.scalars(select(SigningKey).order_by(SigningKey.id)))


def _tags() -> list[str]:
    db.session.rollback()
    return list(db.session.scalars(select(AuditEvent.tag).order_by(AuditEvent.id)))


def _enter() -> None:
    run(certificates.enter_signing_key, **signing.make_key().values(), actor=SYSTEM, now=NOW)


def _forget() -> None:
    with unit_of_work() as session:
        session.execute(delete(Certificate))


def test_a_certificate_comes_with_the_membership(make: Factory) -> None:
    case = checked(make)
    assert _certificates() == []
    member_id = run(approval.approve, case.id, seen_version=case.version, actor=case.second, now=NOW)
    ((of, code),) = _certificates()
    assert of == member_id
    assert read_code(code) == code


def test_an_approval_that_fails_leaves_no_certificate(make: Factory) -> None:
    case = checked(make)

    class _LaterError(Exception):
        pass

    def approve_and_fail(session: Session) -> None:
        approval.approve(session, case.id, seen_version=case.version, actor=case.second, now=NOW)
        raise _LaterError

    with pytest.raises(_LaterError):
        run(approve_and_fail)
    assert _certificates() == []


def test_members_of_an_earlier_release_get_theirs_once(make: Factory) -> None:
    members = [make.member() for _ in range(3)]
    _forget()
    assert run(certificates.issue_missing, limit=2, now=NOW) == 2
    assert run(certificates.issue_missing, limit=2, now=NOW) == 1
    made = _certificates()
    assert [of for of, _code in made] == [member.id for member in members]
    assert len({code for _of, code in made}) == 3
    before = row_counts()
    assert run(certificates.issue_missing, limit=2, now=NOW) == 0
    assert run(certificates.issue, [member.id for member in members], now=NOW) == 0
    assert row_counts() == before
    assert _certificates() == made
    assert _tags().count("certificates.issued") == 2


def test_who_left_before_gets_none(make: Factory) -> None:
    member = make.member()
    _forget()
    with unit_of_work() as session:
        session.execute(update(Member).where(Member.id == member.id).values(current_state=MemberState.LEFT))
    assert run(certificates.issue_missing, limit=10, now=NOW) == 0


def test_the_daily_work_issues_what_is_missing(make: Factory) -> None:
    member = make.member()
    _forget()
    worker.run_daily()
    assert [of for of, _code in _certificates()] == [member.id]


def test_a_member_has_one_certificate(make: Factory) -> None:
    member = make.member()
    with pytest.raises(IntegrityError), unit_of_work() as session:
        session.add(Certificate(member_id=member.id, code="000000000000", issued_at=NOW))


def test_the_first_key_is_made_once(app: Flask) -> None:
    assert signing.ensure_key(now=NOW)
    assert not signing.ensure_key(now=NOW)
    (key,) = _keys()
    assert key.retired_at is None
    assert len(key.kid) == 16
    assert key.public_key not in (key.private_key_enc, vault.decrypt(key.private_key_enc))
    assert vault.decrypt(key.private_key_enc) is not None
    assert _tags() == ["signing_key.made"]
    assert not run(certificates.enter_first_signing_key, **signing.make_key().values(), actor=SYSTEM, now=NOW)
    assert len(_keys()) == 1


def test_a_new_key_signs_and_the_old_one_stays_published(app: Flask) -> None:
    _enter()
    _enter()
    old, new = _keys()
    assert (old.retired_at, new.retired_at) == (NOW, None)
    signer = reads.signing_key(db.session())
    assert signer is not None
    assert signer.kid == new.kid
    assert [key.kid for key in reads.published_keys(db.session())] == [new.kid, old.kid]


def test_the_first_admission_makes_the_key(make: Factory) -> None:
    case = checked(make)
    browser = make.signed_in(case.approver)
    browser.get(f"/admin/applications/details/?id={case.id}")
    assert _keys() == []
    browser.get(f"/admin/applications/approve/?id={case.id}")
    assert _keys() == [], "a page that is only looked at makes no key"
    assert browser.submit(action="/approve/", follow=False).status_code == 303
    assert len(_keys()) == 1
    assert len(_certificates()) == 1


def test_a_key_under_another_data_key_signs_nothing(app: Flask) -> None:
    key = signing.make_key()
    assert signing.sign({"a": 1}, kid=key.kid, private_key_enc=key.private_key_enc) is not None
    app.config["DATA_KEY"], kept = "another-" * 8, app.config["DATA_KEY"]
    try:
        assert signing.sign({"a": 1}, kid=key.kid, private_key_enc=key.private_key_enc) is None
    finally:
        app.config["DATA_KEY"] = kept


def test_a_command_rotates_the_key(app: Flask) -> None:
    for retired in (0, 1):
        result = app.test_cli_runner().invoke(args=["occto", "rotate-signing-key"])
        assert result.exit_code == 0, result.output
        newest = _keys()[-1]
        assert newest.kid in result.output
        assert f"署名を終えた鍵 {retired}本" in result.output
        assert newest.public_key not in result.output
    assert newest.created_at - clock.now() < timedelta(minutes=1)
    assert date(2026, 1, 1) < newest.created_at.date()
