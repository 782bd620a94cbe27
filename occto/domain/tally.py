"""採決: the decision on one item from choices and votes (業務: `domain` 6, Decision). Exact: integers only."""

from collections.abc import Collection, Hashable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

from occto.domain.errors import Refusal

N = TypeVar("N", bound=Hashable)


class Choice(StrEnum):
    YES = "YES"
    NO = "NO"
    ABSTAIN = "ABSTAIN"


class Resolution(StrEnum):
    """普通決議, 特別決議: how large a majority the item needs."""

    ORDINARY = "ORDINARY"
    SPECIAL = "SPECIAL"


class Outcome(StrEnum):
    CARRIED = "CARRIED"
    REJECTED = "REJECTED"
    TIED = "TIED"
    NOT_DECIDED = "NOT_DECIDED"


CHOICE_LABELS: dict[Choice, str] = {Choice.YES: "賛成", Choice.NO: "反対", Choice.ABSTAIN: "棄権"}
OUTCOME_LABELS: dict[Outcome, str] = {
    Outcome.CARRIED: "可決",
    Outcome.REJECTED: "否決",
    Outcome.TIED: "可否同数(議長決裁)",
    Outcome.NOT_DECIDED: "不成立",
}


@dataclass(frozen=True, slots=True)
class Decision:
    """What was decided. `present` are the votes that took part; `by_chair`: the chair decided an equal division."""

    yes: int
    no: int
    abstain: int
    present: int
    result: Outcome
    by_chair: bool = False


def decide(
    votes: Mapping[N, Choice],
    weights: Mapping[N, int],
    *,
    resolution: Resolution,
    excluded: Collection[N] = (),
    chair_choice: Choice | None = None,
) -> Decision:
    """Decide an item on the choices of those present for it.

    Whoever is `excluded` (28条の39) or holds no votes counts for nothing. `chair_choice` (YES or NO) matters only where
    an ordinary resolution is divided equally. Refusal chair_abstains.
    """
    if chair_choice is Choice.ABSTAIN:
        raise Refusal("chair_abstains", "可否同数のときの議長の決定は、賛成か反対のどちらかです。")
    counted = dict.fromkeys(Choice, 0)
    for node, choice in votes.items():
        if node not in excluded:
            counted[choice] += weights.get(node, 0)
    yes, no, abstain = counted[Choice.YES], counted[Choice.NO], counted[Choice.ABSTAIN]
    present = yes + no + abstain
    result = _result(yes, no, present, resolution)
    if result is Outcome.TIED and chair_choice is not None:
        chosen = Outcome.CARRIED if chair_choice is Choice.YES else Outcome.REJECTED
        return Decision(yes, no, abstain, present, chosen, by_chair=True)
    return Decision(yes, no, abstain, present, result)


def _result(yes: int, no: int, present: int, resolution: Resolution) -> Outcome:
    if present == 0:
        return Outcome.NOT_DECIDED
    if resolution is Resolution.SPECIAL:
        return Outcome.CARRIED if 3 * yes >= 2 * present else Outcome.REJECTED
    if 2 * yes > present:
        return Outcome.CARRIED
    return Outcome.TIED if yes == no > 0 else Outcome.REJECTED


def formula_in_words(decision: Decision, *, resolution: Resolution) -> str:
    """The calculation behind the result, for board and minutes."""
    yes, present = decision.yes, decision.present
    if decision.result is Outcome.NOT_DECIDED:
        return "出席した議決権が 0票のため、不成立です。"
    if resolution is Resolution.SPECIAL:
        sign = "≧" if 3 * yes >= 2 * present else "＜"
        return f"賛成 {yes:,}票 × 3 {sign} 出席 {present:,}票 × 2（3分の2以上）"
    if decision.by_chair or decision.result is Outcome.TIED:
        chair = "議長が決定しました" if decision.by_chair else "議長が決定します"
        return f"賛成 {yes:,}票 ＝ 反対 {decision.no:,}票（可否同数。{chair}）"
    sign = "＞" if 2 * yes > present else "≦"
    return f"賛成 {yes:,}票 × 2 {sign} 出席 {present:,}票（過半数）"
