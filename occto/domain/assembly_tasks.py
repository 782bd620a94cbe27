"""What is still to be done for an assembly, up to its day, on it and after, in the order in which it is done; what each waits for."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
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
    desks: int = 0
    """Desks that have not ended; of them, those that are paired, and those whose device has read the code for practice."""
    desks_paired: int = 0
    desks_practised: int = 0
    undecided: int = 0
    """Items put to vote that are neither decided nor withdrawn."""
    minutes: bool = False
    kit: bool = False
    """Whether the 再計算キット of the result that stands was taken away."""


@dataclass(frozen=True, slots=True)
class Task:
    """`code` names the place where it is done. `waits`: why it cannot begin yet."""

    group: str
    code: str
    words: str
    state: TaskState
    note: str = ""
    waits: str = ""


REGISTER, VOTES, NOTICE, REPLIES, DAY, AFTER = (
    "総会の内容",
    "議決権",
    "招集通知",
    "回答",
    "総会の当日と結果",
    "あとの手続き",
)
DAY_DAYS = 3
"""So many days before the assembly its day is prepared."""
_ORDER = {state: place for place, state in enumerate(S)}


def tasks(at: Prepared, *, now: datetime) -> list[Task]:
    """Every task, done ones too; of an assembly that was postponed or cancelled, what follows from that."""
    if at.state in {S.POSTPONED, S.CANCELLED}:
        return list(_after_the_end(at))
    return [*_register(at), *_votes(at, now=now), *_notice(at), *_replies(at, now=now), *_day(at, now=now)]


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


def _day(at: Prepared, *, now: datetime) -> Iterator[Task]:
    """Nothing before the notice. What was left undone in an assembly that is finished is work no more, and left out."""
    if not _past(at, S.NOTIFIED):
        return
    finished = _past(at, S.FINISHED)
    yield from (one for one in (*_hall(at, now=now), *_result(at)) if one.state is TaskState.DONE or not finished)


def _hall(at: Prepared, *, now: datetime) -> Iterator[Task]:
    held_on, today = today_jst(at.held_at), today_jst(now)
    begins = held_on - timedelta(days=DAY_DAYS)
    early = f"{format_date(begins)}（総会の{DAY_DAYS}日前）から" if today < begins else ""
    opened, voting = _past(at, S.HALL_OPEN), _past(at, S.VOTING)
    paired = f"{at.desks_paired:,}台（登録 {at.desks:,}台）" if at.desks else ""
    connected = 0 < at.desks == at.desks_paired
    yield _task(DAY, "desks", "受付の端末を接続する", voting or connected, note="" if voting else paired, waits=early)
    if not opened:
        tried = f"{at.desks_practised:,}台（接続 {at.desks_paired:,}台）" if at.desks_paired else ""
        yield _task(
            DAY,
            "practice",
            "練習用のコードで、端末の読み取りを確かめる",
            0 < at.desks_paired == at.desks_practised,
            note=tried,
            waits=early or ("" if at.desks_paired else "端末を接続してから"),
        )
    waits = "" if _past(at, S.REPLIES_CLOSED) else "回答を締め切ってから"
    if today < held_on:
        waits = f"{format_date(held_on)}（総会の当日）から"
    yield _task(DAY, "hall", "当日受付を始める", opened, waits=waits)


def _result(at: Prepared) -> Iterator[Task]:
    opened, voting, fixed = (_past(at, state) for state in (S.HALL_OPEN, S.VOTING, S.RESULT_FIXED))
    left = f"残り {at.undecided:,}件" if opened and at.undecided else ""
    decided = voting and not at.undecided
    waits = "" if opened else "当日受付を始めてから"
    yield _task(DAY, "decide", "すべての議案を採決する", decided, note=left, waits=waits)
    yield _task(DAY, "fix", "結果を確定する", fixed, waits="" if decided else "すべての議案を採決してから")
    waits = "" if fixed else "結果を確定してから"
    yield _task(DAY, "publish", "結果を公表する", _past(at, S.PUBLISHED), waits=waits)
    yield _task(DAY, "minutes", "議事録を書く", at.minutes, waits=waits)
    yield _task(DAY, "kit", "再計算キットを受け取り、保管する", at.kit, waits=waits)
    waits = "" if _past(at, S.PUBLISHED) else "結果を公表してから"
    yield _task(DAY, "finish", "完了にする", _past(at, S.FINISHED), waits=waits)


def _after_the_end(at: Prepared) -> Iterator[Task]:
    if at.state is S.POSTPONED:
        yield _task(AFTER, "follow", "日を改めた総会を登録する", at.followed)
