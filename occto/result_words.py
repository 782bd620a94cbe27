"""結果 in words, for pages, papers and workbooks: public figures alone, and what staff may see beside them."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from occto.block_paper import Block, BlockPaper, Facts, Heading, Sub, Table, Words
from occto.domain.agenda import ABOUT_YOU, MAJORITY_LABELS, item_title
from occto.domain.assembly import Called, title_of
from occto.domain.dates import format_date, format_date_weekday, format_instant, today_jst
from occto.domain.outcomes import CONSENT_WORDS, chair_in_words, consent_in_words, decision_in_words
from occto.domain.quorum import Quorum
from occto.domain.resolutions import VOTE_CHANNEL_LABELS, ConsentOutcome
from occto.domain.tally import CHOICE_LABELS, Choice, Outcome
from occto.queries.results import FIXED, Correction, Given, ItemResult

if TYPE_CHECKING:
    from occto.models import AssemblyResult

NOT_COUNTED = "この議案では、貴社の議決権は数えられていません（出席または有効な回答がありませんでした）。"
CONFLICT = f"{ABOUT_YOU}、貴社の議決権はありません（電気事業法 28条の39）。"


@dataclass(frozen=True, slots=True)
class ItemWords:
    """An item as a page shows it. `kind`: the class of its tag; `rows`: (賛成, votes, companies); `own`: of the viewing member."""

    no: int
    title: str
    outcome: str
    kind: str
    note: str
    rows: Sequence[tuple[str, int, int]] = field(default=())
    present: int = 0
    heads: int = 0
    facts: Sequence[tuple[str, str]] = field(default=())
    corrections: Sequence[str] = field(default=())
    own: str = ""


def item_words(one: ItemResult, *, names: bool = False) -> ItemWords:
    """The figures of an item. `names`: conflict members by name, for staff; else their number."""
    row, item = one.decision, one.item
    title, outcome = item_title(item), one.words
    if item.withdrawn_at is not None:
        return ItemWords(item.no, title, outcome, "", f"取り下げられました（{item.withdrawn_reason}）")
    if item.majority is None:
        return ItemWords(item.no, title, outcome, "", "採決はありません")
    if row is None:
        return ItemWords(item.no, title, outcome, "", "採決は、まだ記録されていません")
    return ItemWords(
        no=item.no,
        title=title,
        outcome=outcome,
        kind=_kind(one),
        note=MAJORITY_LABELS[row.resolution],
        rows=[(CHOICE_LABELS[choice], one.votes(choice), one.heads[choice]) for choice in Choice],
        present=row.present,
        heads=sum(one.heads.values()),
        facts=item_facts(one, names=names),
        corrections=corrections(one),
    )


def _kind(one: ItemResult) -> str:
    assert one.decision is not None
    if one.decision.outcome is not Outcome.CARRIED:
        return "tag-bad"
    given = one.consent
    if given is None:
        return "tag-warn" if "待ち" in one.words else "tag-ok"
    return "tag-ok" if given.outcome is ConsentOutcome.GRANTED else "tag-bad"


def item_facts(one: ItemResult, *, names: bool) -> list[tuple[str, str]]:
    """How the outcome came about, as terms and values."""
    row = one.decision
    if row is None:
        return []
    facts = [("計算", one.formula)]
    if row.chair_choice is not None:
        facts.append(("議長の決定", chair_in_words(row.chair_choice)))
    if row.amendment:
        facts.append(("修正して議決した内容", row.amendment))
    if one.conflicts:
        who = "、".join(name for _number, name in one.conflicts) if names else f"{len(one.conflicts):,}社"
        facts.append(("議決権のない会員", f"{who}（電気事業法 28条の39）"))
    if "（" in one.words:
        facts.append((f"経済産業大臣の{CONSENT_WORDS[one.item.consent]}", consent_line(one)))
    return facts


def consent_line(one: ItemResult) -> str:
    """認可済（2027年1月20日　文書番号 …）, or 認可待ち."""
    given = one.consent
    words = consent_in_words(one.item.consent, given.outcome if given else None)
    if given is None:
        return words
    number = f"　文書番号 {given.document_number}" if given.document_number else ""
    return f"{words}（{format_date(given.decided_on)}{number}）"


def corrections(one: ItemResult) -> list[str]:
    """What was announced before and why it is corrected, the newest first."""
    found = []
    for later, earlier in zip(one.decisions, one.decisions[1:], strict=False):
        figures = f"賛成 {earlier.yes:,}票、反対 {earlier.against:,}票、棄権 {earlier.abstain:,}票"
        was = decision_in_words(earlier.outcome, amended=bool(earlier.amendment))
        found.append(
            f"{format_instant(later.decided_at)}に訂正しました（理由：{later.reason}）。訂正前：{was}（{figures}）"
        )
    return found


def own_in_words(one: ItemResult, given: Mapping[int, Given], *, member_id: int, votes: int, choices: bool) -> str:
    """How the viewing member's own vote was counted. `choices` False: for eyes that may not see how it voted."""
    if one.item.majority is None or one.item.withdrawn_at is not None or one.decision is None:
        return ""
    if member_id in {number for number, _name in one.conflicts}:
        return CONFLICT
    counted = given.get(one.item.id)
    if counted is None:
        return NOT_COUNTED
    through = VOTE_CHANNEL_LABELS[counted.channel]
    if not choices:
        return f"{votes:,}票が数えられています（{through}）。賛否は、職員の画面には表示しません。"
    return f"{CHOICE_LABELS[counted.choice]}　{votes:,}票（{through}）"


def quorum_table(found: Quorum) -> Table:
    """The three counts."""
    return Table(
        ("数え方", "出席", "必要数", "全体", "判定"),
        [
            (
                one.label,
                one.in_words(one.present),
                one.in_words(one.required),
                one.in_words(one.whole),
                "満たす" if one.met else "満たさない",
            )
            for one in found.counts
        ],
        numbers=(1, 2, 3),
        name="3つの数え方による定足数",
    )


def quorum_lines(found: Quorum) -> list[str]:
    """By which basis it is decided, the calculation, and what the bases say differently."""
    lines = [found.rule, *(f"{one.formula}。" for one in found.deciding), found.disagreement]
    return [line for line in lines if line]


def votes_table(one: ItemResult) -> Table:
    """Votes and companies side by side."""
    assert one.decision is not None
    return Table(
        ("", *CHOICE_LABELS.values(), "出席"),
        [
            ("議決権", *(f"{one.votes(choice):,}票" for choice in Choice), f"{one.decision.present:,}票"),
            ("会員", *(f"{one.heads[choice]:,}社" for choice in Choice), f"{sum(one.heads.values()):,}社"),
        ],
        numbers=(1, 2, 3, 4),
        name=f"{item_title(one.item)}の票数",
    )


def correction_line(one: Correction) -> str:
    """That a fixed result was taken back: for the office alone."""
    return f"{format_instant(one.at)}に、{one.by}が結果の訂正を始めました。理由：{one.reason}"


def result_history(fixed: Sequence["AssemblyResult"]) -> list[str]:
    """That the result was corrected as a whole, the newest first."""
    return [
        f"{format_instant(one.fixed_at)}に、結果を訂正して確定し直しました（第{one.no}回）。"
        for one in fixed
        if one.no > 1
    ]


def result_paper(
    meeting: Any, results: Sequence[ItemResult], fixed: Sequence["AssemblyResult"], found: Quorum | None
) -> BlockPaper:
    """結果 as a paper: public figures."""
    return BlockPaper("議決の結果", title_of(meeting), list(_blocks(meeting, results, fixed, found)))


def _blocks(
    meeting: Any, results: Iterable[ItemResult], fixed: Sequence["AssemblyResult"], found: Quorum | None
) -> Iterator[Block]:
    corrected = bool(fixed) and meeting.state not in FIXED
    newest = fixed[0] if fixed else None
    rows = [
        ("日時", format_instant(meeting.held_at)),
        ("場所", meeting.place or ""),
        ("基準日", format_date_weekday(meeting.record_on)),
    ]
    if corrected:
        rows.append(("結果の確定", "訂正中（確定し直すまで、この結果は変わることがあります）"))
    elif newest is not None:
        rows.append(("結果の確定", format_instant(newest.fixed_at)))
        if newest.published_at is not None:
            rows.append(("公表", format_instant(newest.published_at)))
    yield Facts(rows)
    for line in result_history(fixed) if not corrected else ():
        yield Words(line)
    if found is not None and not corrected:
        yield Heading("定足数")
        yield quorum_table(found)
        for line in quorum_lines(found):
            yield Words(line)
        if newest is not None and newest.override_reason:
            yield Words(f"定足数を満たさないまま結果を確定した理由：{newest.override_reason}")
    yield Heading("議案ごとの結果")
    for one in results:
        words = item_words(one)
        yield Sub(f"{words.title}　{words.outcome}")
        yield Words(words.note)
        if one.decision is not None and one.item.withdrawn_at is None:
            yield votes_table(one)
            yield Facts(words.facts)
        for line in words.corrections:
            yield Words(line)


def file_name(meeting: Called, kind: str, held_at: Any) -> str:
    """結果_臨時総会_2026-12-18."""
    return f"{kind}_{title_of(meeting).replace(' ', '_')}_{today_jst(held_at).isoformat()}"


PUBLIC_HEADS = (
    "議案", "件名", "決議の方法", "結果", "賛成（票）", "反対（票）", "棄権（票）", "出席（票）",
    "賛成（社）", "反対（社）", "棄権（社）", "出席（社）", "計算", "備考",
)  # fmt: skip


def public_rows(results: Iterable[ItemResult]) -> Iterator[Sequence[str | int | None]]:
    """A line an item: votes and companies side by side."""
    for one in results:
        words, item = item_words(one), one.item
        named = f"第{item.no}号議案" if item.majority is not None else "報告事項"
        figures: list[int | None] = [None] * 8
        if words.rows:
            votes, heads = [row[1] for row in words.rows], [row[2] for row in words.rows]
            figures = [*votes, words.present, *heads, words.heads]
        more = [value for term, value in words.facts if term != "計算"] + list(words.corrections)
        yield named, item.title, words.note, words.outcome, *figures, one.formula, "　".join(more)


QUORUM_HEADS = ("数え方", "出席", "必要数", "全体", "判定", "計算")


def quorum_rows(found: Quorum | None) -> Iterator[Sequence[str | int | None]]:
    """A line a basis."""
    for one in found.counts if found is not None else ():
        yield one.label, one.present, one.required, one.whole, "満たす" if one.met else "満たさない", one.formula
