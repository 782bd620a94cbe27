"""権利の停止・制限 in plain words, for the member and for staff alike."""

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from occto.domain.codes import SanctionScope
from occto.domain.dates import format_date
from occto.labels import label

if TYPE_CHECKING:
    from occto.services.sanctions import Decision

_MEANING = {
    SanctionScope.VOTES: "基準日にこの停止・制限があると、その総会では議決権がありません。総会に出席することはできます。",
    SanctionScope.OTHER: "総会の議決権は変わりません。",
}


def period(effective_on: date, ended_on: date | None) -> str:
    """2026年10月15日から 2026年12月31日まで: the last day is named, not the day after."""
    since = f"{format_date(effective_on)}から"
    return (
        f"{since} {format_date(ended_on - timedelta(days=1))}まで"
        if ended_on is not None
        else f"{since}（終わる日は未定）"
    )


def standing(effective_on: date, ended_on: date | None, *, today: date) -> str:
    """Where it stands today: 開始前, 停止中, 終了."""
    if today < effective_on:
        return "開始前"
    return "終了" if ended_on is not None and ended_on <= today else "停止中"


def facts(one: "Decision | Any") -> list[tuple[str, Any]]:
    """What was decided, and what it means."""
    return [
        ("停止・制限する権利", label(one.scope)),
        ("期間", period(one.effective_on, one.ended_on)),
        ("決定", f"{one.decided_by}　{format_date(one.decided_on)}"),
        ("理由", one.ground),
        ("意味", _MEANING[one.scope]),
    ]
