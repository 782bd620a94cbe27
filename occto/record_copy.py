"""登録内容の写し: all that is on record of a member, as a workbook or PDF (利用規約 5.1.2)."""

from dataclasses import dataclass
from datetime import datetime

from occto import pdf
from occto.domain.dates import format_date, format_instant, today_jst
from occto.excel import Sheet
from occto.labels import label
from occto.mandate_words import period_in_words
from occto.queries.register import ContractorOnRecord, MemberHead, OwnCase
from occto.record_words import Coming, Entry, Part, Row, Step

TITLE = "登録内容の写し"


@dataclass(frozen=True, slots=True)
class RecordCopy:
    """What a copy holds, in words; `confirmed`: when and by whom it was last confirmed."""

    head: MemberHead
    roster_no: int | None
    parts: tuple[Part, ...]
    coming: tuple[Coming, ...]
    entries: tuple[Entry, ...]
    cases: tuple[OwnCase, ...]
    contractors: tuple[ContractorOnRecord, ...]
    confirmed: str
    made_at: datetime

    @property
    def file_name(self) -> str:
        return f"{TITLE}_{self.head.operator_code}_{today_jst(self.made_at).isoformat()}"


def _head_rows(copy: RecordCopy) -> list[tuple[str, str]]:
    head = copy.head
    return [
        ("商号", head.name),
        ("状態", label(head.state)),
        ("加入日", format_date(head.member_on) if head.member_on else ""),
        ("事業者コード", head.operator_code),
        ("名簿番号", str(copy.roster_no or "")),
        ("本システム利用契約", contract_in_words(head)),
        ("ユーザの数", f"{head.users}名"),
        ("最後に登録内容を確認した日時と方", copy.confirmed),
    ]


def contract_in_words(head: MemberHead) -> str:
    """Since when the contract of use runs, or until when it ran."""
    if head.contract_ended_at is not None:
        return f"{format_date(today_jst(head.contract_ended_at))}に終了"
    return f"{format_date(today_jst(head.contract_formed_at))}から" if head.contract_formed_at else "なし（紙対応）"


def _value(row: Row) -> str:
    asked = [f"変更を申請中（{number}）" for _id, number in row.pending]
    return "\n".join(filter(None, (row.value, *row.coming, *asked)))


def as_sheets(copy: RecordCopy) -> list[Sheet]:
    """登録内容, これからの変更, これまでの変更, 申請, each a sheet."""
    record = [("会員としての登録", term, value) for term, value in _head_rows(copy)]
    record += [(part.title, row.title, _value(row)) for part in copy.parts for row in part.rows]
    record += [("受託者", one.name, contractor_in_words(one)) for one in copy.contractors]
    coming = [(format_date(one.on), one.title, one.words, one.number or "") for one in copy.coming]
    done = [
        (entry.change_id, format_instant(entry.at), entry.source, entry.number, entry.by, *_step(step))
        for entry in copy.entries
        for step in entry.steps
    ]
    cases = [
        (
            case.number,
            case.title,
            label(case.state),
            format_instant(case.submitted_at),
            format_instant(case.decided_at) if case.decided_at else "",
        )
        for case in copy.cases
    ]
    return [
        Sheet(
            "登録内容",
            ("区分", "項目", "内容"),
            [*record, ("作成", "作成日時", format_instant(copy.made_at))],
            (24, 28, 60),
        ),
        Sheet("これからの変更", ("有効になる日", "項目", "内容", "申請番号"), coming, (18, 32, 60, 18)),
        Sheet(
            "これまでの変更",
            (
                "変更番号",
                "日時",
                "もとになった手続き",
                "番号",
                "手続きした方",
                "項目",
                "変更前",
                "変更後",
                "有効になる日",
            ),
            done,
            (10, 24, 22, 18, 24, 32, 44, 44, 20),
        ),
        Sheet("申請", ("番号", "内容", "状態", "提出", "決定"), cases, (18, 44, 20, 26, 26)),
    ]


def _step(step: Step) -> tuple[str, str, str, str]:
    return step.title, step.old, step.new, step.from_when


def contractor_in_words(one: ContractorOnRecord) -> str:
    """What a contractor may do, from when until when, and who acts."""
    lines = [period_in_words(one.starts_on, one.last_on), "、".join(label(each) for each in one.procedures)]
    return "\n".join(filter(None, [*lines, "、".join(one.persons)]))


def as_pdf(copy: RecordCopy, *, issuer: pdf.Issuer) -> bytes:
    """The copy as PDF with the date on which it was made."""
    sections: list[pdf.Section] = [{"title": "会員としての登録", "rows": _head_rows(copy)}]
    sections += [{"title": part.title, "rows": [(row.title, _value(row)) for row in part.rows]} for part in copy.parts]
    sections.append({"title": "受託者", "rows": [(one.name, contractor_in_words(one)) for one in copy.contractors]})
    coming = [(f"{format_date(one.on)}から", f"{one.title}：{one.words}") for one in copy.coming]
    sections.append({"title": "これからの変更", "rows": coming})
    cases = [
        (case.number, f"{case.title}　{label(case.state)}\n{format_instant(case.submitted_at)} 提出")
        for case in copy.cases
    ]
    sections.append({"title": "申請", "rows": cases})
    sections.append({"title": "これまでの変更", "rows": [(format_instant(e.at), _entry(e)) for e in copy.entries]})
    values: pdf.MemberRecord = {"company": copy.head.name, "title": TITLE, "sections": sections}
    return pdf.member_record(values, issuer=issuer, created_at=copy.made_at)


def _entry(entry: Entry) -> str:
    first = "　".join(filter(None, (entry.title, entry.source, entry.number, entry.by)))
    if entry.admission:
        return f"{first}\n{len(entry.steps)}項目を登録"
    return "\n".join([first, *(_step_in_line(step) for step in entry.steps)])


def _step_in_line(step: Step) -> str:
    title, old, new, from_when = (text.replace("\n", " ") for text in _step(step))
    return f"{title}：{old + ' → ' if old else ''}{new}{'（' + from_when + '）' if from_when else ''}"
