from pathlib import Path
from typing import Any

import pytest

import config

SAFE = {"SECRET_KEY": "s" * 40, "DATA_KEY": "d" * 40}


def _load(**env: str) -> dict[str, object]:
    return config.load(SAFE | env)


def test_defaults_are_those_of_production() -> None:
    loaded = _load()
    assert loaded["DEMO"] is False
    assert str(loaded["SQLALCHEMY_DATABASE_URI"]).startswith("sqlite:///")
    assert loaded["SESSION_COOKIE_HTTPONLY"] is True
    assert loaded["SESSION_COOKIE_SAMESITE"] == "Lax"
    assert "TESTING" not in loaded
    assert "DEBUG" not in loaded


@pytest.mark.parametrize("name", ["SECRET_KEY", "DATA_KEY"])
@pytest.mark.parametrize("value", ["", "short", "x" * 31, "change-me", "replace-this-with-a-long-random-value"])
def test_a_missing_or_example_secret_stops_the_start(name: str, value: str) -> None:
    with pytest.raises(config.ConfigurationError, match=name):
        config.load(SAFE | {name: value})


def test_a_secret_may_stand_in_a_file_that_nobody_else_reads(tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_text("f" * 40 + "\n", encoding="utf-8")
    file.chmod(0o600)
    assert _load(SECRET_KEY_FILE=str(file))["SECRET_KEY"] == "f" * 40
    file.chmod(0o644)
    with pytest.raises(config.ConfigurationError, match="0600"):
        _load(SECRET_KEY_FILE=str(file))
    with pytest.raises(config.ConfigurationError, match="cannot be read"):
        _load(SECRET_KEY_FILE=str(tmp_path / "absent"))


@pytest.mark.parametrize(
    ("env", "secure", "cookie"),
    [
        ({}, False, "session"),
        ({"BASE_URL": "http://localhost:8000/"}, False, "session"),
        ({"BASE_URL": "https://members.example.or.jp"}, True, "__Host-session"),
    ],
)
def test_cookies_follow_the_base_address(env: dict[str, str], secure: bool, cookie: str) -> None:
    loaded = _load(**env)
    assert (loaded["SECURE"], loaded["SESSION_COOKIE_SECURE"], loaded["SESSION_COOKIE_NAME"]) == (
        secure,
        secure,
        cookie,
    )
    assert not str(loaded["BASE_URL"]).endswith("/")


@pytest.mark.parametrize(
    "env",
    [
        {"BASE_URL": "http://members.example.or.jp"},
        {"BASE_URL": "members.example.or.jp"},
        {"BASE_URL": "ftp://127.0.0.1"},
        {"BASE_URL": "http://members.example.or.jp", "OCCTO_DEMO": "1"},
        {"BASE_URL": "https://members.example.or.jp", "OCCTO_DEMO": "1"},
        {"BASE_URL": "https://members.example.or.jp", "OCCTO_DEMO": "1", "OCCTO_DEMO_PUBLIC": "1"},
        {"BASE_URL": "http://members.example.or.jp", "OCCTO_DEMO_PUBLIC": "1"},
        {"PORT": "eighty"},
        {"MAIL_PORT": "smtp"},
    ],
)
def test_unsafe_settings_stop_the_start(env: dict[str, str]) -> None:
    with pytest.raises(config.ConfigurationError):
        _load(**env)


@pytest.mark.parametrize("word", ["1", "true", "YES", " on "])
def test_the_demo_is_asked_for_by_name(word: str) -> None:
    assert _load(OCCTO_DEMO=word)["DEMO"] is True
    assert _load(OCCTO_DEMO="0")["DEMO"] is False
    public = _load(OCCTO_DEMO=word, OCCTO_DEMO_PUBLIC="1", BASE_URL="http://demo.example.or.jp")
    assert public["DEMO_PUBLIC"] is True


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("postgres://u:p@h/d", "postgresql+psycopg://u:p@h/d"),
        ("postgresql://u:p@h/d", "postgresql+psycopg://u:p@h/d"),
        ("postgresql+psycopg://u@h/d", "postgresql+psycopg://u@h/d"),
        ("sqlite:////srv/occto.db", "sqlite:////srv/occto.db"),
    ],
)
def test_the_address_of_the_database_alone_chooses_it(url: str, expected: str) -> None:
    assert _load(DATABASE_URL=url)["SQLALCHEMY_DATABASE_URI"] == expected


def test_hosts_are_those_of_the_base_address_unless_named() -> None:
    hosts: Any = _load(BASE_URL="https://members.example.or.jp")["TRUSTED_HOSTS"]
    assert hosts[0] == "members.example.or.jp"
    assert set(hosts[1:]) == config.LOOPBACK
    assert _load(ALLOWED_HOSTS="a.example, b.example")["TRUSTED_HOSTS"] == ["a.example", "b.example"]
