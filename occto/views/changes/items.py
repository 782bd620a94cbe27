"""What a draft comes to, read part by part, so that one part that no longer fits the record does not hide the others."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from occto.change_words import ItemInWords, items_in_words, part_of
from occto.domain.changes import LICENCE, RELATION, ItemChange, Part
from occto.domain.errors import NotFound
from occto.extensions import db
from occto.services.changes.items import items_of_answers

if TYPE_CHECKING:
    from occto.views.changes.blueprint import Case


@dataclass(frozen=True)
class Found:
    """The items of a draft; `broken`: parts that speak of a licence or relation that is no longer on record."""

    items: tuple[ItemChange, ...]
    broken: tuple[Part, ...]

    @property
    def words(self) -> list[ItemInWords]:
        """The same as a person reads them."""
        return items_in_words(self.items)


def items_of_case(case: "Case") -> Found:
    """The items that the complete parts of the draft come to, against the record as it is now."""
    session, items, broken = db.session(), [], []
    for part, answers in case.answers.items():
        try:
            items += items_of_answers(session, case.request.member_id, {part: answers})
        except NotFound:
            broken.append(part)
    return Found(tuple(items), tuple(broken))


def long_title(item: ItemInWords) -> str:
    """The title; of a relation or a licence with the first line of what it is, since several may be called alike."""
    if item.item not in (LICENCE, RELATION):
        return item.title
    first = (item.new if item.target_key.startswith("new:") else item.old or item.new).split("\n")[0]
    if item.item == LICENCE:
        first = first.partition("（")[0]  # the day without the act in brackets
    return f"{item.title}（{first}）"


def part_of_item(item: ItemInWords) -> Part:
    """The part on whose page the item is filled in."""
    return Part(part_of(item.item))
