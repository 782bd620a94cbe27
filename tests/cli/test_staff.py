"""`create-staff`: the first system administrator and others."""

import pytest
from flask import Flask
from sqlalchemy import func, select

from occto.domain.codes import UserKind, UserState
from occto.domain.permissions import Role
from occto.extensions import db
from occto.models import AuditEvent, OutboxMail, StaffRole, User
from tests.factories import Factory


def _run(app: Flask, *arguments: str) -> tuple[int, str]:
    result = app.test_cli_runner().invoke(args=["occto", "create-staff", *arguments])
    return result.exit_code, result.output


def test_makes_an_invited_user_and_mails_the_link(app: Flask) -> None:
    code, output = _run(
        app, "Shinnin@occto.example.jp", "--name", "新任 太郎", "--role", "SYSTEM", "--role", "OPERATOR"
    )
    assert code == 0, output
    user = db.session.scalars(select(User)).one()
    assert (user.kind, user.state, user.password_hash) == (UserKind.STAFF, UserState.INVITED, None)
    assert (user.email, user.email_key, user.name) == (
        "Shinnin@occto.example.jp",
        "shinnin@occto.example.jp",
        "新任 太郎",
    )
    assert set(db.session.scalars(select(StaffRole.role))) == {Role.SYSTEM, Role.OPERATOR}
    mail = db.session.scalars(select(OutboxMail)).one()
    assert (mail.template, mail.to_address, mail.user_id) == ("account/set_password", user.email, user.id)
    assert db.session.scalars(select(AuditEvent.tag)).all() == ["user.created"]


@pytest.mark.parametrize(
    "address", ["", "taro", "taro@occto", "ta ro@occto.example.jp", "a..b@occto.example.jp", "たろう@例.jp"]
)
def test_a_bad_address_is_refused_in_words(app: Flask, address: str) -> None:
    code, output = _run(app, address, "--name", "新任 太郎", "--role", "SYSTEM")
    assert code == 1
    assert "メールアドレスの形が正しくありません" in output
    assert db.session.scalar(select(func.count()).select_from(User)) == 0


def test_one_address_is_one_person(app: Flask, make: Factory) -> None:
    make.user(email="taken@company.example.jp")
    code, output = _run(app, "TAKEN@company.example.jp", "--name", "新任 太郎", "--role", "SYSTEM")
    assert code == 1
    assert "すでに登録されています" in output
    assert db.session.scalar(select(func.count()).select_from(OutboxMail)) == 0


def test_a_name_is_needed(app: Flask) -> None:
    code, output = _run(app, "taro@occto.example.jp", "--name", " ", "--role", "SYSTEM")
    assert code == 1
    assert "氏名を入力してください" in output


def test_only_roles_of_the_staff(app: Flask) -> None:
    code, _output = _run(app, "taro@occto.example.jp", "--name", "新任 太郎", "--role", "ADMINISTRATOR")
    assert code == 2
    assert db.session.scalar(select(func.count()).select_from(User)) == 0
