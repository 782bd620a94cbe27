"""What is still to be done for an assembly before the day, in the order in which it is done; what each waits for."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from occto.domain.assembly import AssemblyState as S
from occto.domain.dates import format_date, format_instant, today_jst


class TaskState(StrEnum):
    DONE = "DONE"
    OPEN = "OPEN"
    LATER = "LATER"


@dataclass(frozen=True, slots=True)
class Prepared:
    """How far an assembly has got. Numbers count what is on record."""

    state: S
    held_at: datetime
    record_on: date
    place: bool
    reception: bool
    reply_until: datetime | None
    quorum: bool
    """Whether the basis of the quorum has its source."""
    items: int
    documents: int
    tables_missing: Sequence[str] = ()
    """Groups whose votes go by a table that is not entered yet."""
    late_open: int = 0
    to_postpone: bool = False
    """Two of the staff have decided to postpone for what became known too late."""
    elections_open: int = 0
    notice_tested: bool = False
    unnotified_items: int = 0
    bounced: int = 0
    followed: bool = False


@dataclass(frozen=True, slots=True)
class Task:
    """`code` names the place where it is done. `waits`: why it cannot begin yet."""

    group: str
    code: str
    words: str
    state: TaskState
    note: str = ""
    waits: str = ""


REGISTER, VOTES, NOTICE, REPLIES, AFTER = (
    "総会の内容",
    "議決権",
    "招集通知",
    "回答",
    "あとの手続き",
)
_ORDER = {state: place for place, state in enumerate(S)}


def tasks(at: Prepared, *, now: datetime) -> list[Task]:
    """Every task up to the day, done ones too; of an assembly that has ended, what follows from its end."""
    if at.state in {S.POSTPONED, S.CANCELLED}:
        return list(_after_the_end(at))
    return [*_register(at), *_votes(at, now=now), *_notice(at), *_replies(at, now=now)]


def _task(group: str, code: str, words: str, done: bool, *, note: str = "", waits: str = "") -> Task:
    state = TaskState.DONE if done else TaskState.LATER if waits else TaskState.OPEN
    return Task(group, code, words, state, note=note, waits="" if done else waits)


def _past(at: Prepared, state: S) -> bool:
    return _ORDER[at.state] >= _ORDER[state]


def _register(at: Prepared) -> Iterator[Task]:
    """What could be settled only before the notice is left out after it, where it was not."""
    until, told = format_instant(at.reply_until) if at.reply_until else "", _past(at, S.NOTIFIED)
    if at.place or not told:
        yield _task(REGISTER, "place", "場所を決める", at.place)
    if at.reception or not told:
        yield _task(REGISTER, "reception", "受付開始の時刻を決める", at.reception)
    if at.reply_until is not None or not told:
        yield _task(REGISTER, "deadline", "回答の締切を決める", at.reply_until is not None, note=until)
    yield _task(REGISTER, "agenda", "議案を登録する", at.items > 0, note=f"{at.items:,}件" if at.items else "")
    yield _task(
        REGISTER, "documents", "資料を登録する", at.documents > 0, note=f"{at.documents:,}件" if at.documents else ""
    )
    if at.quorum or not told:
        yield _task(
            REGISTER,
            "quorum",
            "定足数の数え方を、根拠とともに決める",
            at.quorum,
            note="" if at.quorum else "根拠がないうちは、3つの数え方すべてを満たす必要があります。",
        )


def _votes(at: Prepared, *, now: datetime) -> Iterator[Task]:
    over = today_jst(now) > at.record_on
    counting, frozen = _past(at, S.COUNTING), _past(at, S.FROZEN)
    if at.tables_missing:
        groups = "、".join(at.tables_missing)
        yield _task(VOTES, "shares", "議決権の割合の表を登録する", False, note=f"表のない区分：{groups}")
    yield _task(
        VOTES,
        "count",
        "基準日集計を始める",
        counting,
        waits="" if over else f"{format_date(at.record_on)}（基準日）の翌日から",
    )
    if at.late_open and frozen:  # before, the freeze takes them in by itself
        yield _task(VOTES, "late", "基準日後判明の取扱いを決める", False, note=f"{at.late_open:,}件")
    if at.to_postpone:
        yield _task(VOTES, "postpone", "総会を延期する", False, note="基準日後判明の取扱いで、延期と決まりました。")
    if at.elections_open:
        yield _task(VOTES, "elections", "要確認の届出を確かめる", False, note=f"{at.elections_open:,}件")
    yield _task(VOTES, "freeze", "議決権を確定する", frozen, waits="" if counting else "基準日集計を始めてから")


def _notice(at: Prepared) -> Iterator[Task]:
    notified = _past(at, S.NOTIFIED)
    yield _task(NOTICE, "notice", "招集通知の文面を作り、試し送りをする", at.notice_tested or notified)
    ready = _past(at, S.FROZEN) and at.items > 0
    waits = "" if ready else "議案を登録し、議決権を確定してから"
    yield _task(NOTICE, "notify", "招集通知を送る", notified, waits=waits)
    if notified and at.unnotified_items:
        yield _task(NOTICE, "addendum", "追加した議案を会員に通知する", False, note=f"{at.unnotified_items:,}件")
    if at.bounced:
        yield _task(NOTICE, "bounced", "メールの届かない会員に郵送する", False, note=f"{at.bounced:,}社")


def _replies(at: Prepared, *, now: datetime) -> Iterator[Task]:
    opened, closed = _past(at, S.REPLIES_OPEN), _past(at, S.REPLIES_CLOSED)
    until = at.reply_until or at.held_at
    waits = "" if _past(at, S.NOTIFIED) else "招集通知を送ってから"
    yield _task(REPLIES, "open", "回答の受付を始める", opened, waits=waits)
    due = opened and now >= until
    yield _task(
        REPLIES, "close", "回答を締め切る", closed, waits="" if due else f"{format_instant(until)} に自動で締め切ります"
    )


def _after_the_end(at: Prepared) -> Iterator[Task]:
    if at.state is S.POSTPONED:
        yield _task(AFTER, "follow", "日を改めた総会を登録する", at.followed)
