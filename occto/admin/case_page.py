"""The page of one application: what the templates show, put into words. Decides nothing."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from flask import url_for

from occto.access import viewer
from occto.answers import ShownSection, changes, shown
from occto.domain.calendar import business_days_between
from occto.domain.codes import Audience, Channel
from occto.domain.dates import JST, format_date, format_instant, today_jst
from occto.domain.joining import DECIDED, JOINING, ApplicationState
from occto.domain.permissions import Permission
from occto.domain.sections import BY_KEY, CODE
from occto.holidays import is_holiday
from occto.labels import label
from occto.models import ApplicationRevision
from occto.queries.applications import Letter
from occto.queries.applications_staff import CaseFile, day_proposal
from occto.services.joining.approval import barred_from_approving

_DONE = {
    "submit_provisional": "加入仮申請の提出",
    "start_main": "本申請の作成を開始",
    "submit_main": "加入本申請の提出",
    "submit_main_pending": "加入本申請の提出（METI申請中）",
    "withdraw": "取下げ",
    "take": "審査を開始",
    "accept": "受付",
    "return_provisional": "差戻し",
    "return_main": "差戻し",
    "record_operator_code": "事業者コードを記録",
    "check": "一人目の確認",
    "approve": "承認",
    "hold": "保留",
    "resume": "保留を解除",
    "extend": "期限を延長",
    "carry_to_main": "本申請へ進めた",
    "lapse": "失効",
    "not_qualified": "資格なし",
}
_DOOR_OF = {
    "take": "take",
    "accept": "accept",
    "return_provisional": "give_back",
    "return_main": "give_back",
    "record_operator_code": "operator_code",
    "check": "check",
    "approve": "approve",
    "hold": "hold",
    "resume": "resume",
    "extend": "extend",
    "carry_to_main": "carry_to_main",
    "lapse": "lapse",
    "not_qualified": "not_qualified",
}
_BUTTONS = frozenset({"take", "accept", "resume"})
_MAIN_ACTS = ("approve", "check", "accept", "take", "resume")
_ENDINGS = frozenset({"lapse", "not_qualified"})


@dataclass(frozen=True, slots=True)
class Move:
    """A step that this viewer may take now. `button`: at once, without an entry page."""

    words: str
    url: str
    button: bool
    main: bool
    ending: bool


@dataclass(frozen=True, slots=True)
class Happened:
    """An entry of the timeline."""

    label: str
    at: datetime
    by: str
    note: str


def proposed_day(file: CaseFile) -> date | None:
    """The day of membership to propose; None while no METI act is stated."""
    proposal = day_proposal(file)
    return date.fromisoformat(proposal.on) if proposal else None


def case_page(file: CaseFile, *, compare: int | None, now: datetime) -> dict[str, Any]:
    """All that templates/admin/case.html shows."""
    case, newest = file.application, file.newest
    base = file.compared_with(compare)
    found = changes(base.answers, newest.answers, stage=newest.stage) if base and newest else []
    return {
        "case": case,
        "number": case.acceptance_number or "（番号は提出のときに決まります）",
        "name": case.name or "（商号は未入力）",
        "stage": label(newest.stage) if newest else "加入仮申請",
        "revision": newest,
        "base": revision_in_words(base) if base else "",
        "earlier": [(one.id, revision_in_words(one)) for one in file.revisions[:-1]],
        "changes": [(BY_KEY[one.section].title, one) for one in found],
        "changed": {(one.section, one.title) for one in found},
        "sections": shown(newest.answers, stage=newest.stage) if newest else [],
        "timeline": list(_timeline(file)),
        "letters": list(_letters(file)),
        "facts": _facts(file, now=now),
        "membership": membership_facts(file),
        "moves": moves(file, today=today_jst(now)),
        "why_not": why_not_approve(file),
        "paper": case.channel is Channel.PAPER and viewer.can(Permission.APPLICATION_ENTER_PAPER),
    }


def entry_page(file: CaseFile, *, name: str) -> dict[str, Any]:
    """What stands beside the form of a decision: the case as it is now, and for an approval what will be entered."""
    case = file.application
    last = file.decisions[-1] if file.decisions else None
    facts = [
        ("申請者", case.name),
        ("受付番号", case.acceptance_number),
        ("状態", _state(file)),
        ("最新の版", revision_in_words(file.newest) if file.newest else "まだ提出されていません"),
    ]
    if last is not None:
        facts.append(("最後の処理", f"{_DONE[last.step]}（{format_instant(last.at)}）"))
    if name in {"lapse", "extend"} and case.lapse_on:
        facts.append(("いまの期限", format_date(case.lapse_on)))
    entered: list[ShownSection] = []
    if name in {"check", "approve"}:
        facts += membership_facts(file)
    if name == "approve" and file.newest is not None:
        entered = shown(file.newest.answers, stage=file.newest.stage)
    return {
        "case": case,
        "case_facts": facts,
        "entered": entered,
        "why_not": why_not_approve(file) if name == "approve" else "",
    }


def revision_in_words(revision: ApplicationRevision) -> str:
    """A revision by stage and number, such as 加入仮申請 第2版."""
    return f"{label(revision.stage)} 第{revision.no}版"


def _state(file: CaseFile) -> str:
    return f"{label(file.application.state)}・保留" if file.application.held_at else label(file.application.state)


def _facts(file: CaseFile, *, now: datetime) -> list[tuple[str, Any]]:
    case = file.application
    names = file.names
    facts: list[tuple[str, Any]] = [("受け付けた方法", label(case.channel)), ("申請者のメール", case.email)]
    if case.entered_by_id:
        facts.append(("入力した職員", names.get(case.entered_by_id)))
    if case.waiting_since is not None:
        waited = business_days_between(case.waiting_since.astimezone(JST).date(), today_jst(now), is_holiday=is_holiday)
        facts.append(("待った日数", f"{waited}営業日"))
    facts.append(("担当", names.get(case.assignee_id or 0, "未定")))
    for title, at in (
        ("仮申請の提出", case.submitted_at),
        ("受付", case.accepted_at),
        ("本申請の提出", case.main_submitted_at),
    ):
        if at is not None:
            facts.append((title, format_instant(at)))
    if case.lapse_on is not None and case.main_submitted_at is None:
        facts.append(("本申請の期限", f"{format_date(case.lapse_on)}（利用規約 2.7.2④）"))
    if file.consent is not None:
        consent, no = file.consent
        facts.append(("規約への同意", f"第{no}版　{format_instant(consent.at)}"))
    if file.contract is not None:
        ended = (
            f"　{format_instant(file.contract.ended_at)} 終了（{file.contract.end_clause}）"
            if file.contract.ended_at
            else ""
        )
        facts.append(("利用契約", f"{format_instant(file.contract.formed_at)} 成立{ended}"))
    return facts


def membership_facts(file: CaseFile) -> list[tuple[str, Any]]:
    """Operator code, day and roster number as they stand, and who checked and decided."""
    case, names, proposal = file.application, file.names, day_proposal(file)
    stated = (file.newest.answers.get(CODE.key) or {}).get("operator_code") if file.newest else None
    code = case.operator_code or (f"{stated}（申請者の入力）" if stated else "まだ記録されていません")
    facts: list[tuple[str, Any]] = [*former_memberships(file), ("事業者コード", code)]
    if case.member_on is not None:
        facts.append(("会員となる日", format_date(case.member_on)))
        if case.member_on_reason:
            facts.append(("その理由", case.member_on_reason))
    elif proposal is not None:
        how = (
            "法律で決まる日（電気事業法 28条の11）"
            if proposal.by_law
            else "当機関が理由を付けて決めます。仮申請の提出日が案です"
        )
        facts.append(("会員となる日の案", [format_date(date.fromisoformat(proposal.on)), how]))
    if case.roster_no is not None:
        facts.append(("名簿番号", case.roster_no))
    if case.checked_by_id is not None and case.checked_at is not None:
        facts.append(("一人目の確認", f"{names.get(case.checked_by_id, '')}　{format_instant(case.checked_at)}"))
    if case.decided_by_id is not None and case.decided_at is not None:
        facts.append(("決定", f"{names.get(case.decided_by_id, '')}　{format_instant(case.decided_at)}"))
    return facts


def former_memberships(file: CaseFile) -> list[tuple[str, Any]]:
    """Whether the company was a member before this case, from when until when and by which code; for staff only."""
    case, known = file.application, file.known
    if known is None:
        return []
    facts: list[tuple[str, Any]] = []
    for (begin, end), code in zip(known.periods, known.codes, strict=True):
        words = [f"事業者コード {code}", f"登録の商号：{known.name}"]
        if end is not None and (case.member_on is None or end <= case.member_on):
            until = format_date(end - timedelta(days=1))
            facts.append(("以前の会員期間", [f"{format_date(begin)}から{until}まで", *words]))
        elif case.state not in DECIDED:
            facts.append(("いまの会員登録", [f"{format_date(begin)}から続いています", *words]))
    return facts


def _timeline(file: CaseFile) -> Iterable[Happened]:
    """Newest first."""
    for one in reversed(file.decisions):
        edition = f"（第{one.revision_no}版）" if one.step.startswith("submit") else ""
        by = file.names.get(one.actor_id or 0, "申請者" if one.actor_id is None else "")
        yield Happened(f"{_DONE[one.step]}{edition}", one.at, by, one.reason or "")


def _letters(file: CaseFile) -> Iterable[Letter]:
    for one in file.remarks:
        own = one.author_id is None
        about = f"「{BY_KEY[one.item].title}」への指摘\n" if one.item in BY_KEY else ""
        yield Letter(
            mine=own,
            name=(file.application.name or "申請者") if own else file.names.get(one.author_id or 0, ""),
            organisation="" if own else "職員だけの覚え書き" if one.audience is Audience.STAFF else "申請者へ",
            at=one.at,
            text=about + one.body,
        )


def why_not_approve(file: CaseFile) -> str:
    """Why the viewer, though an approver, cannot approve this case; empty where there is nothing to explain."""
    case = file.application
    if case.state is not ApplicationState.MAIN_IN_REVIEW or not viewer.can(Permission.APPLICATION_APPROVE):
        return ""
    if case.checked_by_id is None:
        return "一人目の確認が済むと、別の方が承認できます。"
    if case.checked_by_id == viewer.user_id:
        return "あなたが確認した申請です。承認は、別の承認者が行います。"
    if viewer.user_id in barred_from_approving(case, file.newest):
        return "あなたが書面から入力した申請です。承認は、別の承認者が行います。"
    return ""


def moves(file: CaseFile, *, today: date) -> list[Move]:
    """The steps that this viewer may take now, the main one first."""
    case = file.application
    steps = JOINING.open_steps(case.state, viewer.permissions, held=case.held_at is not None)
    names = {step.name: step.label for step in steps if step.name in _DOOR_OF}
    if case.held_at is None:
        names.pop("resume", None)
    if case.lapse_on is None or case.lapse_on >= today:
        names.pop("lapse", None)
    if case.checked_by_id is not None and "check" in names:
        names["check"] = "確認をやり直す"
    if why_not_approve(file):
        names.pop("approve", None)
    first = next((name for name in _MAIN_ACTS if name in names and not (name == "check" and case.checked_by_id)), None)
    if first is None and case.state is ApplicationState.ACCEPTED and case.operator_code is None:
        first = "record_operator_code"
    order = sorted(names, key=lambda name: name != first)
    return [
        Move(
            names[name],
            url_for(f"applications.{_DOOR_OF[name]}")
            if name in _BUTTONS
            else url_for(f"applications.{_DOOR_OF[name]}", id=case.id, version=case.version),
            button=name in _BUTTONS,
            main=name == first,
            ending=name in _ENDINGS,
        )
        for name in order
    ]
