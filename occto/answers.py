"""The answers of an application as people read them: check page, copy as PDF, the staff's case page."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from occto.domain.codes import ActStatus, AttachmentKind, ControlBasis, Declaration, Entrant, Holding, Licence, Relation
from occto.domain.dates import format_date
from occto.domain.joining import Stage
from occto.domain.numbers import format_ratio_bp
from occto.domain.profile import PROFILE_SECTIONS
from occto.domain.sections import TASKS, TERMS, Answers
from occto.labels import label, show

_PROFILE = {section.key: section for section in PROFILE_SECTIONS}
_MEMBERSHIP = {"YES": "当機関の会員", "NO": "当機関の会員ではない", "UNKNOWN": "会員かどうか不明"}
_ADMINISTRATOR = (
    ("administrator_title", "所属・役職"),
    ("administrator_name", "氏名"),
    ("administrator_kana", "フリガナ"),
    ("administrator_email", "メールアドレス"),
    ("administrator_phone", "電話番号"),
)


@dataclass(frozen=True, slots=True)
class Row:
    """One term and its value in words, lines parted by line feeds; '' where there is none."""

    key: str
    title: str
    value: str


@dataclass(frozen=True, slots=True)
class ShownSection:
    """A section of an application in words. `complete` is False while something is missing or wrong."""

    key: str
    title: str
    complete: bool
    rows: tuple[Row, ...]


def shown(answers: Answers, *, stage: Stage) -> list[ShownSection]:
    """Every section of the stage but the terms, in the order of the task list."""
    return [
        ShownSection(task.key, task.title, task.key in answers, tuple(_rows(task.key, answers.get(task.key) or {})))
        for task in TASKS[stage]
        if task is not TERMS
    ]


def _rows(key: str, values: Mapping[str, Any]) -> list[Row]:
    if not values:
        return []
    if key in _PROFILE:
        return [Row(item.key, item.title, show(item, values.get(item.key))) for item in _PROFILE[key].items]
    return _SPECIAL[key](values)


def _entrant(values: Mapping[str, Any]) -> list[Row]:
    rows = [Row("entrant", "申請を入力する方", label(Entrant(values["entrant"])))]
    if values["entrant"] == Entrant.CONTRACTOR:
        titles = {
            "contractor_name": "受託者の名称",
            "contractor_person": "受託者の担当者 氏名",
            "contractor_phone": "受託者の電話番号",
        }
        rows += [Row(name, title, values.get(name) or "") for name, title in titles.items()]
    return rows


def _relations(values: Mapping[str, Any]) -> list[Row]:
    rows = values.get("rows") or []
    if not rows:
        return [Row("relations", "資本関係", "資本関係のある会社はない")]
    return [
        Row(f"relation-{no}", f"{label(Relation(row['relation']))} {no}", relation_in_words(row))
        for no, row in enumerate(rows, 1)
    ]


def relation_in_words(row: Mapping[str, Any]) -> str:
    """A parent or subsidiary in lines: name, number, whether a member, share, basis and days."""
    number = f"法人番号 {row['corporate_number']}" if row.get("corporate_number") else "法人番号なし"
    held = [label(Holding(row["holding"]))] if row.get("holding") else []
    if row.get("ratio_bp") is not None:
        held.append(f"議決権 {format_ratio_bp(row['ratio_bp'])} %")
    control = "支配していない（出資だけ）"
    if row["controlling"]:
        control = f"支配している（{label(ControlBasis(row['basis']))}）" if row.get("basis") else "支配している"
    days = [f"{_day(row['acquired_on'])} 取得"] if row.get("acquired_on") else []
    days += [f"{_day(row['ended_on'])} 解消"] if row.get("ended_on") else []
    lines = [row["name"], f"{number}　{_MEMBERSHIP[row['is_member']]}", "　".join([control, *held]), "　".join(days)]
    return "\n".join(line for line in lines if line)


def _administrator(values: Mapping[str, Any]) -> list[Row]:
    return [Row(name, title, values.get(name) or "") for name, title in _ADMINISTRATOR]


def _pledges(values: Mapping[str, Any]) -> list[Row]:
    keys = {
        Declaration.NO_ANTISOCIAL_FORCES: "no_antisocial_forces",
        Declaration.PROVISION_TO_STATE: "provision_to_state",
    }
    return [Row(name, label(kind), "同意した" if values.get(name) else "") for kind, name in keys.items()]


def _files(values: Mapping[str, Any]) -> list[Row]:
    files = values.get("files") or []
    if not files:
        return [Row("files", "添付書類", "なし")]
    return [Row(f"file-{file['id']}", label(AttachmentKind(file["kind"])), file["name"]) for file in files]


def _code(values: Mapping[str, Any]) -> list[Row]:
    return [Row("operator_code", "事業者コード", values.get("operator_code") or "")]


def _acts(values: Mapping[str, Any]) -> list[Row]:
    acts = values.get("acts") or {}
    return [
        Row(f"act-{licence.value}", label(licence), act_in_words(acts[licence.value]))
        for licence in Licence
        if licence.value in acts
    ]


def act_in_words(act: Mapping[str, Any]) -> str:
    """Where a category stands with METI, in lines."""
    if act["status"] == ActStatus.PENDING:
        return f"申請中（{_day(act['applied_on'])} 申請）"
    number = f"番号 {act['number']}" if act.get("number") else "番号なし"
    document = f"通知の写し {act['attachment_name']}" if act.get("attachment_name") else "通知の写しは未添付"
    return f"{_day(act['effective_on'])}\n{number}　{document}"


def _day(value: str) -> str:
    return format_date(date.fromisoformat(value))


_SPECIAL = {
    "entrant": _entrant,
    "relations": _relations,
    "administrator": _administrator,
    "pledges": _pledges,
    "files": _files,
    "code": _code,
    "acts": _acts,
}


@dataclass(frozen=True, slots=True)
class Change:
    """A row whose words differ between two sets of answers."""

    section: str
    title: str
    old: str
    new: str


def changes(old: Answers, new: Answers, *, stage: Stage) -> list[Change]:
    """The rows that differ, in the order in which they are shown; sections that only one side can have count too."""
    before = {(section.key, row.key): row for section in shown(old, stage=stage) for row in section.rows}
    after = {(section.key, row.key): row for section in shown(new, stage=stage) for row in section.rows}
    found = []
    for place in dict.fromkeys([*after, *before]):
        was, now = before.get(place), after.get(place)
        if (was.value if was else "") != (now.value if now else ""):
            title = now.title if now else was.title if was else ""
            found.append(Change(place[0], title, was.value if was else "", now.value if now else ""))
    return found
