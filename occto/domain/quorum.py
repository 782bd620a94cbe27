"""定足数: half of all members, on three bases (電気事業法 28条の34; 業務: `domain` 6, Quorum). Exact: integers only."""

from collections.abc import Mapping
from dataclasses import dataclass

from occto.domain.assembly_settings import QUORUM_LABELS, AssemblySettings, QuorumBasis
from occto.domain.replies import Attendance

UNITS: dict[QuorumBasis, str] = {
    QuorumBasis.ALL_MEMBERS: "社",
    QuorumBasis.DEEMED_MEMBERS: "社",
    QuorumBasis.VOTES: "票",
}
CERTAIN = frozenset({Attendance.ELECTRONIC, Attendance.PROXY, Attendance.CHAIR})
"""確実: votes exercised in advance, on line or on paper, and mandates, 議長一任 among them."""
EXPECTED = CERTAIN | {Attendance.ATTEND}
"""見込み: with those who said that they come. 欠席 without voting and 撤回 are not present."""


@dataclass(frozen=True, slots=True)
class Count:
    """Who is present out of all, on one basis: members, みなし会員 or votes."""

    basis: QuorumBasis
    present: int
    whole: int

    @property
    def required(self) -> int:
        """Half of all, rounded up."""
        return (self.whole + 1) // 2

    @property
    def met(self) -> bool:
        """半数以上. Where there is nothing to count, nothing is met."""
        return self.whole > 0 and 2 * self.present >= self.whole

    @property
    def lacking(self) -> int:
        """How many more are needed; 0 where it is met."""
        return max(0, self.required - self.present)

    @property
    def label(self) -> str:
        return QUORUM_LABELS[self.basis]

    @property
    def unit(self) -> str:
        return UNITS[self.basis]

    def in_words(self, number: int) -> str:
        """A number of this basis with its unit, such as 1,571社."""
        return f"{number:,}{self.unit}"

    @property
    def formula(self) -> str:
        """How the required number comes about, such as 必要数は、みなし会員 1,571社の半数以上（1,571 ÷ 2 = 785.5 を切り上げ）."""
        if not self.whole:
            return f"{self.label}が 0{self.unit}のため、数えられません"
        half, odd = divmod(self.whole, 2)
        result = f"{half:,}.5 を切り上げ" if odd else f"{half:,}"
        return f"必要数は、{self.label} {self.in_words(self.whole)}の半数以上（{self.whole:,} ÷ 2 = {result}）"


@dataclass(frozen=True, slots=True)
class Quorum:
    """The three counts and the basis that decides: one with its source, or (None) every one of them."""

    counts: tuple[Count, Count, Count]
    basis: QuorumBasis | None = None
    source: str = ""

    @property
    def deciding(self) -> tuple[Count, ...]:
        """The counts that must be met."""
        return tuple(count for count in self.counts if self.basis in (None, count.basis))

    @property
    def met(self) -> bool:
        return all(count.met for count in self.deciding)

    @property
    def main(self) -> Count:
        """The count to show first: the one that decides, or the one that lacks most of what it needs."""
        return min(self.deciding, key=_distance)

    @property
    def agree(self) -> bool:
        """Whether the three counts say the same."""
        return len({count.met for count in self.counts}) == 1

    @property
    def rule(self) -> str:
        """By which basis it is decided, and why."""
        if self.basis is None:
            return "数え方の根拠（定款の条項）が登録されていないため、3つの数え方すべてを満たす必要があります。"
        return f"この総会は、{QUORUM_LABELS[self.basis]}の数で判定します（根拠：{self.source}）。"

    @property
    def disagreement(self) -> str:
        """What the bases say differently, in words; empty where they agree."""
        if self.agree:
            return ""
        met, unmet = ("と".join(one.label for one in self.counts if one.met is state) for state in (True, False))
        return f"数え方によって判定が分かれています。{met}の数では満たし、{unmet}の数では満たしません。"


def _distance(count: Count) -> tuple[bool, int, int]:
    """Unmet before met; then the smaller part of the whole, compared without a division over a common number."""
    return count.met, count.present * 1_000_000 // max(1, count.whole), list(QuorumBasis).index(count.basis)


def quorum(present: Mapping[QuorumBasis, int], whole: Mapping[QuorumBasis, int], settings: AssemblySettings) -> Quorum:
    """The quorum of an assembly. A basis without its source decides nothing: then every basis must be met."""
    first, second, third = (Count(basis, present[basis], whole[basis]) for basis in QuorumBasis)
    source = settings.quorum_source.strip()
    return Quorum((first, second, third), settings.quorum_basis if source else None, source)
