"""The decision on an item: the vectors exactly, the borders, and what always holds."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from occto.domain.errors import Refusal
from occto.domain.tally import CHOICE_LABELS, OUTCOME_LABELS, Choice, Outcome, Resolution, decide, formula_in_words
from occto.domain.votes import allocate
from tests.voting import VECTORS, roll_of

CASES = {case["id"]: case for case in VECTORS["allocation"]}
WORDS = {word: choice for choice, word in CHOICE_LABELS.items()}
ORDINARY, SPECIAL = Resolution.ORDINARY, Resolution.SPECIAL


@pytest.mark.parametrize("case", VECTORS["decisions"], ids=lambda case: case["id"])
def test_the_vectors_exactly(case: dict[str, Any]) -> None:
    allocation = allocate(roll_of(CASES[case["weights_of"]]))
    decision = decide(
        {node: WORDS[word] for node, word in case["votes"].items()},
        {node: allocation.weight(node) for node in allocation.weights},
        resolution=Resolution[case["kind"].upper()],
        excluded=case["excluded"],
    )
    assert case["expect"] == {
        "yes": decision.yes,
        "no": decision.no,
        "abstain": decision.abstain,
        "present": decision.present,
        "result": OUTCOME_LABELS[decision.result],
    }


def _decide(yes: int, no: int, abstain: int = 0, **options: Any) -> Any:
    votes = {"y": Choice.YES, "n": Choice.NO, "a": Choice.ABSTAIN}
    return decide(votes, {"y": yes, "n": no, "a": abstain}, **{"resolution": ORDINARY, **options})


@pytest.mark.parametrize(
    ("resolution", "counts", "result"),
    [
        (ORDINARY, (0, 0, 0), Outcome.NOT_DECIDED),
        (SPECIAL, (0, 0, 0), Outcome.NOT_DECIDED),
        (ORDINARY, (0, 0, 5), Outcome.REJECTED),
        (ORDINARY, (6, 5, 0), Outcome.CARRIED),
        (ORDINARY, (6, 5, 1), Outcome.REJECTED),
        (ORDINARY, (5, 5, 3), Outcome.TIED),
        (ORDINARY, (5, 6, 0), Outcome.REJECTED),
        (SPECIAL, (2, 1, 0), Outcome.CARRIED),
        (SPECIAL, (1, 1, 0), Outcome.REJECTED),
        (SPECIAL, (2 * 10**18, 10**18, 1), Outcome.REJECTED),
    ],
)
def test_the_borders(resolution: Resolution, counts: tuple[int, int, int], result: Outcome) -> None:
    decision = _decide(*counts, resolution=resolution)
    assert decision.result is result
    assert formula_in_words(decision, resolution=resolution)


@pytest.mark.parametrize(("choice", "result"), [(Choice.YES, Outcome.CARRIED), (Choice.NO, Outcome.REJECTED)])
def test_the_chair_decides_an_equal_division_only(choice: Choice, result: Outcome) -> None:
    tied = _decide(5, 5, chair_choice=choice)
    assert (tied.result, tied.by_chair) == (result, True)
    assert "議長が決定しました" in formula_in_words(tied, resolution=ORDINARY)
    clear = _decide(6, 5, chair_choice=Choice.NO)
    assert (clear.result, clear.by_chair) == (Outcome.CARRIED, False)
    special = _decide(5, 5, resolution=SPECIAL, chair_choice=Choice.YES)
    assert (special.result, special.by_chair) == (Outcome.REJECTED, False)


def test_the_chair_does_not_abstain() -> None:
    with pytest.raises(Refusal) as caught:
        _decide(5, 5, chair_choice=Choice.ABSTAIN)
    assert caught.value.code == "chair_abstains"


def test_whoever_is_excluded_or_holds_nothing_does_not_count() -> None:
    votes = {"y": Choice.YES, "n": Choice.NO, "stranger": Choice.NO}
    decision = decide(votes, {"y": 1, "n": 9}, resolution=ORDINARY, excluded={"n"})
    assert (decision.yes, decision.no, decision.present, decision.result) == (1, 0, 1, Outcome.CARRIED)


@pytest.mark.parametrize(
    ("resolution", "words"),
    [(ORDINARY, "賛成 20票 × 2 ＞ 出席 36票（過半数）"), (SPECIAL, "賛成 20票 × 3 ＜ 出席 36票 × 2（3分の2以上）")],
)
def test_the_formula_in_words(resolution: Resolution, words: str) -> None:
    assert formula_in_words(_decide(20, 16, resolution=resolution), resolution=resolution) == words


_COUNTS = st.integers(0, 50)


@given(_COUNTS, _COUNTS, _COUNTS, st.sampled_from(Resolution))
def test_more_votes_in_favour_never_lose_an_item(yes: int, no: int, abstain: int, resolution: Resolution) -> None:
    if _decide(yes, no, abstain, resolution=resolution).result is Outcome.CARRIED:
        assert _decide(yes + 1, no, abstain, resolution=resolution).result is Outcome.CARRIED
    assert not (yes < no and _decide(yes, no, abstain, resolution=resolution).result is Outcome.CARRIED)
