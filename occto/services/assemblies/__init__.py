"""VERBS of 総会 before the day: registered, arranged, agenda, documents, and the moves of its life cycle."""

from occto.services.assemblies.agenda import (
    add_conflict,
    add_item,
    move_item,
    remove_conflict,
    update_item,
    withdraw_item,
)
from occto.services.assemblies.documents import add_document, remove_document
from occto.services.assemblies.moves import (
    cancel_assembly,
    close_replies,
    close_when_due,
    finish_assembly,
    follow_postponed,
    open_hall,
    postpone_assembly,
    start_counting,
)
from occto.services.assemblies.registering import (
    arrange_assembly,
    change_conditions,
    create_assembly,
    update_assembly,
)

__all__ = [
    "add_conflict",
    "add_document",
    "add_item",
    "arrange_assembly",
    "cancel_assembly",
    "change_conditions",
    "close_replies",
    "close_when_due",
    "create_assembly",
    "finish_assembly",
    "follow_postponed",
    "move_item",
    "open_hall",
    "postpone_assembly",
    "remove_conflict",
    "remove_document",
    "start_counting",
    "update_assembly",
    "update_item",
    "withdraw_item",
]
