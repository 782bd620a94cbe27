"""`votes FILE`: the vectors as the command prints them, and every wrong file in one line."""

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from flask import Flask

VECTORS = Path(__file__).parents[1] / "data" / "voting.json"
Edit = Callable[[dict[str, Any]], Any]


def _run(app: Flask, file: Path) -> Result:
    return app.test_cli_runner().invoke(args=["occto", "votes", str(file)])


def test_prints_the_vectors_exactly(app: Flask) -> None:
    result = _run(app, VECTORS)
    assert result.exit_code == 0, result.output
    given, printed = json.loads(VECTORS.read_text(encoding="utf-8")), json.loads(result.stdout)
    assert printed["allocation"] == {case["id"]: case["expect"] for case in given["allocation"]}
    assert printed["decisions"] == {case["id"]: case["expect"] for case in given["decisions"]}


def _edited(tmp_path: Path, edit: Edit) -> Path:
    given = copy.deepcopy(json.loads(VECTORS.read_text(encoding="utf-8")))
    edit(given)
    file = tmp_path / "edited.json"
    file.write_text(json.dumps(given), encoding="utf-8")
    return file


def _refused(app: Flask, file: Path) -> str:
    result = _run(app, file)
    assert result.exit_code == 1, result.output
    assert isinstance(result.exception, SystemExit)
    assert len(result.output.strip().splitlines()) == 1
    assert "Traceback" not in result.output
    return str(result.output)


def _first(given: dict[str, Any]) -> Any:
    return given["allocation"][0]


def _set(path: list[str | int], value: Any) -> Edit:
    def edit(given: dict[str, Any]) -> None:
        here: Any = given
        for step in path[:-1]:
            here = here[step]
        here[path[-1]] = value

    return edit


_CASE: list[str | int] = ["allocation", 0]
_MEMBER: list[str | int] = [*_CASE, "members", 0]
_VOTE: list[str | int] = ["decisions", 0]
_WRONG: dict[str, Edit] = {
    "no allocation": lambda given: given.pop("allocation"),
    "no decisions": lambda given: given.pop("decisions"),
    "no capital": lambda given: _first(given)["members"][0].pop("capital"),
    "no record date": lambda given: _first(given).pop("record_date"),
    "twice one case": lambda given: given["allocation"].append(_first(given)),
    "twice one member": lambda given: _first(given)["members"].append(_first(given)["members"][0]),
    "allocation is no list": _set(["allocation"], {}),
    "case is no object": _set(_CASE, 5),
    "unknown licence": _set([*_MEMBER, "licences"], ["原子力"]),
    "licences is text": _set([*_MEMBER, "licences"], "小売"),
    "capital is text": _set([*_MEMBER, "capital"], "100"),
    "capital is a fraction": _set([*_MEMBER, "capital"], 1.5),
    "capital is a truth": _set([*_MEMBER, "capital"], True),
    "capital is below nothing": _set([*_MEMBER, "capital"], -1),
    "id is a number": _set([*_MEMBER, "id"], 7),
    "id is half a sign": _set([*_MEMBER, "id"], "\ud800"),
    "id over lines": _set([*_MEMBER, "roster_no"], "1\n2\n3"),
    "no such day": _set([*_MEMBER, "effective_from"], "2026-02-30"),
    "parents as a list": _set([*_CASE, "parent_of"], []),
    "parent is a number": _set([*_CASE, "parent_of"], {"R1": 5}),
    "no such group": _set([*_CASE, "elections"], [{"group": "X", "root": "R1", "holder": "R1"}]),
    "weights of nothing": _set([*_VOTE, "weights_of"], "TV99"),
    "no such kind": _set([*_VOTE, "kind"], "unanimous"),
    "no such choice": _set([*_VOTE, "votes", "T1"], "保留"),
    "a vote of nobody": _set([*_VOTE, "votes", "nobody\n"], "賛成"),
    "nobody excluded": _set([*_VOTE, "excluded"], ["nobody"]),
}


@pytest.mark.parametrize("edit", _WRONG.values(), ids=_WRONG)
def test_a_file_of_another_shape_is_one_line(app: Flask, tmp_path: Path, edit: Edit) -> None:
    assert "お確かめください" in _refused(app, _edited(tmp_path, edit))


@pytest.mark.parametrize(
    "content", [b"", b"votes", b"[1]", b"null", b"\xff\xfe\x00", b"[" * 100_000, b'{"a": 1, "a": 2}', b"9" * 5000]
)
def test_what_is_no_json_object_is_one_line(app: Flask, tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "wrong.json"
    file.write_bytes(content)
    _refused(app, file)


def test_no_file_is_one_line(app: Flask, tmp_path: Path) -> None:
    assert "読めません" in _refused(app, tmp_path / "none.json")
    assert "読めません" in _refused(app, tmp_path)


def test_what_was_ignored_is_said_beside_the_result(app: Flask, tmp_path: Path) -> None:
    ring = _set([*_CASE, "parent_of"], {"R1": "R2", "R2": "R1"})
    result = _run(app, _edited(tmp_path, ring))
    assert result.exit_code == 0
    assert "輪になっています" in result.stderr
    assert json.loads(result.stdout)["allocation"]["TV1"]["units"]["R"][0]["holder"] == "R1"
