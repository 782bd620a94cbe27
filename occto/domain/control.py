"""資本関係: at most one controlling parent, nobody their own ancestor (`domain` 3.1)."""

from collections.abc import Mapping

from occto.domain.errors import Refusal

MAX_DEPTH = 1000


def two_parents() -> Refusal:
    """The refusal of a second controlling parent."""
    return Refusal("two_parents", "別の会社が親法人等として登録されています。どちらが正しいかを確かめてください。")


def check_new_parent(parents: Mapping[int, int], *, child: int, parent: int) -> None:
    """Refuse `parent` for `child` where it would be a second one, itself, or close a ring.

    `parents` maps each body to its controlling parent as of the day. Refusals: self_parent, two_parents, control_cycle.
    """
    if child == parent:
        raise Refusal("self_parent", "自社を親法人等として登録することはできません。資本関係をお確かめください。")
    if parents.get(child, parent) != parent:
        raise two_parents()
    seen, above = 0, parent
    while above in parents and seen < MAX_DEPTH:
        above, seen = parents[above], seen + 1
        if above == child:
            raise Refusal("control_cycle", "この登録では、親子の関係が輪になります。資本関係をお確かめください。")
