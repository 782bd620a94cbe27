"""採決: whose vote counts on an item, through which channel, and what becomes of it afterwards (業務: `domain` 6, Decision)."""

from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from typing import Any

from occto.domain.assembly_settings import QuorumBasis
from occto.domain.canonical import digest
from occto.domain.quorum import Count, Quorum
from occto.domain.tally import Choice


class VoteChannel(StrEnum):
    """Through what a vote came: on line before the day, on paper, by a mandate at the hall, 議長一任, or at the hall."""

    ELECTRONIC = "ELECTRONIC"
    PAPER = "PAPER"
    PROXY = "PROXY"
    CHAIR = "CHAIR"
    FLOOR = "FLOOR"


class ConsentOutcome(StrEnum):
    """認可・承認 given or refused by the minister."""

    GRANTED = "GRANTED"
    REFUSED = "REFUSED"


VOTE_CHANNEL_LABELS: dict[str, str] = {
    VoteChannel.ELECTRONIC: "電子",
    VoteChannel.PAPER: "書面",
    VoteChannel.PROXY: "代理",
    VoteChannel.CHAIR: "議長一任",
    VoteChannel.FLOOR: "会場",
}
CONSENT_OUTCOME_LABELS: dict[str, str] = {
    ConsentOutcome.GRANTED: "認可・承認",
    ConsentOutcome.REFUSED: "不認可・不承認",
}


def quorum_document(found: Quorum) -> dict[str, Any]:
    """The quorum as it is kept with a decision and with a result."""
    return {
        "met": found.met,
        "basis": found.basis,
        "source": found.source,
        "counts": [
            {
                "basis": one.basis,
                "present": one.present,
                "whole": one.whole,
                "required": one.required,
                "met": one.met,
            }
            for one in found.counts
        ],
    }


def kept_quorum(document: Mapping[str, Any]) -> Quorum:
    """The same read back."""
    first, second, third = (
        Count(QuorumBasis(one["basis"]), one["present"], one["whole"]) for one in document["counts"]
    )
    basis = QuorumBasis(document["basis"]) if document["basis"] else None
    return Quorum((first, second, third), basis, document["source"])


def shown_digest(sums: Iterable[tuple[VoteChannel, Choice | None, int, int]], *, versions: Sequence[int]) -> str:
    """What was on the screen when an item was decided: (channel, choice, members, votes), and versions of what stood there."""
    return digest([sorted([one[0], one[1] or "", one[2], one[3]] for one in sums), list(versions)])


def decision_document(
    decision: Mapping[str, Any], votes: Iterable[tuple[int, VoteChannel, Choice, int]]
) -> dict[str, Any]:
    """What the hash of a decision is made of: its columns, and (member, channel, choice, votes) of everybody in it."""
    return {**decision, "votes": sorted([member, channel, choice, weight] for member, channel, choice, weight in votes)}
