"""会員の登録: the verbs that enter and void facts. A change is begun, entered into, and finished, in one transaction."""

from occto.services.register.admission import admit_member, enter_licences
from occto.services.register.current import refresh_current
from occto.services.register.facts import correct_item, set_item, void_item
from occto.services.register.finishing import finish_change
from occto.services.register.licences import (
    add_licence,
    check_beginning,
    check_categories,
    check_goes_on,
    correct_licence,
    end_licence,
    first_day_without,
    has_licence_after,
    live_licence,
    void_licence,
)
from occto.services.register.numbering import begin_change, body_for, lock_register
from occto.services.register.readmission import settle_relations
from occto.services.register.relations import (
    correct_relation,
    end_relation,
    enter_relation,
    enter_relations,
    live_parents,
    relation_held,
    replace_relation,
    void_relation,
)
from occto.services.register.roster import renumber
from occto.services.register.turning import bring_up_to_date, end_sessions, lock_members

__all__ = [
    "add_licence",
    "admit_member",
    "begin_change",
    "body_for",
    "bring_up_to_date",
    "check_beginning",
    "check_categories",
    "check_goes_on",
    "correct_item",
    "correct_licence",
    "correct_relation",
    "end_licence",
    "end_relation",
    "end_sessions",
    "enter_licences",
    "enter_relation",
    "enter_relations",
    "finish_change",
    "first_day_without",
    "has_licence_after",
    "live_licence",
    "live_parents",
    "lock_members",
    "lock_register",
    "refresh_current",
    "relation_held",
    "renumber",
    "replace_relation",
    "set_item",
    "settle_relations",
    "void_item",
    "void_licence",
    "void_relation",
]
