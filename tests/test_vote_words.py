"""The effect on the votes in words, and the table on a page."""

from fractions import Fraction

from flask import Flask

from occto.domain.codes import Licence
from occto.domain.impact import Impact, impact
from occto.domain.votes import Finding, Roll, Voter, allocate
from occto.queries.roll import Preview
from occto.vote_words import ImpactRow, impact_in_words, share_in_words

RETAIL = frozenset({Licence.RETAIL})
NAMES = {1: "大和川電力株式会社", 2: "北浜エネルギー株式会社"}


def _preview(findings: tuple[Finding[int], ...] = ()) -> Preview:
    voters = [Voter(node, node, 1, RETAIL) for node in range(1, 641)]
    moved = impact(allocate(Roll(voters)), allocate(Roll(voters, {2: 1})))
    return Preview(moved, NAMES, findings)


def test_the_lines_of_a_parent_added() -> None:
    (group,) = impact_in_words(_preview()).groups
    assert group.title == "小売グループ"
    assert group.rows == (
        ImpactRow("大和川電力株式会社", "1 / 640", "1 / 639", "子法人 1社をまとめて行使（規則1）"),
        ImpactRow("北浜エネルギー株式会社", "1 / 640", "0", "親法人 大和川電力株式会社 に集約（規則1）", lost=True),
        ImpactRow("ほか 638社", "1 / 640", "1 / 639", "みなし会員が1社減るため"),
    )


def test_joining_and_leaving_a_group() -> None:
    voters = [Voter(node, node, 1, RETAIL) for node in (1, 2)]
    both, alone = allocate(Roll(voters)), allocate(Roll(voters[:1]))
    joined = impact_in_words(Preview(impact(alone, both), NAMES, ()))
    assert [row.reason for row in joined.groups[0].rows] == [
        "このグループの会員になるため。単独で行使",
        "みなし会員が1社増えるため",
    ]
    left = impact_in_words(Preview(impact(both, alone), NAMES, ()))
    assert left.groups[0].rows[0].reason == "このグループの会員でなくなるため"


def test_shares() -> None:
    assert [share_in_words(Fraction(*each)) for each in ((0, 1), (1, 1), (2, 4000))] == ["0", "全部", "1 / 2,000"]


def test_what_to_look_at_is_said_once() -> None:
    finding = Finding("parent_by_name", (2,))
    words = impact_in_words(Preview(Impact(), NAMES, (finding, finding, Finding("empty_group"))))
    assert len(words.remarks) == 1
    assert words.remarks[0].startswith("北浜エネルギー株式会社：")


def test_the_table_on_a_page(app: Flask) -> None:
    macro = app.jinja_env.get_template("_macros/votes.html").module.impact_table  # type: ignore[attr-defined]
    page = macro(impact_in_words(_preview((Finding("parent_by_name", (2,)),))))
    assert 'role="region" aria-label="議決権への影響（小売グループ）"' in " ".join(page.split())
    assert '<th scope="row">ほか 638社</th>' in page
    assert "北浜エネルギー株式会社：親法人が名称だけ" in page
    assert "議決権の配分は変わりません。" in macro(impact_in_words(Preview(Impact(), {}, ())))
