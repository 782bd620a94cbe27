"""Reads of the register: as of a day, and as it was known at a numbered change. `known` None: all that is known now."""

from occto.queries.register.coming import FactToCome, facts_to_come
from occto.queries.register.events import facts_of
from occto.queries.register.facts import LicenceOnRecord, licences_as_of, profile_as_of, roster_as_of
from occto.queries.register.history import HistoryEntry, Person, history
from occto.queries.register.home import REMIND_OF_FILING, HomeRecord, OpenRequest, home_record
from occto.queries.register.known import known_at, last_change_of, newest_change
from occto.queries.register.member import (
    ContractorOnRecord,
    LastConfirmation,
    MemberHead,
    OwnCase,
    PendingItem,
    contractors_with_access,
    last_confirmation,
    member_head,
    own_cases,
    pending,
)
from occto.queries.register.memberships import KnownMember, member_by_number, periods_of
from occto.queries.register.relations import RelationOnRecord, as_row, relations_as_of
from occto.queries.register.roster_page import COUNTED, RegisterRow, register_batches, register_members, register_page

__all__ = [
    "COUNTED",
    "REMIND_OF_FILING",
    "ContractorOnRecord",
    "FactToCome",
    "HistoryEntry",
    "HomeRecord",
    "KnownMember",
    "LastConfirmation",
    "LicenceOnRecord",
    "MemberHead",
    "OpenRequest",
    "OwnCase",
    "PendingItem",
    "Person",
    "RegisterRow",
    "RelationOnRecord",
    "as_row",
    "contractors_with_access",
    "facts_of",
    "facts_to_come",
    "history",
    "home_record",
    "known_at",
    "last_change_of",
    "last_confirmation",
    "licences_as_of",
    "member_by_number",
    "member_head",
    "newest_change",
    "own_cases",
    "pending",
    "periods_of",
    "profile_as_of",
    "register_batches",
    "register_members",
    "register_page",
    "relations_as_of",
    "roster_as_of",
]
