"""設定: which value holds on a day, how an assembly takes it, and which values cannot stand together."""

from dataclasses import replace
from datetime import date, time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from occto.domain.assembly_settings import (
    AllowedProxy,
    AssemblySettings,
    BlankChoice,
    NoShow,
    QuorumBasis,
    read_settings,
    stored_settings,
)
from occto.domain.dated_settings import (
    DATED,
    Dated,
    SettingName,
    Value,
    check_dated,
    in_force,
    settings_with,
    taken,
    value_in,
    value_words,
)
from occto.domain.errors import Refusal

S = SettingName
APRIL, JUNE = date(2027, 4, 1), date(2027, 6, 24)
OTHER: dict[SettingName, Value] = {
    S.RECORD_DAYS: 40,
    S.FREEZE_DAYS: 25,
    S.NOTICE_DAYS: 16,
    S.REPLY_TIME: "12:30",
    S.QUORUM_BASIS: "VOTES",
    S.MAX_ATTENDEES: 3,
    S.PROXIES: ["MEMBER"],
    S.BLANK_CHOICE: "ABSTAIN",
    S.NO_SHOW: "DROP",
    S.CHAIR: "副理事長",
}


def dated(name: SettingName, value: Value, on: date = APRIL) -> Dated:
    return Dated(name, value, "定款 第25条", on)


def test_every_setting_can_be_told_from_the_usual_and_read_back() -> None:
    usual = AssemblySettings()
    assert set(OTHER) == set(DATED) == set(SettingName)
    for name, value in OTHER.items():
        changed = taken(usual, dated(name, value))
        assert changed != usual
        assert value_in(changed, name) == value
        assert taken(changed, dated(name, value_in(usual, name))) == replace(usual, quorum_source="")
        assert read_settings(stored_settings(changed)) == changed
        assert value_words(name, value) != value_words(name, value_in(usual, name))


def test_what_an_assembly_takes() -> None:
    found = settings_with([dated(name, value) for name, value in OTHER.items()], JUNE)
    assert (found.record_days, found.freeze_days, found.notice_days) == (40, 25, 16)
    assert (found.quorum_basis, found.quorum_source) == (QuorumBasis.VOTES, "定款 第25条")
    assert found.proxies == (AllowedProxy.MEMBER,)
    assert (found.reply_time, found.blank_choice, found.no_show) == (time(12, 30), BlankChoice.ABSTAIN, NoShow.DROP)
    assert (found.max_attendees, found.chair) == (3, "副理事長")


def test_a_value_holds_from_its_day_on() -> None:
    entered = [dated(S.MAX_ATTENDEES, 3)]
    assert settings_with(entered, date(2027, 3, 31)).max_attendees == 2
    assert settings_with(entered, APRIL).max_attendees == 3


def test_the_later_day_holds_whatever_was_entered_first_and_the_later_entry_of_one_day() -> None:
    late, early = dated(S.MAX_ATTENDEES, 5, JUNE), dated(S.MAX_ATTENDEES, 3, APRIL)
    assert settings_with([late, early], JUNE).max_attendees == 5
    assert settings_with([early, replace(early, value=4)], JUNE).max_attendees == 4


@given(
    st.lists(st.tuples(st.sampled_from([S.MAX_ATTENDEES, S.CHAIR]), st.dates(date(2027, 1, 1), date(2027, 1, 9)))),
    st.dates(date(2027, 1, 1), date(2027, 1, 9)),
)
def test_what_holds_is_the_last_entered_of_the_latest_day(entries: list[Any], day: date) -> None:
    entered = [Dated(name, place, "", on) for place, (name, on) in enumerate(entries)]
    found = in_force(entered, day)
    for name in (S.MAX_ATTENDEES, S.CHAIR):
        possible = [one for one in entered if one.name is name and one.effective_on <= day]
        best = max(possible, key=lambda one: (one.effective_on, one.value), default=None)  # type: ignore[arg-type,return-value]
        assert found.get(name) is best


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"freeze_days": 30}, "days_order"),
        ({"notice_days": 21}, "days_order"),
        ({"record_days": 20}, "days_order"),
        ({"notice_days": 5}, "notice_too_late"),
        ({"max_attendees": 0}, "attendees_range"),
        ({"quorum_basis": QuorumBasis.VOTES}, "quorum_source_missing"),
    ],
)
def test_values_that_cannot_stand_together(changes: dict[str, Any], code: str) -> None:
    with pytest.raises(Refusal) as caught:
        check_dated(replace(AssemblySettings(), **changes))
    assert caught.value.code == code


def test_the_usual_values_stand() -> None:
    check_dated(AssemblySettings())
    check_dated(replace(AssemblySettings(), freeze_days=14))


def test_words() -> None:
    assert value_words(S.RECORD_DAYS, 30) == "30 日"
    assert value_words(S.PROXIES, []) == "なし"
    assert value_words(S.PROXIES, ["MEMBER", "CHAIR"]) == "ほかの会員への委任、議長への一任"
    assert value_words(S.QUORUM_BASIS, None).startswith("決めていない")
