"""The drawings of 出席の状況: the quorum with its mark, each group by channel, and the arrivals of five minutes each."""

from collections.abc import Mapping, Sequence

from occto.charts import DIGIT, RIGHT, WIDTH, Chart, per_cent
from occto.domain.dates import JST
from occto.domain.hall_board import Arrivals, HallBoard, HallPart
from occto.domain.resolutions import VOTE_CHANNEL_LABELS, VoteChannel
from occto.domain.votes import Group, group_title

CHANNELS: tuple[tuple[str, VoteChannel], ...] = (
    ("c1", VoteChannel.ELECTRONIC),
    ("c2", VoteChannel.PAPER),
    ("c3", VoteChannel.PROXY),
    ("dots", VoteChannel.CHAIR),
    ("hatch", VoteChannel.FLOOR),
)


def of_presence(board: HallBoard) -> Chart:
    """All present out of all, on the basis that decides, and みなし会員 of each group by channel."""
    main = board.quorum.main
    chart = Chart(
        "presence",
        "出席の内訳",
        f"{main.label}の出席は、{main.in_words(main.whole)}のうち {main.in_words(main.present)}で、"
        f"必要な数は {main.in_words(main.required)}です。グループと方法ごとの数は、表と同じです。",
    )
    chart.text("h", 0, 84, "全体")
    chart.text("s", 0, 112, main.label)
    chart.bar(56, 64, (("c1", main.present),), main.whole)
    chart.limit(56, 64, main.required, main.whole, f"必要 {main.in_words(main.required)}（半数以上）")
    chart.text("h", RIGHT + 24, 86, f"{main.present:,} / {main.in_words(main.whole)}")
    chart.text("s", RIGHT + 24, 114, per_cent(main.present, main.whole))
    y = _groups(chart, board.groups, 168)
    words = [(style, VOTE_CHANNEL_LABELS[one]) for style, one in CHANNELS]
    chart.legend(y + 10, [*words, ("ground", "まだ出席していない")])
    chart.height = y + 50
    return chart


def _groups(chart: Chart, groups: Mapping[Group, HallPart], y: int) -> int:
    for group, part in groups.items():
        whole, present = part.whole, part.present
        chart.text("h", 0, y + 26, group_title(group))
        chart.text("s", 0, y + 52, f"みなし会員 {whole.holders:,}社")
        chart.bar(y, 56, [(style, part.by_channel(one).holders) for style, one in CHANNELS], whole.holders)
        chart.text("h", RIGHT + 24, y + 26, f"{present.holders:,} / {whole.holders:,}社")
        chart.text("s", RIGHT + 24, y + 52, f"{present.votes:,} / {whole.votes:,}票")
        y += 82
    return y


def of_arrivals(arrivals: Sequence[Arrivals]) -> Chart:
    """How many persons came in each five minutes."""
    chart = Chart("arrivals", "来場の推移", "5分ごとに来場した方の人数は、表と同じです。")
    highest = max([one.persons for one in arrivals], default=0) or 1
    floor, tall, step = 96, 58, (WIDTH - 20) // max(12, len(arrivals))
    chart.path("hatch", f"M0 {floor}h{WIDTH}")
    for place, one in enumerate(arrivals):
        height = tall * one.persons // highest
        x, middle = place * step + 6, place * step + step // 2
        if height:
            chart.rect("seg c1", x, floor - height, step - 12, height)
        if one.persons and step >= DIGIT * len(f"{one.persons:,}"):
            chart.text("c s", middle, floor - height - 8, f"{one.persons:,}")
        if place % 2 == 0:
            chart.text("c s", max(34, middle), floor + 26, f"{one.at.astimezone(JST):%H:%M}")
    chart.height = floor + 36
    return chart
