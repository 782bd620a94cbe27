"""Kits whose parts contradict each other, with every hash made to agree: recompute.py finds that too."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from occto.domain.canonical import digest
from occto.domain.tally import CHOICE_LABELS
from tests.factories import Factory
from tests.kit.kits import altered, drawn, laid_out, recomputed
from tests.results_scene import Ended, ended


@pytest.fixture
def scene(make: Factory) -> Ended:
    return ended(make)


def resealed(files: dict[str, bytes], change: Callable[[Any], None]) -> dict[str, bytes]:
    """result.json changed as one who knows how it is made would: with every hash that rests on the change made anew."""
    voting = json.loads(files["voting.json"])
    case = voting["allocation"][0]
    number = {row["id"]: row["member_id"] for row in case["members"]}
    held = case["expect"]["weights"]
    code = {words: choice for choice, words in CHOICE_LABELS.items()}
    given = {
        one["item_no"]: sorted(
            [number[node], one["channels"][node], code[choice], held[node]["total"]]
            for node, choice in one["votes"].items()
        )
        for one in voting["decisions"]
    }

    def act(document: Any) -> None:
        change(document)
        for one in document["decisions"]:
            one["sha256"] = digest(one["record"] | {"votes": given[one["item_no"]]})
        result = document["result"]
        rests_on = [[one["item_no"], one["record"]["no"], one["sha256"]] for one in document["decisions"]]
        withdrawn = {"decisions": rests_on, "withdrawn": result["withdrawn"]}
        result["sha256"] = digest(result["record"] | withdrawn)

    return altered(files, "result.json", act)


def _nobody(quorum: Any) -> None:
    quorum["met"] = False
    for one in quorum["counts"]:
        one.update(present=0, met=False)


def _nobody_at_any_item(document: Any) -> None:
    for one in document["decisions"]:
        _nobody(one["record"]["quorum"])


def _nobody_at_the_result(document: Any) -> None:
    _nobody(document["result"]["record"]["quorum"])
    document["result"]["record"].update(quorum_met=False, override_reason="緊急")


def _few_at_an_item(document: Any) -> None:
    """Half of the votes are there, and more than that were counted."""
    for one in document["decisions"][0]["record"]["quorum"]["counts"]:
        one["present"] = one["whole"] - one["whole"] // 2


def _another_majority(document: Any) -> None:
    document["items"][0]["majority"] = "SPECIAL" if document["items"][0]["majority"] == "ORDINARY" else "ORDINARY"


def _withdraw_a_decided_item(document: Any) -> None:
    document["items"][0]["withdrawn"] = True


def _withdraw_in_both(document: Any) -> None:
    _withdraw_a_decided_item(document)
    document["result"]["withdrawn"] = [1, 6]


def _bring_back(document: Any) -> None:
    document["result"]["withdrawn"] = []


def _bring_back_in_both(document: Any) -> None:
    _bring_back(document)
    document["items"][5]["withdrawn"] = False


def _without_an_item(document: Any) -> None:
    del document["items"][0]


def _of_another_item(document: Any) -> None:
    document["items"][0]["id"], document["items"][2]["id"] = document["items"][2]["id"], document["items"][0]["id"]


def _formula(document: Any) -> None:
    document["decisions"][0]["formula"] = "賛成 1票 × 2 ＞ 出席 1票（過半数）"


def _corrected(document: Any) -> None:
    document["decisions"][0]["corrected"] = [{"no": 1, "result": "否決", "sha256": "0" * 64}]


def _never_corrected(document: Any) -> None:
    document["decisions"][5]["corrected"] = []


def _another_day(document: Any) -> None:
    document["assembly"]["record_on"] = "2026-01-01"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (_nobody_at_any_item, "結果の定足数"),
        (_nobody_at_any_item, "第1号議案の結果の定足数：この議案に加わった"),
        (_nobody_at_the_result, "結果の定足数"),
        (_few_at_an_item, "第1号議案の結果の定足数：この議案に加わった"),
        (_another_majority, "議案 第1号"),
        (_withdraw_a_decided_item, "取り下げた議案"),
        (_withdraw_in_both, "取り下げていない議案"),
        (_bring_back, "取り下げた議案"),
        (_bring_back_in_both, "取り下げていない議案"),
        (_without_an_item, "取り下げていない議案"),
        (_of_another_item, "議案 第1号"),
        (_formula, "第1号議案の結果の計算"),
        (_corrected, "第1号議案の結果の訂正"),
        (_never_corrected, "第8号議案の結果の訂正"),
        (_another_day, "基準日"),
    ],
    ids=lambda one: getattr(one, "__name__", None),
)
def test_parts_that_contradict_each_other_are_found_with_every_hash_made_to_agree(
    scene: Ended, tmp_path: Path, change: Callable[[Any], None], words: str
) -> None:
    files = drawn(scene.held)
    assert recomputed(laid_out(resealed(files, lambda _: None), tmp_path / "kit"))[0] == 0
    code, said = recomputed(laid_out(resealed(files, change), tmp_path / "kit"))
    assert code == 1
    assert any(line.startswith("違い　") and words in line for line in said.splitlines()), said
    assert "SHA-256：" not in said


def test_the_quorum_of_the_first_item_that_lacked_it_decides(make: Factory, tmp_path: Path) -> None:
    files = drawn(ended(make, present=1).held)

    def change(document: Any) -> None:
        met = document["decisions"][0]["record"]["quorum"]
        document["result"]["record"].update(quorum=met, quorum_met=True, override_reason=None)

    code, said = recomputed(laid_out(resealed(files, change), tmp_path / "kit"))
    assert (code, "違い　結果の定足数" in said) == (1, True)
