"""What a desk shows of a scan, put into words: one big word, who it is, what to do next. Decides nothing.

The page draws it with a template and its script with the same fields, so that both say the same.
"""

from dataclasses import dataclass, field, fields, replace
from datetime import datetime
from typing import Any, Final

from occto.domain.dates import JST, format_instant, today_jst
from occto.domain.reception import OUTCOME_LABELS, TAKEN_BACK_LABELS, DeskProfile, ScanOutcome
from occto.domain.replies import Attendance
from occto.domain.tickets import TicketKind, shown_number, standing_of
from occto.queries.desks import Unsettled
from occto.services.reception.checking_in import Answer

O = ScanOutcome  # noqa: E741 - as the tables of states are written
OK, SEEN, NO, PRACTICE = "ok", "seen", "no", "try"
KINDS: Final = {O.ADMITTED: OK, O.ALREADY: SEEN, O.PRACTICE: PRACTICE}
WORDS: Final = {OK: "受付完了", SEEN: "受付済み", NO: "受付できません", PRACTICE: "練習"}
_WHY: Final = {
    O.UNKNOWN: "この受付票は見つかりません",
    O.REVOKED: "失効した受付票です",
    O.OTHER_ASSEMBLY: "別の総会の受付票です",
    O.NOT_OPEN: "いまは受付の時間ではありません",
    O.MEMBER_LEFT: "会員の資格がなくなった会社の受付票です",
    O.SUSPENDED: "議決権が停止されている会員の受付票です",
    O.VOTER_PRESENT: "この会員の議決権を行使する方は、入場しています",
}
_NEXT: Final = {
    O.UNKNOWN: "もう一度読み取るか、受付票の番号（2041-7 のような数字）を入力してください。見つからないときは、{call}をお呼びください。",
    O.OTHER_ASSEMBLY: "きょうの総会の受付票をお持ちか、お尋ねください。お持ちでなければ、{call}をお呼びください。",
    O.NOT_OPEN: "受付は、総会の当日に、受付の開始を記録してから終了までの間だけできます。{call}にお確かめください。",
    O.MEMBER_LEFT: "入場の扱いを、{call}にお確かめください。",
    O.SUSPENDED: "入場の扱いを、{call}にお確かめください。",
    O.VOTER_PRESENT: "傍聴として入場する場合や、議決権を行使する方が替わる場合は、{call}へご案内ください。",
}
_WITHDRAWN: Final = "事前の{what}は撤回され、会場での議決権行使になります。"
_BESIDE_A_MANDATE: Final = "委任に添えられた賛否の回答は撤回され、代理人が会場で議決権を行使します。"


@dataclass(frozen=True, slots=True)
class Shown:
    """One outcome. `kind`: ok, seen, no or try; `facts`: term and value; `next`: what to do, the most urgent first.

    `search`: whether looking for the person by name may help.
    """

    scan_id: str
    outcome: str
    kind: str
    word: str
    who: str = ""
    line: str = ""
    facts: list[tuple[str, str]] = field(default_factory=list)
    next: list[str] = field(default_factory=list)
    search: bool = False
    recent: dict[str, str] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in _FIELDS}  # asdict would copy what nobody changes


_FIELDS: Final = tuple(one.name for one in fields(Shown))


def in_seconds(at: datetime) -> str:
    """The time of day in Japan to the second: 9:41:07."""
    local = at.astimezone(JST)
    return f"{local.hour}:{local:%M:%S}"


def unsettled_words(desk: Unsettled, *, now: datetime) -> str:
    """受付 2番（最後の通信 9:41:07、送信待ち 3件）; the day is said where it was another one."""
    today = today_jst(desk.heard_at) == today_jst(now)
    heard = in_seconds(desk.heard_at) if today else format_instant(desk.heard_at)
    waiting = f"送信待ち {desk.waiting:,}件" if desk.waiting else "送信待ちの有無は不明"
    return f"{desk.name}（最後の通信 {heard}、{waiting}）"


def shown(answer: Answer, *, profile: DeskProfile, contact: str, now: datetime) -> Shown:
    """What the desk with this profile shows of an answer. An unattended one shows nothing of any person."""
    outcome, ticket = answer.outcome, answer.ticket
    kind = KINDS.get(outcome, NO)
    plain = Shown(answer.scan_id, outcome, kind, WORDS[kind])
    if profile is DeskProfile.UNATTENDED:
        return _for_the_public(plain, answer, contact=contact, now=now)
    call = f"受付責任者 {contact}"
    if outcome is O.PRACTICE:
        words = "読み取りは正常です。練習用のコードのため、受付は記録していません。"
        return replace(plain, who="練習用のコードです", next=[words])
    made = {
        O.ADMITTED: _admitted,
        O.ALREADY: _already,
    }.get(outcome, _refused)(plain, answer, call)
    told = {"at": in_seconds(answer.entered.entered_at if answer.entered and kind == OK else now)}
    told |= {"name": ticket.name if ticket else "", "company": (ticket.company or "") if ticket else ""}
    return replace(made, recent=told | {"outcome": OUTCOME_LABELS[outcome]})


def _admitted(plain: Shown, answer: Answer, call: str) -> Shown:
    ticket, entered = answer.ticket, answer.entered
    assert ticket is not None
    assert entered is not None
    voting = entered_as = standing_of(ticket.kind, voting=ticket.voting)
    if ticket.voting:
        voting = f"{ticket.votes:,}票"
    todo = []
    if answer.withdrawn is not None:
        todo += [
            f"{withdrawn_words(answer)}ご本人にお伝えください。",
            f"傍聴の方に替わる場合は、{call}へご案内ください。",
        ]
    elif not ticket.voting:
        todo.append(f"{entered_as}です。会場の議決には加わりません。")
    if ticket.note:
        todo.append(f"お知らせ：{ticket.note}")
    facts = [
        ("番号", shown_number(ticket.number)),
        ("議決権", voting),
        ("席", ticket.seat or "自由席"),
        ("時刻", in_seconds(entered.entered_at)),
    ]
    return replace(plain, who=f"{ticket.name} 様", line=_place(answer), facts=facts, next=todo)


def withdrawn_words(answer: Answer) -> str:
    """What the arrival took back, as the person is told."""
    if answer.withdrawn is None:
        return ""
    proxy = answer.ticket is not None and answer.ticket.kind is TicketKind.PROXY
    if answer.withdrawn is Attendance.PROXY and proxy:
        return _BESIDE_A_MANDATE
    return _WITHDRAWN.format(what=TAKEN_BACK_LABELS[answer.withdrawn])


def _place(answer: Answer) -> str:
    assert answer.ticket is not None
    return "　".join(filter(None, (answer.ticket.company, answer.ticket.title)))


def _already(plain: Shown, answer: Answer, call: str) -> Shown:
    ticket, entered = answer.ticket, answer.entered
    assert ticket is not None
    assert entered is not None
    facts = [
        ("最初の受付", in_seconds(entered.entered_at)),
        ("場所", entered.desk or "受付責任者"),
        ("番号", shown_number(ticket.number)),
    ]
    todo = f"人数には数えていません。ご本人の再入場なら、そのままお通しください。別の方なら、{call}をお呼びください。"
    return replace(plain, who=f"{ticket.name} 様", line=_place(answer), facts=facts, next=[todo])


def _refused(plain: Shown, answer: Answer, call: str) -> Shown:
    ticket, outcome = answer.ticket, answer.outcome
    facts = []
    if ticket is not None:
        facts = [("番号", shown_number(ticket.number)), ("お名前", ticket.name), ("会員", ticket.company or "なし")]
    todo = _NEXT.get(outcome, "").format(call=call)
    if outcome is O.REVOKED:
        if answer.successor is not None:
            number = shown_number(answer.successor.number)
            facts.append(("新しい番号", number))
            todo = (
                f"新しい受付票（{number}、{answer.successor.name} 様）をお持ちか、お尋ねください。"
                "お持ちでなければ、番号か氏名で受け付けられます。"
            )
        else:
            todo = f"代わりの受付票は発行されていません。{call}をお呼びください。"
    line = ""
    if outcome is O.VOTER_PRESENT and answer.entered is not None:
        where = answer.entered.desk or "受付責任者"
        line = f"{answer.entered.name} 様（{in_seconds(answer.entered.entered_at)}、{where}）"
    search = outcome in {O.UNKNOWN, O.REVOKED}
    return replace(plain, who=_WHY[outcome], line=line, facts=facts, next=[todo], search=search)


def _for_the_public(plain: Shown, answer: Answer, *, contact: str, now: datetime) -> Shown:
    ticket, outcome = answer.ticket, answer.outcome
    told = {"at": in_seconds(now), "name": "", "company": "", "outcome": OUTCOME_LABELS[outcome]}
    facts = [("番号", shown_number(ticket.number))] if ticket is not None else []
    if outcome is O.ADMITTED and ticket is not None:
        todo = list(filter(None, (withdrawn_words(answer), "そのまま会場へお進みください。")))
        return replace(plain, facts=[*facts, ("席", ticket.seat or "自由席")], next=todo, recent=told)
    if outcome is O.ALREADY:
        todo = ["この受付票は、受付が済んでいます。再入場の方は、そのままお進みください。"]
        return replace(plain, facts=facts, next=todo, recent=told)
    if outcome is O.PRACTICE:
        return replace(plain, next=["読み取りは正常です。受付は記録していません。"], recent=told)
    return replace(plain, facts=facts, next=[f"お手数ですが、受付責任者 {contact}をお呼びください。"], recent=told)
