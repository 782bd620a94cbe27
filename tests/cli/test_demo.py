"""`load-demo`, `demo-code` and `rebuild-current`."""

import pytest
from flask import Flask
from sqlalchemy import func, select, update

from occto.demo.load import SMALLEST
from occto.extensions import db
from occto.models import Member
from occto.unit_of_work import unit_of_work
from tests.factories import Factory


def _run(app: Flask, *arguments: str) -> tuple[int, str]:
    result = app.test_cli_runner().invoke(args=["occto", *arguments])
    return result.exit_code, result.output


@pytest.fixture
def demo_mode(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Flask:
    monkeypatch.setitem(app.config, "DEMO", True)
    return app


@pytest.mark.parametrize("arguments", [("load-demo",), ("demo-code", "admin@shiomi.example.jp")])
def test_refused_outside_demo_mode(app: Flask, arguments: tuple[str, ...]) -> None:
    code, output = _run(app, *arguments)
    assert code == 1
    assert "OCCTO_DEMO=1" in output
    assert db.session.scalar(select(func.count()).select_from(Member)) == 0


def test_refused_where_there_are_members(demo_mode: Flask, make: Factory) -> None:
    make.member()
    code, output = _run(demo_mode, "load-demo", "--members", str(SMALLEST))
    assert code == 1
    assert "すでにデータがあります" in output


def test_too_few_members_are_refused(demo_mode: Flask) -> None:
    assert _run(demo_mode, "load-demo", "--members", str(SMALLEST - 1))[0] == 2


def test_loads_and_shows_a_code(demo_mode: Flask) -> None:
    code, output = _run(demo_mode, "load-demo", "--members", str(SMALLEST))
    assert code == 0, output
    assert "admin@shiomi.example.jp" in output
    code, output = _run(demo_mode, "demo-code", "ADMIN@shiomi.example.jp")
    assert code == 0
    assert output.strip().isdigit()
    assert len(output.strip()) == 6
    assert _run(demo_mode, "demo-code", "user@shiomi.example.jp")[0] == 1


def test_rebuild_says_how_many_differed(app: Flask, make: Factory) -> None:
    for _number in range(3):
        make.member()
    spoilt = make.member()
    with unit_of_work() as session:
        session.execute(update(Member).where(Member.id == spoilt.id).values(current_name="古い名前"))
    assert _run(app, "rebuild-current") == (0, "4 件を確かめ、1 件を直しました。\n")
    assert _run(app, "rebuild-current") == (0, "4 件を確かめ、0 件を直しました。\n")
