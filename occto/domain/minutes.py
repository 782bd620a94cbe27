"""議事録: what people write into it; all else is read from the records (業務: `domain` 6, Result, minutes, kit)."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import time
from typing import Any

from occto.domain.errors import Refusal

LINE_LIMIT = 200
TEXT_LIMIT = 20_000
"""Signs of one proceeding, of the opinions, or of the notes: about twenty pages."""


@dataclass(frozen=True, slots=True)
class MinutesValues:
    """As people write them. Times are those of Japan on the day; `proceedings`: item → what was said and done.

    `officers` and `signers` hold a person a line, as they are to be printed.
    """

    chair: str = ""
    officers: str = ""
    place: str = ""
    opened_at: time | None = None
    closed_at: time | None = None
    opening: str = ""
    proceedings: Mapping[int, str] = field(default_factory=dict)
    closing: str = ""
    opinions: str = ""
    signers: str = ""
    notes: str = ""


TITLES: dict[str, str] = {
    "chair": "議長",
    "officers": "出席した役員",
    "place": "場所",
    "opened_at": "開会の時刻",
    "closed_at": "閉会の時刻",
    "opening": "開会から議事まで",
    "proceedings": "議案ごとの議事",
    "closing": "閉会",
    "opinions": "会員の発言・意見",
    "signers": "署名する方",
    "notes": "付記",
}
_TEXTS = ("officers", "opening", "closing", "opinions", "signers", "notes")
_LINES = ("chair", "place")


def read_minutes(stored: Mapping[str, Any]) -> MinutesValues:
    """The values as the column keeps them; what is missing is empty."""
    known: dict[str, Any] = {name: stored[name] for name in (*_TEXTS, *_LINES) if name in stored}
    known |= {name: time.fromisoformat(stored[name]) for name in ("opened_at", "closed_at") if stored.get(name)}
    known["proceedings"] = {int(item): words for item, words in stored.get("proceedings", {}).items()}
    return MinutesValues(**known)


def stored_minutes(values: MinutesValues) -> dict[str, Any]:
    """The values as the column keeps them."""
    texts = {name: getattr(values, name) for name in (*_TEXTS, *_LINES)}
    return {
        **texts,
        "opened_at": f"{values.opened_at:%H:%M}" if values.opened_at else None,
        "closed_at": f"{values.closed_at:%H:%M}" if values.closed_at else None,
        "proceedings": {str(item): words for item, words in sorted(values.proceedings.items()) if words},
    }


def check_minutes(values: MinutesValues, *, items: Collection[int]) -> None:
    """What can be kept; a draft may still be incomplete. `items`: those on the agenda.

    Refusals: minutes_times, minutes_too_long, minutes_item (an item that is not on this agenda).
    """
    opened, closed = values.opened_at, values.closed_at
    if opened is not None and closed is not None and closed <= opened:
        raise Refusal(
            "minutes_times",
            "閉会の時刻が、開会の時刻より後になるように入力してください。",
            field="closed_at",
        )
    for name in (*_LINES, *_TEXTS):
        limit = LINE_LIMIT if name in _LINES else TEXT_LIMIT
        if len(getattr(values, name)) > limit:
            raise _too_long(limit, name)
    for item, words in values.proceedings.items():
        if item not in items:
            raise Refusal(
                "minutes_item", "この総会にない議案の議事があります。画面を開き直して、もう一度入力してください。"
            )
        if len(words) > TEXT_LIMIT:
            raise _too_long(TEXT_LIMIT, f"item_{item}")


def _too_long(limit: int, name: str) -> Refusal:
    return Refusal("minutes_too_long", f"{limit:,}文字以内で入力してください。", field=name)


def lacking(values: MinutesValues) -> list[str]:
    """What the law-abiding reader will miss in it, in words; empty where nothing is."""
    wanted = {
        "議長の氏名": values.chair,
        "開会の時刻": values.opened_at,
        "閉会の時刻": values.closed_at,
        "出席した役員": values.officers,
        "署名する方": values.signers,
    }
    return [words for words, value in wanted.items() if not value]
