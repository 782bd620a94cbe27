"""招集通知: channels, what is sent, and how far it has come for each member (業務: `domain` 6, Notice; 電気事業法 28条の36)."""

from datetime import date, datetime, timedelta
from enum import StrEnum

from occto.domain.dates import JST, end_of_day_exclusive, format_date_weekday
from occto.domain.errors import Refusal


class NoticeChannel(StrEnum):
    """How a notice reaches a member."""

    MAIL = "MAIL"
    POST = "POST"
    HAND = "HAND"


class NoticeKind(StrEnum):
    """A text that staff write and send to members."""

    NOTICE = "NOTICE"
    ADDENDUM = "ADDENDUM"
    REMINDER = "REMINDER"


class NoticeState(StrEnum):
    DRAFT = "DRAFT"
    SENT = "SENT"


class ConvocationState(StrEnum):
    """How far the notice has come for one member. BOUNCED: no address of it took the mail."""

    UNSENT = "UNSENT"
    QUEUED = "QUEUED"
    NOTIFIED = "NOTIFIED"
    BOUNCED = "BOUNCED"
    OPENED = "OPENED"
    ANSWERED = "ANSWERED"


class NoticeTiming(StrEnum):
    """Whether the notice came in time for one member. MISSED: the last lawful day is over and it has not come."""

    IN_TIME = "IN_TIME"
    LATE = "LATE"
    WAITING = "WAITING"
    MISSED = "MISSED"


C = ConvocationState
LABELS: dict[str, str] = {
    C.UNSENT: "未送付",
    C.QUEUED: "送付中",
    C.NOTIFIED: "送付済み",
    C.BOUNCED: "不達",
    C.OPENED: "開封（サインイン）",
    C.ANSWERED: "回答済み",
}
CHANNEL_LABELS: dict[str, str] = {
    NoticeChannel.MAIL: "メール",
    NoticeChannel.POST: "郵送",
    NoticeChannel.HAND: "手渡し",
}
KIND_LABELS: dict[str, str] = {
    NoticeKind.NOTICE: "招集通知",
    NoticeKind.ADDENDUM: "追加の通知",
    NoticeKind.REMINDER: "回答のお願い",
}
TIMING_LABELS: dict[str, str] = {
    NoticeTiming.IN_TIME: "期限内に届いた",
    NoticeTiming.LATE: "期限後に届いた",
    NoticeTiming.WAITING: "まだ届いていない",
    NoticeTiming.MISSED: "期限までに届かなかった",
}
REMINDER_PAUSE = timedelta(hours=24)
"""No member is reminded again before so much time is over."""
FLOOR_DAYS = 6
"""D-6: with five clear days between, the last lawful day of a notice for an assembly on D (電気事業法 28条の36)."""


def last_lawful_day(held_on: date) -> date:
    """The last day on which a member can be notified of an assembly on `held_on`."""
    return held_on - timedelta(days=FLOOR_DAYS)


def day_held(held_at: datetime) -> date:
    """The day of an assembly in Japan."""
    return held_at.astimezone(JST).date()


def too_late_from(held_at: datetime) -> datetime:
    """The first instant at which a notice is too late: the end of D-6 in Japan (電気事業法 28条の36)."""
    return end_of_day_exclusive(last_lawful_day(day_held(held_at)))


def require_in_time(held_at: datetime, *, now: datetime) -> None:
    """Refusal too_late once the last lawful day of a notice is over."""
    if now >= too_late_from(held_at):
        last = format_date_weekday(last_lawful_day(day_held(held_at)))
        raise Refusal(
            "too_late",
            f"通知できる最後の日（総会の{FLOOR_DAYS}日前、{last}）を過ぎているため、送れません（電気事業法 28条の36）。"
            "総会の延期をご検討ください。",
        )


def timing(notified_at: datetime | None, *, held_at: datetime, now: datetime) -> NoticeTiming:
    """Whether the notice came in time for one member, as things stand now."""
    limit = too_late_from(held_at)
    if notified_at is not None:
        return NoticeTiming.IN_TIME if notified_at < limit else NoticeTiming.LATE
    return NoticeTiming.WAITING if now < limit else NoticeTiming.MISSED
