"""議事録（案） in words: one content, from what people wrote and from the records, for page, DOCX and PDF alike."""

from collections.abc import Iterator, Sequence
from datetime import time

from occto.admin.freeze_words import about_in_words
from occto.block_paper import Block, BlockPaper, Facts, Heading, Lines, Signers, Sub, Table, Words
from occto.domain.agenda import MAJORITY_LABELS, item_title
from occto.domain.assembly import title_of
from occto.domain.dates import format_date_weekday, format_instant, today_jst
from occto.domain.minutes import MinutesValues
from occto.domain.outcomes import CONSENT_WORDS, chair_in_words, decision_in_words
from occto.queries.minutes import MinutesFacts
from occto.queries.results import ItemResult
from occto.result_words import consent_line, quorum_lines, quorum_table, votes_table

NOT_WRITTEN = "（未記入）"
OPINIONS_HIDDEN = "回答に付された意見は、賛否を見ることのできる担当の方が作成したときに載ります。"
KIT_MISSING = "結果を確定すると、ここに載ります。"
KIT_IN_PREPARATION = "準備中です（結果の確定から1分ほど）。値が載ってから、この案を作り直してください。"


def paper_of(facts: MinutesFacts, values: MinutesValues, *, opinions: bool) -> BlockPaper:
    """The draft. `opinions` False: not for these eyes."""
    blocks = [
        *_head(facts, values),
        *_attendance(facts),
        *_notice(facts),
        *_proceedings(facts, values),
        *_opinions(facts, values, shown=opinions),
        *_corrections(facts),
        *_records(facts),
        *_signing(facts, values),
    ]
    return BlockPaper(title="議事録（案）", subtitle=title_of(facts.assembly), blocks=blocks)


def _time(value: time | None) -> str:
    return f"{value.hour}時{value.minute:02d}分" if value is not None else NOT_WRITTEN


def _head(facts: MinutesFacts, values: MinutesValues) -> Iterator[Block]:
    held, figures = facts.assembly, facts.figures
    day = format_date_weekday(today_jst(held.held_at))
    yield Facts(
        [
            ("日時", f"{day}\n開会　{_time(values.opened_at)}\n閉会　{_time(values.closed_at)}"),
            ("場所", values.place or held.place or NOT_WRITTEN),
            ("議長", values.chair or facts.settings.chair or NOT_WRITTEN),
            ("出席した役員", values.officers or NOT_WRITTEN),
            (
                "経済産業大臣の指名する職員の出席",
                "\n".join(f"{title}　{name}" for title, name in facts.officials) or "なし",
            ),
            ("基準日", format_date_weekday(held.record_on)),
            (
                "会員と議決権の総数",
                f"会員 {figures.members or 0:,}社、みなし会員 {figures.holders or 0:,}社、議決権 {figures.votes or 0:,}票",
            ),
        ]
    )


def _attendance(facts: MinutesFacts) -> Iterator[Block]:
    yield Heading("出席と定足数")
    found = facts.quorum
    if found is None or facts.fixed is None:
        if facts.corrected:
            yield Words("結果を訂正中です。確定し直すまで、出席の数と定足数は載りません。")
            return
        yield Words("結果がまだ確定していないため、出席の数は確定していません。")
        return
    yield quorum_table(found)
    for line in quorum_lines(found):
        yield Words(line)
    if facts.fixed.override_reason:
        yield Words(f"定足数を満たさないまま結果を確定した理由：{facts.fixed.override_reason}")


def _notice(facts: MinutesFacts) -> Iterator[Block]:
    yield Heading("招集の通知")
    if facts.notified_at is None:
        yield Words("招集通知の記録はありません。")
    else:
        yield Words(f"招集通知は、{format_instant(facts.notified_at)}に送付を始めた。")
    if facts.missed:
        yield Words(
            "次の会員には、期限（総会の6日前）までに通知が届いたことを確かめられなかった（電気事業法 第28条の36）。"
        )
        yield Table(
            ("事業者コード", "会員", "届いた日時"),
            [
                (one.operator_code, one.name, format_instant(one.notified_at) if one.notified_at else "届いていない")
                for one in facts.missed
            ],
            name="期限までに通知が届かなかった会員",
        )
    elif facts.notified_at is not None and facts.floor_over:
        yield Words("基準日の会員のすべてに、期限（総会の6日前）までに届いたことを確かめた（電気事業法 第28条の36）。")
    if facts.kept:
        yield Sub("基準日のあとに分かり、議決権をそのままとした事実")
        yield Table(
            ("会員", "内容", "理由"),
            [(one.late.name, about_in_words(one.late), one.reason) for one in facts.kept],
            name="基準日のあとに分かった事実",
        )


def _proceedings(facts: MinutesFacts, values: MinutesValues) -> Iterator[Block]:
    yield Heading("議事の経過とその結果")
    if values.opening:
        yield Words(values.opening)
    for one in facts.results:
        yield Sub(item_title(one.item))
        if one.item.withdrawn_at is not None:
            yield Words(f"この議案は取り下げられた（理由：{one.item.withdrawn_reason}）。")
            if said := values.proceedings.get(one.item.id):
                yield Words(said)
            continue
        yield Words(values.proceedings.get(one.item.id) or NOT_WRITTEN)
        if one.item.majority is not None:
            yield from _item(one)
    if values.closing:
        yield Words(values.closing)


def _item(one: ItemResult) -> Iterator[Block]:
    row = one.decision
    if row is None:
        yield Words("採決はまだ記録されていない。")
        return
    if row.amendment:
        yield Words(f"修正して議決した内容：{row.amendment}")
    yield votes_table(one)
    facts = [("決議の方法", MAJORITY_LABELS[row.resolution]), ("計算", one.formula)]
    if row.chair_choice is not None:
        facts.append(("議長の決定", chair_in_words(row.chair_choice)))
    if one.conflicts:
        names = "、".join(name for _number, name in one.conflicts)
        facts.append(("議決権のない会員", f"{names}（電気事業法 第28条の39）"))
    facts.append(("結果", decision_in_words(row.outcome, amended=bool(row.amendment))))
    if "（" in one.words:
        facts.append((CONSENT_WORDS[one.item.consent], consent_line(one)))
    if row.no > 1:
        facts.append(("訂正", f"第{row.no}回の記録。理由：{row.reason}"))
    yield Facts(facts)


def _opinions(facts: MinutesFacts, values: MinutesValues, *, shown: bool) -> Iterator[Block]:
    if not (values.opinions or facts.opinions):
        return
    yield Heading("会員の意見")
    if values.opinions:
        yield Words(values.opinions)
    if facts.opinions:
        yield Sub("回答に付された意見")
        if shown:
            yield Facts([(one.name, one.text) for one in facts.opinions])
        else:
            yield Words(OPINIONS_HIDDEN)


def _corrections(facts: MinutesFacts) -> Iterator[Block]:
    if not facts.taken_back:
        return
    yield Heading("結果の訂正")
    rows = [(one.at, f"確定した結果の訂正を始めた。理由：{one.reason}") for one in facts.taken_back]
    rows += [(at, f"結果を確定し直した（第{no}回）。") for no, at in facts.fixed_again]
    yield Facts([(format_instant(at), words) for at, words in sorted(rows)])


def _records(facts: MinutesFacts) -> Iterator[Block]:
    yield Heading("記録")
    receipts = facts.receipts
    yield Facts(
        [
            ("確定した議決権（SHA-256）", facts.snapshot.sha256 if facts.snapshot else "なし"),
            ("受領証の一覧の根（SHA-256）", receipts.root if receipts else "なし"),
            ("結果（SHA-256）", facts.fixed.sha256 if facts.fixed else "訂正中" if facts.corrected else "なし"),
            ("再計算キット（SHA-256）", kit_in_words(facts)),
        ]
    )


def _signing(facts: MinutesFacts, values: MinutesValues) -> Iterator[Block]:
    if values.notes:
        yield Heading("付記")
        yield Words(values.notes)
    yield Heading("署名")
    yield Words("以上の議事の経過とその結果を明らかにするため、この議事録を作成し、次の者が署名又は記名押印する。")
    names: Sequence[str] = lines_of(values.signers) or [f"議長　{values.chair or facts.settings.chair}"]
    yield Lines(["電力広域的運営推進機関"])
    yield Signers(names)


def kit_in_words(facts: MinutesFacts) -> str:
    """What the kit is known by, or why that does not stand here yet."""
    if facts.fixed is None:
        return "訂正中" if facts.corrected else KIT_MISSING
    return facts.kit.sha256 if facts.kit is not None else KIT_IN_PREPARATION


def lines_of(text: str) -> list[str]:
    """The lines of a text without the empty ones."""
    return [line.strip() for line in text.splitlines() if line.strip()]
