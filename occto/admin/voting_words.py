"""採決 in words for its pages: the tally by channel, what it comes to, and what is still missing."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from occto.desk_words import in_seconds
from occto.domain.assembly import ASSEMBLY, AssemblyState
from occto.domain.outcomes import outcome_in_words
from occto.domain.resolutions import VoteChannel
from occto.domain.tally import CHOICE_LABELS, Choice, Decision, Outcome, Resolution, decide, formula_in_words
from occto.domain.tickets import shown_number
from occto.labels import label
from occto.queries.item_votes import Cast, Mandates, Stranded


@dataclass(frozen=True, slots=True)
class Tally:
    """The votes on an item as they stand, and what they come to once everything is recorded."""

    sums: Sequence[Cast]
    resolution: Resolution

    @property
    def decision(self) -> Decision:
        """What the votes recorded so far come to, the chair's decision of a tie aside."""
        known = {place: one.choice for place, one in enumerate(self.sums) if one.choice is not None}
        return decide(known, {place: one.votes for place, one in enumerate(self.sums)}, resolution=self.resolution)

    @property
    def tied(self) -> bool:
        return not self.missing and self.decision.result is Outcome.TIED

    @property
    def formula(self) -> str:
        return formula_in_words(self.decision, resolution=self.resolution)

    @property
    def missing(self) -> list[str]:
        """What has to be recorded before the item can be decided."""
        open_ones = {one.channel for one in self.sums if one.choice is None}
        found = []
        if open_ones - {VoteChannel.CHAIR}:
            found.append("会場で行使する会員の賛否")
        if VoteChannel.CHAIR in open_ones:
            found.append("議長一任の賛否（議長の宣言）")
        return found

    def of(self, channel: VoteChannel | None = None, choice: Choice | None = None, *, any_choice: bool = False) -> Cast:
        """The sum of a channel (None: of all) and of a choice (None: still to be recorded)."""
        found = [one for one in self.sums if channel in (None, one.channel) and (any_choice or one.choice is choice)]
        members, votes = sum(one.members for one in found), sum(one.votes for one in found)
        return Cast(channel or VoteChannel.FLOOR, choice, members, votes)

    @property
    def chair_votes(self) -> Cast:
        """How much the chair casts."""
        return self.of(VoteChannel.CHAIR, any_choice=True)

    @property
    def rows(self) -> list[tuple[str, list[str]]]:
        """A row a channel, and all together: yes, no, abstain, still to be recorded, sum."""
        channels: list[tuple[str, VoteChannel | None]] = [(label(one), one) for one in VoteChannel]
        return [(words, self._row(one)) for words, one in [*channels, ("計", None)]]

    @property
    def cells(self) -> list[list[str]]:
        """The same as the rows of a table with HEADS."""
        return [[words, *cells] for words, cells in self.rows]

    def _row(self, channel: VoteChannel | None) -> list[str]:
        cells = [self.of(channel, choice) for choice in (*Choice, None)]
        return [f"{one.votes:,}票（{one.members:,}社）" for one in [*cells, self.of(channel, any_choice=True)]]


HEADS = ("方法", *(CHOICE_LABELS[one] for one in Choice), "未記録", "計")


def outcome_words(decision: Any) -> str:
    """How a decision on record is called: 修正可決, 否決（議長の決定）."""
    words = outcome_in_words(decision.outcome, amended=bool(decision.amendment))
    return f"{words}（議長の決定）" if decision.chair_choice is not None else words


def decided_facts(decision: Any) -> list[tuple[str, Any]]:
    """A decision on record as terms and values."""
    found: list[tuple[str, Any]] = [
        ("結果", outcome_words(decision)),
        ("票数", f"賛成 {decision.yes:,}票、反対 {decision.against:,}票、棄権 {decision.abstain:,}票"),
        ("出席した議決権", f"{decision.present:,}票"),
        ("定足数", "満たす" if decision.quorum["met"] else "満たさない"),
    ]
    if decision.amendment:
        found.append(("修正の内容", decision.amendment))
    if decision.reason:
        found.append(("訂正の理由", decision.reason))
    return [*found, ("ハッシュ値（SHA-256）", decision.sha256)]


def stranded_words(found: Stranded, *, decided: bool) -> str:
    """Mandates that are not used, and what the rule makes of them; empty where there are none.

    `decided`: the hall is that of the first decision.
    """
    where = "はじめに採決したときに、委任先の会員が会場にいなかった" if decided else "委任先の会員が会場にいない"
    until = "" if decided else "委任先の会員の方が入場すると数えます。"
    words = _mandates_words(found.away, f"{where}もの", until=until)
    words += _mandates_words(found.left, "委任先の会員が、会員でなくなったもの")
    return f"{words}定足数には数えます。" if words else ""


def _mandates_words(found: Mandates, of_whom: str, *, until: str = "") -> str:
    """`until`: what would let them count after all."""
    if not found.members:
        return ""
    words = f"{of_whom}：{found.members:,}社（{found.votes:,}票）。"
    rest, votes = found.members - found.counted, found.votes - found.counted_votes
    if found.counted:
        words += f"うち {found.counted:,}社（{found.counted_votes:,}票）は、委任に添えられた賛否で数えます。"
    if rest:
        which = f"うち {rest:,}社（{votes:,}票）は、" if found.counted else ""
        words += f"{which}この議案の票数には数えません。{until}"
    return words


class Late(NamedTuple):
    """Late arrivals as the cells of a table. `correctable`: the flow still leads to a decision that counts them."""

    rows: Sequence[dict[str, str]]
    correctable: bool


def late_words(rows: Sequence[Any], *, state: AssemblyState) -> Late:
    """Arrivals of `queries/late_arrivals.py`, of an assembly in `state`."""
    correctable = state in ASSEMBLY.step("decide_item").sources | ASSEMBLY.step("correct_result").sources
    cells = [
        {
            "at": in_seconds(row.entered_at),
            "received": in_seconds(row.received_at),
            "name": row.name,
            "company": row.company,
            "number": shown_number(row.number),
            "votes": f"{row.votes:,}票" if row.voting else "傍聴",
            "desk": row.desk or "紙の控え",
            "item": f"第{row.item_no}号議案",
            "item_id": str(row.item_id),
        }
        for row in rows
    ]
    return Late(cells, correctable)


def tally_facts(tally: Tally) -> list[tuple[str, Any]]:
    """The votes on an item and what they come to, as terms and values."""
    decision = tally.decision
    result = "まだ決まりません（未記録のものがあります）" if tally.missing else label(decision.result)
    return [
        ("決議の方法", label(tally.resolution)),
        ("票数", [f"{words} {tally.of(choice=one).votes:,}票" for one, words in CHOICE_LABELS.items()]),
        ("出席した議決権", f"{tally.of(any_choice=True).votes:,}票"),
        ("議長一任", f"{tally.chair_votes.votes:,}票（{tally.chair_votes.members:,}社）"),
        ("計算", tally.formula),
        ("結果", result),
    ]
