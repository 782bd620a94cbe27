"""What pages with the items of 会員情報 share: groups of inputs, the address of a postal code, what another window saved."""

from collections.abc import Callable, Mapping
from typing import Any

from occto.addresses import address_of
from occto.forms.base import BaseForm

_ROLES = {"member_contact": "会員担当", "assembly_contact": "総会担当", "accounting_contact": "経理担当"}
_PARTS = ("department", "name", "email", "phone")
GROUPS: dict[str, tuple[tuple[str, tuple[str, ...]], ...]] = {
    "entrant": (("委託を受けた方", ("contractor_name", "contractor_person", "contractor_phone")),),
    "company": (("本店所在地", ("postal_code", "prefecture", "address")),),
    "contacts": tuple((title, tuple(f"{role}_{part}" for part in _PARTS)) for role, title in _ROLES.items()),
}
"""By section: title of a group of inputs and the fields in it."""
GROUP_NOTES = {
    "委託を受けた方": "「会社から委託を受けた方」を選んだ場合に入力してください。",
    "総会担当": "会員担当の方と同じ場合は、空欄にしてください。",
    "経理担当": "会員担当の方と同じ場合は、空欄にしてください。",
}


def grouped_fields(section: str) -> set[str]:
    """The fields of a section that stand in a group."""
    return {name for _, names in GROUPS.get(section, ()) for name in names}


def with_address(form: BaseForm, make: Callable[[Mapping[str, Any]], BaseForm]) -> BaseForm:
    """The form with the address of its postal code filled in; everything stays editable and nothing is saved yet.

    `make` builds the form of what was typed.
    """
    typed = form.raw_values()
    form.validate()
    code = form["postal_code"].data if "postal_code" in form else None
    found = address_of(code) if code else None
    if found is None:
        sentence = "この郵便番号の住所は見つかりませんでした。都道府県から番地までを入力してください。"
        filled = make(typed)
        if "postal_code" in filled:
            filled.add_error("postal_code", sentence)
        return filled
    start = f"{found.city}{found.town}"
    address = str(typed.get("address") or "")
    typed |= {
        "prefecture": found.prefecture,
        "address": address if address.startswith(start) else start + _rest(address, start),
    }
    return make(typed)


def _rest(address: str, start: str) -> str:
    """What was typed beyond the part that the postal code gives; nothing typed is dropped."""
    common = 0
    while common < min(len(address), len(start)) and address[common] == start[common]:
        common += 1
    return address[common:] if common else address


def other_values(saved: BaseForm | None, form: BaseForm) -> list[tuple[str, str]]:
    """(label, text) of what was saved in the meantime and differs from what is typed."""
    return [
        (field.label.text, field.typed or "（空欄）")
        for field in (saved or [])
        if field.raw_value != form[field.short_name].raw_value
    ]
