import pytest

from occto.domain.profile import (
    ITEMS,
    PROFILE_SECTIONS,
    STAFF_ITEMS,
    STORED_ELSEWHERE,
    ChangeClass,
    Kind,
    profile_items,
)

REQUIRED = {
    "name",
    "kana",
    "corporate_number",
    "legal_form",
    "postal_code",
    "prefecture",
    "address",
    "representative_title",
    "representative_name",
    "capital",
    "licences",
    "member_contact_name",
    "member_contact_email",
    "member_contact_phone",
}
"""What the forms of joining mark with * (加入の届出)."""
EVIDENCE = {"name", "legal_form", "corporate_number", "licences", "capital"}
IMMEDIATE = {"url", "name_en", "kana", "fiscal_month"}
APPROVAL = {"postal_code", "prefecture", "address", "representative_name", "starts_on", "area"}


def test_keys_are_declared_once() -> None:
    keys = [item.key for section in PROFILE_SECTIONS for item in section.items] + [item.key for item in STAFF_ITEMS]
    assert len(keys) == len(set(keys))
    assert list(ITEMS) == keys


def test_what_the_law_asks_for_is_required() -> None:
    required = {key for key, item in ITEMS.items() if item.required}
    assert required >= REQUIRED
    assert not required & {"name_en", "fiscal_month", "url", "starts_on", "area"}


@pytest.mark.parametrize(
    ("keys", "change"),
    [
        (EVIDENCE, ChangeClass.EVIDENCE),
        (IMMEDIATE, ChangeClass.IMMEDIATE),
        (APPROVAL, ChangeClass.APPROVAL),
        ({"operator_code", "member_on"}, ChangeClass.STAFF),
    ],
)
def test_the_class_of_a_change(keys: set[str], change: ChangeClass) -> None:
    assert {ITEMS[key].change for key in keys} == {change}


def test_contacts_change_at_once_and_are_personal() -> None:
    contacts = [item for key, item in ITEMS.items() if "_contact_" in key]
    assert len(contacts) == 12
    assert all(item.change is ChangeClass.IMMEDIATE and item.personal for item in contacts)


def test_what_moves_votes_is_marked() -> None:
    assert {key for key, item in ITEMS.items() if item.touches_votes} == {"capital", "licences"}


def test_facts_leave_out_what_is_stored_elsewhere() -> None:
    facts = [item.key for item in profile_items()]
    assert set(facts) == set(ITEMS) - STORED_ELSEWHERE
    assert "member_on" in facts


def test_every_item_is_named_and_bounded() -> None:
    for item in ITEMS.values():
        assert item.title
        assert 1 <= item.limit <= 1000
        assert item.kind in Kind
