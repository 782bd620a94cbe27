"""The drawings of 回答の状況: the replies of each group, the choices on each item, and the replies of each day."""

from collections.abc import Sequence

from occto.charts import DIGIT, RIGHT, WIDTH, Chart, per_cent
from occto.domain.quorum import Count
from occto.domain.replies import CHANNEL_LABELS, ReplyChannel
from occto.domain.reply_board import Day, ItemCount, Part
from occto.domain.tally import CHOICE_LABELS, Choice
from occto.domain.votes import Group, group_title


def of_groups(certain: Count, expected: Count, groups: dict[Group, Part]) -> Chart:
    """The quorum as it stands, with its mark, and the replies of each group by channel."""
    chart = Chart(
        "groups",
        "回答の内訳",
        f"{expected.label}の出席の見込みは、{expected.in_words(expected.whole)}のうち {expected.in_words(expected.present)}で、"
        f"必要な数は {expected.in_words(expected.required)}です。グループと回答方法ごとの数は、下の表と同じです。",
    )
    chart.text("h", 0, 84, "定足数の見込み")
    chart.text("s", 0, 112, expected.label)
    more = expected.present - certain.present
    chart.bar(56, 64, (("c1", certain.present), ("hatch", more)), expected.whole)
    chart.limit(56, 64, expected.required, expected.whole, f"必要 {expected.in_words(expected.required)}（半数以上）")
    chart.text("h", RIGHT + 24, 86, f"{expected.present:,} / {expected.in_words(expected.whole)}")
    chart.text("s", RIGHT + 24, 114, per_cent(expected.present, expected.whole))
    y = 168
    for group, part in groups.items():
        whole, answered = part.whole, part.answered
        chart.text("h", 0, y + 26, group_title(group))
        chart.text("s", 0, y + 52, f"会員 {whole.members:,}社")
        chart.bar(y, 56, [(style, part.by_channel(one).members) for style, one in CHANNELS], whole.members)
        chart.text("h", RIGHT + 24, y + 26, f"{answered.members:,} / {whole.members:,}社")
        chart.text("s", RIGHT + 24, y + 52, f"{answered.votes:,} / {whole.votes:,}票")
        y += 82
    words = [(style, CHANNEL_LABELS[one]) for style, one in CHANNELS]
    chart.legend(y + 10, [*words, ("hatch", "出席の予定"), ("ground", "まだ回答していない")])
    chart.height = y + 50
    return chart


CHANNELS = (("c1", ReplyChannel.ELECTRONIC), ("c2", ReplyChannel.PAPER), ("c3", ReplyChannel.STAFF))


def of_items(items: Sequence[ItemCount]) -> Chart:
    """Per item the votes exercised in advance: yes, no, abstain, and blank ones hatched."""
    chart = Chart("items", "議案ごとの賛否", "議案ごとの賛成、反対、棄権、未記入の票数は、下の表と同じです。")
    y = 8
    styles = tuple(zip(("c1", "c2", "c3"), Choice, strict=True))
    for item in items:
        exercised = item.exercised.votes
        chart.text("h", 0, y + 26, f"第{item.no}号議案")
        chart.text("s", 0, y + 50, f"行使 {exercised:,}票")
        parts = [*((style, item.advance[choice].votes) for style, choice in styles), ("hatch", item.blank.votes)]
        chart.bar(y, 56, parts, exercised + item.blank.votes)
        chart.text("h", RIGHT + 24, y + 26, f"賛成 {item.advance[Choice.YES].votes:,}票")
        chart.text("s", RIGHT + 24, y + 50, per_cent(item.advance[Choice.YES].votes, exercised))
        y += 76
    chart.legend(y + 8, [*((style, CHOICE_LABELS[choice]) for style, choice in styles), ("hatch", "未記入")])
    chart.height = y + 46
    return chart


def of_days(days: Sequence[Day]) -> Chart:
    """How many members' replies came in on each day."""
    chart = Chart("days", "日ごとの回答", "日ごとに受け付けた回答の数は、下の表と同じです。")
    highest = max([day.sum.members for day in days], default=0) or 1
    floor, tall, step = 260, 220, 1380 // max(8, len(days))
    chart.path("hatch", f"M0 {floor}h{WIDTH}")
    every = max(1, (len(days) + 11) // 12)
    for place, day in enumerate(days):
        height = tall * day.sum.members // highest
        x, middle = place * step + 6, place * step + step // 2
        if height:
            chart.rect("seg c1", x, floor - height, step - 12, height)
        if day.sum.members and step >= DIGIT * len(f"{day.sum.members:,}"):
            chart.text("c s", middle, floor - height - 8, f"{day.sum.members:,}")
        if place % every == 0:
            chart.text("c s", max(34, middle), floor + 26, f"{day.on.month}/{day.on.day}")
    chart.height = floor + 40
    return chart
