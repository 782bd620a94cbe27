"""recompute.py on the vectors turned into kits: it finds what they expect, by a program that shares nothing with ours."""

import json
import time
from pathlib import Path
from typing import Any

import pytest

from occto import kit
from tests.kit.kits import laid_out, recomputed, vector_calculation, vector_kit
from tests.voting import VECTORS


@pytest.mark.parametrize("case", VECTORS["allocation"], ids=lambda case: case["id"])
def test_a_vector_is_recomputed(case: dict[str, Any], tmp_path: Path) -> None:
    code, said = recomputed(laid_out(vector_kit(case), tmp_path / "kit"))
    assert code == 0, said
    assert "結果　すべて一致しました。" in said


@pytest.mark.parametrize("case", VECTORS["allocation"], ids=lambda case: case["id"])
def test_a_kit_says_what_its_vector_says(case: dict[str, Any]) -> None:
    calculation, dates, number = vector_calculation(case)
    name = kit.Names(calculation)
    word = {name(place): word for word, place in number.items()}

    def back(value: Any) -> Any:
        if isinstance(value, dict):
            return {word.get(key, key): back(each) for key, each in value.items()}
        if isinstance(value, list):
            return [back(each) for each in value]
        return word.get(value, value) if isinstance(value, str) else value

    written = back(json.loads(json.dumps(kit.case_of(calculation, dates, name), default=str)))
    assert written["expect"] == case["expect"]
    assert written["parent_of"] == case["parent_of"]
    assert written["elections"] == case["elections"]
    known = {row["id"]: row for row in written["members"]}
    keys = ("roster_no", "capital", "effective_from", "effective_to")
    for row in case["members"]:
        if row["id"] in known:  # a kit holds the roll of the record date alone
            assert {key: known[row["id"]][key] for key in keys} == {key: row[key] for key in keys}
            assert set(known[row["id"]]["licences"]) == set(row["licences"])


def test_the_decisions_of_the_vectors_are_in_a_kit() -> None:
    first = VECTORS["allocation"][0]
    held = json.loads(vector_kit(first)["voting.json"])["decisions"]
    assert [one["expect"]["result"] for one in held] == [one["expect"]["result"] for one in VECTORS["decisions"]]


def test_two_thousand_members(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With families of ten and ten items. What it takes is printed and not asserted."""
    words = ("小売", "発電", "一般送配電", "特定卸供給")
    members = [
        {
            "id": f"M{no:04d}",
            "roster_no": no,
            "capital": no % 97,
            "licences": [words[no % 4]],
            "effective_from": "2016-04-01",
            "effective_to": None,
        }
        for no in range(2_000)
    ]
    case = {
        "id": "LARGE",
        "record_date": "2026-11-18",
        "members": members,
        "parent_of": {f"M{no:04d}": f"M{no - no % 10:04d}" for no in range(1_000) if no % 10},
        "elections": [{"group": "*", "root": "M0010", "holder": "M0013"}],
    }
    choices = ("賛成", "賛成", "反対", "棄権")
    asked = [
        {
            "id": f"D{item}",
            "weights_of": "LARGE",
            "kind": "special" if item % 2 else "ordinary",
            "votes": {f"M{no:04d}": choices[(no + item) % 4] for no in range(1_000, 2_000)},
        }
        for item in range(10)
    ]
    folder = laid_out(vector_kit(case, asked), tmp_path / "kit")
    began = time.perf_counter()
    code, said = recomputed(folder)
    took = time.perf_counter() - began
    assert code == 0, said
    size = sum(path.stat().st_size for path in folder.iterdir())
    with capsys.disabled():
        print(f" [2,000 members, 10 items: {took:.2f} s, {size / 1e6:.1f} MB]", end="")  # noqa: T201
