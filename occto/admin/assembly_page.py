"""The page of one assembly put into words: tasks, calendar, key figures, moves. Decides nothing."""

from collections.abc import Iterable
from datetime import datetime
from itertools import groupby
from typing import Any, NamedTuple

from flask import current_app, url_for
from sqlalchemy import select
from sqlalchemy.orm import Session

from occto.access import viewer
from occto.admin.assembly_menu import PLACES, REHEARSAL_STEPS, STEPS
from occto.admin.base import link
from occto.domain.assembly import ASSEMBLY, AssemblyState, title_of
from occto.domain.assembly_calendar import STANDINGS, TITLES, Line, Standing, calendar
from occto.domain.assembly_settings import read_settings
from occto.domain.assembly_tasks import DAY, Task, TaskState, tasks
from occto.domain.dates import format_date_weekday, format_instant, today_jst
from occto.domain.permissions import Permission
from occto.domain.rehearsal import REHEARSAL, STEPS_OF_A_COPY
from occto.domain.votes import GROUP_LABELS
from occto.holidays import is_holiday
from occto.labels import label
from occto.models import Assembly, AssemblyResult
from occto.queries.assembly_page import Figures, at_their_day, figures_of, prepared

_MAIN = ("count", "freeze", "notify", "open_replies", "open_hall", "follow")
"""Moves that take the assembly on; of the others none is the one to press."""
_ENDINGS = frozenset({"postpone", "cancel"})
_WAITING = {TaskState.DONE: "完了", TaskState.OPEN: "未了"}
_KINDS = {
    Standing.DONE: "tag-ok",
    Standing.TODAY: "tag-go",
    Standing.OVERDUE: "tag-bad",
}


class Move(NamedTuple):
    """A step that this viewer may take now, with the address of its door."""

    words: str
    url: str
    main: bool
    ending: bool


def assembly_page(session: Session, row: Assembly, *, now: datetime) -> dict[str, Any]:
    """All that templates/admin/assembly.html shows beside tabs and tables."""
    figures = figures_of(session, row.id)
    found = tasks(prepared(session, row, figures), now=now)
    settings = read_settings(row.settings)
    days = calendar(
        state=row.state,
        held_at=row.held_at,
        reply_until=row.reply_until,
        record_days=settings.record_days,
        freeze_days=settings.freeze_days,
        notice_days=settings.notice_days,
        planned=bool(row.place) and figures.items > 0,
        now=now,
        is_holiday=is_holiday,
    )
    return {
        "groups": list(_groups(row, found)),
        "missing": sum(task.state is TaskState.OPEN for task in found),
        "calendar": [_day(line) for line in days],
        "figures": list(_figures(figures)),
        "facts": list(_facts(session, row)),
        "moves": list(_moves(session, row, now=now)),
    }


def day_tasks(session: Session, *, now: datetime) -> list[dict[str, Any]]:
    """The tasks of the day of every assembly that is near it or not finished after it, for 今日の仕事."""
    found = []
    for row in at_their_day(session, today=today_jst(now)):
        every = tasks(prepared(session, row, figures_of(session, row.id)), now=now)
        [group] = _groups(row, [task for task in every if task.group == DAY])
        see = viewer.can(Permission.ASSEMBLY_SEE)
        url = url_for("assemblies.details_view" if see else "hall.of_assembly", id=row.id)
        found.append(
            {
                "title": title_of(row),
                "url": url,
                "when": f"{format_instant(row.held_at)}　{label(row.state)}",
                "tasks": group["tasks"],
            }
        )
    return found


def _groups(row: Assembly, found: Iterable[Task]) -> Iterable[dict[str, Any]]:
    for title, group in groupby(found, key=lambda task: task.group):
        yield {"title": title, "tasks": [_task(row, task) for task in group]}


def _task(row: Assembly, task: Task) -> dict[str, str]:
    place = PLACES.get(task.code)
    open_to_viewer = place is not None and task.state is not TaskState.LATER and _may(row, task)
    return {
        "label": task.words,
        "url": url_for(place, id=row.id) if place is not None and open_to_viewer else "",
        "note": task.note,
        "state": _WAITING.get(task.state, task.waits),
        "kind": {TaskState.DONE: "tag-ok", TaskState.OPEN: "tag-warn"}.get(task.state, ""),
    }


_STEP_OF = {"place": "edit", "reception": "edit", "deadline": "edit", "count": "count", "close": "close_replies"} | {
    "hall": "open_hall",
    "fix": "fix_result",
    "publish": "publish",
    "finish": "finish",
    "follow": "follow",
}
"""Tasks whose place is the door of a step: it is open only while the step is. The other places can always be looked at."""


def _may(row: Assembly, task: Task) -> bool:
    name = _STEP_OF.get(task.code)
    if name is None:
        return viewer.can(current_app.extensions["permissions"][PLACES[task.code]])
    step = ASSEMBLY.step(name)
    return row.state in step.sources and viewer.can(step.permission)


def _day(line: Line) -> dict[str, Any]:
    when = "当日" if line.days == 0 else f"総会の{abs(line.days)}日{'前' if line.days < 0 else '後'}"
    if line.business:
        note = ""
    elif line.work_by is not None:
        note = f"休業日（{line.work_by.month}月{line.work_by.day}日までに）"
    else:
        note = "休業日"
    return {
        "label": TITLES[line.milestone],
        "note": "　".join(filter(None, (format_date_weekday(line.on), when, note))),
        "state": STANDINGS[line.standing],
        "kind": _KINDS.get(line.standing, ""),
    }


def _figures(figures: Figures) -> Iterable[tuple[str, str, str]]:
    yield "議決する議案", f"{figures.items:,}", "件"
    yield "資料", f"{figures.documents:,}", "件"
    if figures.members is not None:
        yield "名簿の会員", f"{figures.members:,}", "社"
        yield "議決権のある会員", f"{figures.holders:,}", "社"
        yield "議決権の総数", f"{figures.votes:,}", "票"
        yield "招集通知の届いた会員", f"{figures.notified:,}", "社"


def _facts(session: Session, row: Assembly) -> Iterable[tuple[str, Any]]:
    yield "開催日時", format_instant(row.held_at)
    yield "場所", row.place
    yield "受付開始", format_instant(row.reception_from) if row.reception_from else None
    yield "回答の締切", format_instant(row.reply_until) if row.reply_until else None
    yield "基準日", format_date_weekday(row.record_on)
    if row.closing_reason and row.state in {AssemblyState.POSTPONED, AssemblyState.CANCELLED}:
        yield f"{label(row.state)}の理由", row.closing_reason
    if row.rehearsal_of_id is not None:
        real = link("本番の総会", "assemblies.details_view", row.rehearsal_of_id, Permission.ASSEMBLY_SEE)
        yield "もとの総会", real
    if row.replaces_id is not None:
        yield "もとの総会", link("延期した総会", "assemblies.details_view", row.replaces_id, Permission.ASSEMBLY_SEE)
    for new_id in session.scalars(select(Assembly.id).where(Assembly.replaces_id == row.id).order_by(Assembly.id)):
        yield "代わりの総会", link("日を改めた総会", "assemblies.details_view", new_id, Permission.ASSEMBLY_SEE)


def _moves(session: Session, row: Assembly, *, now: datetime) -> Iterable[Move]:
    """The steps whose hour has come; before that the tasks say what they wait for. What has a result does not end otherwise."""
    early = {
        "count": today_jst(now) <= row.record_on,
        "open_hall": today_jst(now) < today_jst(row.held_at),
        "close_replies": now < (row.reply_until or row.held_at),
        "finish": now < row.held_at,
    }
    if session.scalar(select(AssemblyResult.id).where(AssemblyResult.assembly_id == row.id).limit(1)) is not None:
        early |= dict.fromkeys(_ENDINGS, True)
    copy = row.rehearsal_of_id is not None
    for step in ASSEMBLY.open_steps(row.state, viewer.permissions):
        barred = early.get(step.name) or (copy and step.name not in STEPS_OF_A_COPY)
        endpoint = None if barred else STEPS.get(step.name)
        if step.name == "edit" and row.state is AssemblyState.PREPARING:
            endpoint = "assemblies.edit_view"
        if endpoint is not None:
            yield Move(step.label, url_for(endpoint, id=row.id), step.name in _MAIN, step.name in _ENDINGS)
    for step in REHEARSAL.open_steps(row.state, viewer.permissions):
        if (step.name == "start") is not copy:
            yield Move(
                step.label, url_for(REHEARSAL_STEPS[step.name], id=row.id), main=False, ending=step.name == "end"
            )


def condition_facts(row: Assembly) -> list[tuple[str, Any]]:
    """定足数・回答の決まり of an assembly as terms and values."""
    held = read_settings(row.settings)
    basis = (
        f"{label(held.quorum_basis)}の半数以上" if held.quorum_basis else "決めていません（3つの数え方すべてを満たす）"
    )
    return [
        ("定足数の数え方", basis),
        ("数え方の根拠", held.quorum_source or None),
        *((f"議決権の配り方（{words}）", label(held.policy(group))) for group, words in GROUP_LABELS.items()),
        ("1会員の出席者の人数の上限", f"{held.max_attendees:,}名"),
        ("認める代理", "、".join(label(kind) for kind in held.proxies) or "認めない"),
        ("電子行使で賛否のない議案", label(held.blank_choice)),
        ("来場しなかった会員の賛否", label(held.no_show)),
        ("議長", held.chair),
        ("招集通知を送る日", f"総会の{held.notice_days}日前"),
    ]
