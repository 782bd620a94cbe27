"""The sections of an application: which there are at each stage, and when all is there for submitting or approving.

`answers` maps a section's key to its clean values (JSON shapes: dates as ISO text, money as whole yen).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from occto.domain.codes import ActStatus, AttachmentKind, Entrant, Licence
from occto.domain.errors import Refusal
from occto.domain.joining import Stage
from occto.domain.profile import BUSINESS, COMPANY, CONTACTS, OUTLINE

Answers = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class TaskSection:
    """One line of the task list. `chapter` is the heading it stands under; `optional`: complete without an answer."""

    key: str
    title: str
    chapter: str
    note: str = ""
    optional: bool = False


TERMS = TaskSection("terms", "利用規約の確認と同意", "はじめに")
ENTRANT = TaskSection("entrant", "申請を入力する方", "はじめに", "会社の方か、委託を受けた方か")
RELATIONS = TaskSection("relations", "資本関係（親法人・子法人）", "会社と事業", "議決権の集約に使います")
ADMINISTRATOR = TaskSection("administrator", "管理者になる方", "担当者", "自然人に限ります（利用規約 3.2）")
PLEDGES = TaskSection("pledges", "反社会的勢力でないことの表明、国への情報提供の同意", "誓約と添付書類")
FILES = TaskSection("files", "添付書類（登記事項証明書など）", "誓約と添付書類")
CODE = TaskSection("code", "事業者コード", "本申請")
ACTS = TaskSection("acts", "経済産業省の登録・許可・届出", "本申請", "区分ごとに番号、日付と通知の写し")

PROVISIONAL_TASKS = (
    TERMS,
    ENTRANT,
    TaskSection(COMPANY.key, COMPANY.title, "会社と事業"),
    TaskSection(OUTLINE.key, OUTLINE.title, "会社と事業"),
    TaskSection(BUSINESS.key, BUSINESS.title, "会社と事業"),
    RELATIONS,
    TaskSection(CONTACTS.key, CONTACTS.title, "担当者"),
    ADMINISTRATOR,
    PLEDGES,
    FILES,
)
MAIN_TASKS = (CODE, ACTS, *(task for task in PROVISIONAL_TASKS if task is not TERMS))
TASKS: dict[Stage, tuple[TaskSection, ...]] = {Stage.PROVISIONAL: PROVISIONAL_TASKS, Stage.MAIN: MAIN_TASKS}
BY_KEY: dict[str, TaskSection] = {task.key: task for task in (*PROVISIONAL_TASKS, *MAIN_TASKS)}


def missing_sections(answers: Answers, *, stage: Stage, agreed: bool) -> list[TaskSection]:
    """The sections still to be completed before submitting, in the order of the task list."""
    done = {key for key, values in answers.items() if values is not None}
    if agreed:
        done.add(TERMS.key)
    return [task for task in TASKS[stage] if task.key not in done and not task.optional]


def chosen_licences(answers: Answers) -> list[Licence]:
    """The categories chosen in the application, in the order of the enum."""
    chosen = set(answers.get(BUSINESS.key, {}).get("licences") or ())
    return [licence for licence in Licence if licence.value in chosen]


def act_dates(answers: Answers) -> dict[Licence, date]:
    """The dates of the METI acts that are stated in a main application, by category."""
    acts = answers.get(ACTS.key, {}).get("acts") or {}
    return {
        licence: date.fromisoformat(acts[licence.value]["effective_on"])
        for licence in chosen_licences(answers)
        if acts.get(licence.value, {}).get("status") == ActStatus.ACT
    }


def check_consistent(answers: Answers, *, stage: Stage) -> None:
    """Refuse answers that cannot stand together, before submitting. Raises Refusal with the section as its field."""
    licences = set(chosen_licences(answers))
    if Licence.RSPTD in licences and Licence.SPTD not in licences:
        raise Refusal(
            "rsptd_alone", "登録特定送配電事業者は、特定送配電事業者とあわせて選んでください。", field=BUSINESS.key
        )
    kinds = {file["kind"] for file in answers.get(FILES.key, {}).get("files") or ()}
    if answers.get(ENTRANT.key, {}).get("entrant") == Entrant.CONTRACTOR and AttachmentKind.MANDATE_LETTER not in kinds:
        raise Refusal(
            "mandate_letter", "委託を受けた方が入力するときは、添付書類に委任状を加えてください。", field=FILES.key
        )
    own_number = answers.get(COMPANY.key, {}).get("corporate_number")
    for row in answers.get(RELATIONS.key, {}).get("rows") or ():
        if own_number and row.get("corporate_number") == own_number:
            raise Refusal(
                "self_parent",
                "資本関係に自社の法人番号が入力されています。相手の会社の法人番号をお確かめください。",
                field=RELATIONS.key,
            )
    if stage is Stage.MAIN:
        acts = answers.get(ACTS.key, {}).get("acts") or {}
        absent = [licence for licence in licences if licence.value not in acts]
        if absent:
            raise Refusal("act_absent", "区分ごとに、経済産業省の手続きの状況を入力してください。", field=ACTS.key)
        check_acts(answers)


def check_acts(answers: Answers) -> None:
    """Refuse 登録特定送配電 without, or before, the act of 特定送配電: it never carries membership alone (rsptd_alone)."""
    dates = act_dates(answers)
    beside, alone = dates.get(Licence.SPTD), dates.get(Licence.RSPTD)
    if alone is not None and (beside is None or beside > alone):
        raise Refusal(
            "rsptd_alone",
            "登録特定送配電事業者の登録の日は、特定送配電事業者の届出の日以後になります。両方の日付をお確かめください。",
            field=ACTS.key,
        )


def needs_confirmation(answers: Answers) -> bool:
    """Whether the company's 会員担当 has to confirm a contractor's entry before the submission counts."""
    return bool(answers.get(ENTRANT.key, {}).get("entrant") == Entrant.CONTRACTOR)
