"""資本関係: at most one controlling parent at a time, nobody their own ancestor on any day (`domain` 3.1)."""

from collections.abc import Callable, Iterable
from datetime import date
from typing import NamedTuple

from occto.domain.errors import Refusal


class Control(NamedTuple):
    """A controlling parent and the days on which it is one: begin ≤ day < end."""

    parent: int
    begin: date
    end: date


def check_new_parent(
    parents_of: Callable[[int], Iterable[Control]], *, child: int, parent: int, begin: date, end: date
) -> None:
    """Refuse `parent` for `child` from `begin` until before `end` where it is itself, a second one, or closes a ring.

    `parents_of` gives the controlling parents that a body has or will have. The line is followed upwards with the days
    on which all its relations hold together: a ring that would close on a later day counts.
    Refusals: self_parent, two_parents, control_cycle.
    """
    if child == parent:
        raise self_parent()
    if any(begin < held.end and held.begin < end for held in parents_of(child)):
        raise two_parents()
    pending, seen = [Control(parent, begin, end)], set()
    while pending:
        above = pending.pop()
        for held in parents_of(above.parent):
            shared = Control(held.parent, max(above.begin, held.begin), min(above.end, held.end))
            if shared.begin >= shared.end or shared in seen:
                continue
            if held.parent == child:
                raise Refusal("control_cycle", "この登録では、親子の関係が輪になります。資本関係をお確かめください。")
            seen.add(shared)
            pending.append(shared)


def two_parents() -> Refusal:
    """The refusal of a second controlling parent."""
    return Refusal("two_parents", "別の会社が親法人等として登録されています。どちらが正しいかを確かめてください。")


def self_parent() -> Refusal:
    """The refusal of a company as its own parent or subsidiary."""
    return Refusal(
        "self_parent", "自社を親法人等や子法人等として登録することはできません。資本関係をお確かめください。"
    )
