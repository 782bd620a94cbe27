"""Inputs of what a member changes at once: contacts, names, others. The items come from `domain/profile.py`."""

from occto.domain.profile import CONTACTS, ITEMS, ChangeClass
from occto.forms.base import BaseForm
from occto.forms.join import ContactsForm, field_of

EDITABLE: dict[str, tuple[str, ...]] = {
    "contacts": tuple(item.key for item in CONTACTS.items),
    "names": ("kana", "name_en"),
    "others": ("fiscal_month", "url"),
}
"""Part of `/member/edit/<part>` → its items, all of the class that needs no approval."""
EDIT_TITLES = {
    "contacts": "連絡先",
    "names": "フリガナ・英文商号",
    "others": "決算月・ウェブサイト",
}
assert all(ITEMS[key].change is ChangeClass.IMMEDIATE for keys in EDITABLE.values() for key in keys)


def _form(name: str, part: str) -> type[BaseForm]:
    return type(name, (BaseForm,), {key: field_of(ITEMS[key]) for key in EDITABLE[part]})


EDIT_FORMS: dict[str, type[BaseForm]] = {
    "contacts": ContactsForm,
    "names": _form("NamesForm", "names"),
    "others": _form("OthersForm", "others"),
}
