"""Settings of legal weight that two of the staff change from a day on; each new assembly takes a copy (業務: `domain` 8).

A value is what a form sends and JSON keeps: a number, a code, a list of codes, a time "17:00", a text; None where a
choice is left open. The usual value of each is the default of `AssemblySettings`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, time
from enum import StrEnum

from occto.domain.assembly_settings import (
    ALLOWED_PROXY_LABELS,
    BLANK_LABELS,
    MOST_ATTENDEES,
    NO_SHOW_LABELS,
    QUORUM_LABELS,
    AssemblySettings,
    BlankChoice,
    NoShow,
    QuorumBasis,
    check_settings,
    with_proxies,
)
from occto.domain.errors import Refusal

Value = int | str | list[str] | None
"""As JSON keeps it."""
OPEN_BASIS = "決めていない（3つの数え方すべてを満たす）"
MOST_DAYS = 60
"""Days before the assembly that a setting may name at most."""


class SettingName(StrEnum):
    RECORD_DAYS = "RECORD_DAYS"
    FREEZE_DAYS = "FREEZE_DAYS"
    NOTICE_DAYS = "NOTICE_DAYS"
    REPLY_TIME = "REPLY_TIME"
    QUORUM_BASIS = "QUORUM_BASIS"
    MAX_ATTENDEES = "MAX_ATTENDEES"
    PROXIES = "PROXIES"
    BLANK_CHOICE = "BLANK_CHOICE"
    NO_SHOW = "NO_SHOW"
    CHAIR = "CHAIR"


class Entry(StrEnum):
    """How a value is typed."""

    NUMBER = "NUMBER"
    TIME = "TIME"
    LINE = "LINE"
    ONE = "ONE"
    MANY = "MANY"


@dataclass(frozen=True, slots=True)
class DatedSetting:
    """What a setting is. `source`: where its usual value comes from; `open`: the words for None, where that is a value."""

    title: str
    entry: Entry
    source: str = "当機関の定め"
    unit: str = ""
    highest: int = MOST_DAYS
    labels: Mapping[str, str] = field(default_factory=dict)
    open: str = ""


S = SettingName
DATED: Mapping[SettingName, DatedSetting] = {
    S.RECORD_DAYS: DatedSetting("基準日から総会までの日数", Entry.NUMBER, "当機関が公表する議決権の取扱い", "日"),
    S.FREEZE_DAYS: DatedSetting("議決権の確定から総会までの日数", Entry.NUMBER, unit="日"),
    S.NOTICE_DAYS: DatedSetting(
        "招集通知から総会までの日数", Entry.NUMBER, "当機関の定め（電気事業法 28条の36 の下限は6日前）", "日"
    ),
    S.REPLY_TIME: DatedSetting("回答の締切の時刻（総会の前の営業日）", Entry.TIME),
    S.QUORUM_BASIS: DatedSetting(
        "定足数の数え方", Entry.ONE, "電気事業法 28条の34", labels=QUORUM_LABELS, open=OPEN_BASIS
    ),
    S.MAX_ATTENDEES: DatedSetting("1会員の出席者の人数の上限", Entry.NUMBER, unit="名", highest=MOST_ATTENDEES),
    S.PROXIES: DatedSetting("認める代理", Entry.MANY, labels=ALLOWED_PROXY_LABELS),
    S.BLANK_CHOICE: DatedSetting("電子行使で賛否のない議案", Entry.ONE, labels=BLANK_LABELS),
    S.NO_SHOW: DatedSetting("出席と回答して来場しなかった会員の賛否", Entry.ONE, labels=NO_SHOW_LABELS),
    S.CHAIR: DatedSetting("議長", Entry.LINE),
}


@dataclass(frozen=True, slots=True)
class Dated:
    """A value as two persons set it: from `effective_on`, that day included, until a later one."""

    name: SettingName
    value: Value
    source: str
    effective_on: date


def in_force(entered: Iterable[Dated], day: date) -> dict[SettingName, Dated]:
    """What was set and holds on `day`. `entered` in the order of entering: of two from one day the later entry holds."""
    found: dict[SettingName, Dated] = {}
    for one in entered:
        held = found.get(one.name)
        if one.effective_on <= day and (held is None or held.effective_on <= one.effective_on):
            found[one.name] = one
    return found


def settings_with(entered: Iterable[Dated], day: date) -> AssemblySettings:
    """The settings that an assembly held on `day` begins with."""
    settings = AssemblySettings()
    for one in in_force(entered, day).values():
        settings = taken(settings, one)
    return settings


def taken(settings: AssemblySettings, one: Dated) -> AssemblySettings:
    """The settings with this value. ValueError or TypeError for one that no form sends."""
    value = one.value
    match one.name:
        case S.QUORUM_BASIS:
            basis = QuorumBasis(str(value)) if value else None
            return replace(settings, quorum_basis=basis, quorum_source=one.source if basis else "")
        case S.PROXIES:
            return with_proxies(settings, value if isinstance(value, list) else ())
        case S.BLANK_CHOICE:
            return replace(settings, blank_choice=BlankChoice(str(value)))
        case S.NO_SHOW:
            return replace(settings, no_show=NoShow(str(value)))
        case S.REPLY_TIME:
            return replace(settings, reply_time=time.fromisoformat(str(value)))
        case S.CHAIR:
            return replace(settings, chair=str(value))
        case S.RECORD_DAYS:
            return replace(settings, record_days=_number(value))
        case S.FREEZE_DAYS:
            return replace(settings, freeze_days=_number(value))
        case S.NOTICE_DAYS:
            return replace(settings, notice_days=_number(value))
        case S.MAX_ATTENDEES:
            return replace(settings, max_attendees=_number(value))


def value_in(settings: AssemblySettings, name: SettingName) -> Value:
    """The value of one setting, as a form shows it and JSON keeps it."""
    match name:
        case S.PROXIES:
            return [one.value for one in settings.proxies]
        case S.REPLY_TIME:
            return f"{settings.reply_time:%H:%M}"
        case S.QUORUM_BASIS:
            return settings.quorum_basis.value if settings.quorum_basis else None
        case _:
            found: Value = getattr(settings, name.lower())
            return found


def value_words(name: SettingName, value: Value) -> str:
    """The value as people read it."""
    setting = DATED[name]
    if value is None:
        return setting.open
    if isinstance(value, list):
        return "、".join(setting.labels.get(code, code) for code in value) or "なし"
    words = setting.labels.get(str(value), str(value))
    return f"{words} {setting.unit}" if setting.unit else words


def check_dated(settings: AssemblySettings) -> None:
    """Refusals: those of `check_settings`, days_order (the record date before the freeze before the notice)."""
    check_settings(settings)
    if not settings.record_days > settings.freeze_days >= settings.notice_days:
        raise Refusal(
            "days_order",
            "基準日、議決権の確定、招集通知の順になるように、日数を決めてください。"
            f"この値では、基準日は{settings.record_days}日前、確定は{settings.freeze_days}日前、招集通知は{settings.notice_days}日前になります。",
            field="value",
        )


def _number(value: Value) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError(value)
    return value
