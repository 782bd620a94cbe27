"""一括処理: acts on many rows, confirmed once and worked through by the worker."""

from collections.abc import Iterable
from enum import StrEnum

BATCH = 200
"""Rows in one transaction of a job."""


class JobKind(StrEnum):
    """What is done to each row."""

    CONFIRM_REQUEST = "CONFIRM_REQUEST"
    MAIL_RESEND = "MAIL_RESEND"
    INVITE = "INVITE"


class JobState(StrEnum):
    WAITING = "WAITING"
    RUNNING = "RUNNING"
    DONE = "DONE"
    FAILED = "FAILED"


class Outcome(StrEnum):
    """What became of a row that the act was not done to."""

    PAPER = "PAPER"
    NO_ADDRESS = "NO_ADDRESS"
    LEFT = "LEFT"
    CHANGED = "CHANGED"
    SET_UP = "SET_UP"
    RECENT = "RECENT"
    ON_ITS_WAY = "ON_ITS_WAY"
    ENDED = "ENDED"


LABELS: dict[type[StrEnum], dict[str, str]] = {
    JobKind: {
        "CONFIRM_REQUEST": "登録内容の確認をお願いするメールを送る",
        "MAIL_RESEND": "届かなかったメールをまとめて再送する",
        "INVITE": "管理者に招待メールを送る",
    },
    JobState: {"WAITING": "待ち", "RUNNING": "処理中", "DONE": "完了", "FAILED": "中断"},
    Outcome: {
        "PAPER": "紙対応（利用契約なし）",
        "NO_ADDRESS": "メールアドレスの登録なし",
        "LEFT": "退会",
        "CHANGED": "状態が変わったため対象外",
        "SET_UP": "設定済み",
        "RECENT": "7日以内に送付済み",
        "ON_ITS_WAY": "送信待ち（同じ方への招待）",
        "ENDED": "管理者ではない、または停止中",
    },
}


def ranges(ids: Iterable[int]) -> list[list[int]]:
    """Ascending row numbers as [first, last] of each run without a gap: 200,000 of them stay small."""
    found: list[list[int]] = []
    for number in ids:
        if found and number == found[-1][1] + 1:
            found[-1][1] = number
        else:
            found.append([number, number])
    return found


def following(held: list[list[int]], *, after: int, limit: int) -> list[int]:
    """The next `limit` row numbers of `ranges` above `after`."""
    found: list[int] = []
    for first, last in held:
        if last > after and len(found) < limit:
            begin = max(first, after + 1)
            found.extend(range(begin, min(last, begin + limit - len(found) - 1) + 1))
    return found
