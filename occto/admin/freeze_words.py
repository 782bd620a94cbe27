"""確定 in words: the figures of a calculation, what one moves against another, undecided cases, late facts."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy.orm import Session

from occto.admin.assemblies import about_in_words, late_state
from occto.admin.base import Facts, Table, format_short, link
from occto.domain.dates import format_date, format_instant
from occto.domain.freezing import ERRORS, CaseKind
from occto.domain.impact import impact
from occto.domain.permissions import Permission
from occto.domain.proposals import ProposalKind
from occto.domain.votes import Group
from occto.labels import label
from occto.models import Assembly, Proposal, Snapshot, User
from occto.queries.allocation import Calculation, calculate
from occto.queries.assemblies import Late, late_facts
from occto.queries.assembly_recipients import recipients
from occto.queries.freeze_checks import Case
from occto.queries.roll import Preview
from occto.queries.snapshots import calculated_again, frozen_of, kept_calculation
from occto.services.late_facts import votes_moved
from occto.services.snapshots import figures_digest
from occto.vote_words import ImpactRow, impact_in_words

SHOWN = 50
"""So many companies are named; of more the number is said."""
_PAGES: dict[CaseKind, tuple[str, Permission]] = {
    CaseKind.APPLICATION: ("applications.details_view", Permission.APPLICATION_SEE),
    CaseKind.CHANGE: ("change_requests.details_view", Permission.CHANGE_REVIEW_SEE),
    CaseKind.ROSTER: ("roster.details_view", Permission.ROSTER_PROPOSE),
    CaseKind.IMPORT: ("imports.details_view", Permission.IMPORT_SEE),
    CaseKind.ELECTION: ("elections.details_view", Permission.ASSEMBLY_SEE),
    CaseKind.CONSENT: ("elections.details_view", Permission.ASSEMBLY_SEE),
    CaseKind.OBJECTION: ("objections.details_view", Permission.ASSEMBLY_SEE),
    CaseKind.PROPOSAL: ("proposals.details_view", Permission.ASSEMBLY_SEE),
}
"""Where a case is dealt with."""
_UNDATED: dict[CaseKind, str] = {
    CaseKind.ELECTION: "届出の画面",
    CaseKind.OBJECTION: "異議の画面",
    CaseKind.PROPOSAL: "",
}
"""What has no day from which it counts, nor (with words for the link) a number that anybody knows."""


def figures(calculation: Calculation, title: str = "議決権の集計") -> Facts:
    """How many stand on the roll, how many vote in each group, and how many votes there are."""
    allocation = calculation.allocation
    rows: list[tuple[str, Any]] = [("基準日", format_date(calculation.day))]
    rows.append(("名簿の会員", f"{len(calculation.record.roll.voters):,}社"))
    if calculation.sanctioned:
        rows.append(("うち権利の停止", f"{len(calculation.sanctioned):,}社（議決権はありません）"))
    for group in Group:
        units = allocation.units[group]
        each = f"{len(units):,}社（議決権 {allocation.per_group_total:,}票）" if units else "会員がいません"
        rows.append((f"{label(group)}グループのみなし会員", each))
    rows.append(("議決権の総数", f"{allocation.total:,}票"))
    rows.append(("用いた届出", f"{len(calculation.filed):,}件"))
    rows.append(("もとになった名簿の変更の番号", str(calculation.known)))
    return Facts(title, rows)


def moved(before: Calculation, after: Calculation) -> list[Table | Facts]:
    """What changes from one calculation to another, group by group, as shares."""
    found = impact(before.allocation, after.allocation)
    names = {**before.record.names, **after.record.names}
    words = impact_in_words(Preview(found, names, ()))
    if not words.groups:
        return [Facts("議決権の変わるところ", [("すべてのグループ", "議決権の配分は変わりません。")])]
    stopped = {names[node] for node in after.sanctioned - before.sanctioned}
    heads = ("会社", "いま", "確定し直したあと", "理由")
    return [
        Table(
            f"議決権の変わるところ（{group.title}）",
            heads,
            [
                *(_moved_row(row, stopped) for row in group.rows[:SHOWN]),
                *([(f"ほか {len(group.rows) - SHOWN:,}行", "", "", "")] if len(group.rows) > SHOWN else []),
            ],
        )
        for group in words.groups
    ]


def _moved_row(row: ImpactRow, stopped: set[str]) -> tuple[str, str, str, str]:
    reason = "権利の停止・制限により、議決権がなくなるため" if row.lost and row.name in stopped else row.reason
    return (row.name, row.before, row.after, reason)


def told(session: Session, before: Calculation, after: Calculation, *, today: Any) -> Facts:
    """How many members will be told, and who has no address."""
    changed = votes_moved(before, after)
    people = recipients(session, [one.member_id for one in changed], today=today)
    post = [one.company for one in changed if one.member_id not in people]
    rows: list[tuple[str, Any]] = [("議決権が変わる会員", f"{len(changed):,}社")]
    rows.append(("お知らせするメール", f"{sum(map(len, people.values())):,}通"))
    if post:
        more = f"　ほか {len(post) - SHOWN:,}社" if len(post) > SHOWN else ""
        rows.append(("メールの宛先のない会員（郵送でお知らせください）", "、".join(post[:SHOWN]) + more))
    return Facts("お知らせ", rows)


def case_row(case: Case, names: dict[int, str]) -> tuple[Any, ...]:
    """An undecided case as a row: what, whose, from when, and whether it may be left."""
    if case.kind is CaseKind.ERROR:
        who = "、".join(names.get(node, "") for node in case.nodes[:5])
        return (label(case.kind), who, "", ERRORS.get(case.code, case.number), "直してください")
    state = f"確認済：{case.check.reason}（{case.check.by}、{format_short(case.check.at)}）" if case.check else "未確認"
    on = "" if case.kind is CaseKind.CONSENT else _on(case)
    return (label(case.kind), case.company, on, _number(case), state)


def case_in_words(case: Case) -> str:
    """An undecided case in one line, for a choice."""
    words = [label(case.kind), case.number, case.company]
    if case.kind is CaseKind.PROPOSAL:
        words[1] = label(ProposalKind(case.code))
    return "　".join(filter(None, words))


def _number(case: Case) -> Any:
    words = (
        label(ProposalKind(case.code))
        if case.kind is CaseKind.PROPOSAL
        else case.number or _UNDATED.get(case.kind) or str(case.target_id)
    )
    if case.kind not in _PAGES:
        return words
    endpoint, permission = _PAGES[case.kind]
    return link(words, endpoint, case.target_id, permission)


def _on(case: Case) -> str:
    if case.kind in _UNDATED:
        return ""
    return f"{format_date(case.on)}から" if case.on else "日付は決まっていません"


def late_rows(found: Sequence[Late], *, frozen: bool = True) -> list[tuple[Any, ...]]:
    """Late facts as rows. `frozen`: the votes are; before, the freeze will take in what is known."""
    return [
        (
            link(one.name, "members.details_view", one.member_id, Permission.MEMBER_SEE),
            about_in_words(one),
            format_instant(one.noted_at),
            late_state(one, frozen=frozen),
        )
        for one in found
    ]


LATE_HEADS = ("会員", "変わった内容", "分かった日時", "取扱い")


def snapshot_rows(session: Session, rows: Sequence[Snapshot]) -> list[tuple[Any, ...]]:
    """Kept calculations, the newest first."""
    named = {row.made_by_id for row in rows} | {row.second_by_id for row in rows}
    names = {user.id: user.name for user in session.query(User).filter(User.id.in_(named - {None}))}
    return [
        (
            str(row.no),
            label(row.state),
            format_short(row.made_at),
            f"{row.total:,}票",
            "、".join(filter(None, (names.get(row.made_by_id or 0, "自動"), names.get(row.second_by_id or 0)))),
            row.reason or "",
            row.sha256,
        )
        for row in rows
    ]


SNAPSHOT_HEADS = ("番号", "状態", "作成", "議決権の総数", "作成した方、確認した方", "理由", "SHA-256")


def of_freeze(session: Session, proposal: Proposal) -> Sequence[Facts | Table]:
    """What the second person sees of a freeze: the votes that were proposed, and what has moved since."""
    assembly = session.get_one(Assembly, proposal.assembly_id)
    draft = session.get(Snapshot, proposal.values["snapshot_id"])
    if draft is None:
        return ()
    proposed = kept_calculation(session, draft)
    parts: list[Facts | Table] = [figures(proposed, "確定する議決権")]
    if proposal.decided_at is None:
        now = calculate(session, assembly)
        if figures_digest(now) != proposal.digest:
            parts.append(Facts("依頼のあとの変化", [("注意", CHANGED)]))
            parts += [figures(now, "いまの議決権"), *moved(proposed, now)]
    return parts


def of_refreeze(session: Session, proposal: Proposal) -> Sequence[Facts | Table]:
    """What the second person sees of freezing again: the votes that change, and whether they still are those proposed."""
    frozen = frozen_of(session, proposal.assembly_id or 0)
    if frozen is None or proposal.decided_at is not None:
        return _late(session, proposal)
    before, after = kept_calculation(session, frozen), calculated_again(session, frozen)
    changed = [] if figures_digest(after) == proposal.digest else [Facts("依頼のあとの変化", [("注意", CHANGED)])]
    return [*changed, *_late(session, proposal), figures(after, "確定し直す議決権"), *moved(before, after)]


def of_outcome(session: Session, proposal: Proposal) -> Sequence[Facts | Table]:
    """Which late facts are settled, and how."""
    return _late(session, proposal)


def _late(session: Session, proposal: Proposal) -> list[Facts | Table]:
    named = set(proposal.values["late_facts"])
    rows = [one for one in late_facts(session, proposal.assembly_id or 0) if one.id in named]
    outcome = proposal.values.get("outcome", "REFREEZE")
    words = {"REFREEZE": "確定をやり直す", "KEEP": "そのままとする", "POSTPONE": "延期する"}[outcome]
    return [Facts("取扱い", [("取扱い", words)]), Table("基準日後判明", LATE_HEADS, late_rows(rows))]


CHANGED = (
    "依頼のあとに登録や届出が変わり、議決権が依頼したときと違っています。このままでは確認できません。"
    "依頼を取りやめて、もう一度依頼してください。"
)
