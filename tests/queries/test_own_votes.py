"""What a member is told of its own votes: of the right division, in words that are true, and nothing of strangers."""

from datetime import date
from typing import Any

from flask import Flask

from occto.domain.assembly import AssemblyState
from occto.domain.assembly_settings import AssemblySettings, VotePolicy
from occto.domain.codes import SanctionScope, SnapshotState
from occto.domain.votes import Group
from occto.extensions import db
from occto.models import Assembly, HolderElection, Member, SanctionFact
from occto.own_vote_words import OwnVotesInWords, own_votes_in_words
from occto.queries.allocation import calculate
from occto.queries.own_votes import own_votes
from occto.services import snapshots
from occto.unit_of_work import unit_of_work
from tests import assembling
from tests.factories import NOW, Factory
from tests.registering import entering
from tests.test_statement_counts import counted

S = AssemblyState


def _draft(held: Assembly) -> None:
    with unit_of_work() as session:
        snapshots.keep(
            session,
            calculate(session, session.get_one(Assembly, held.id)),
            state=SnapshotState.DRAFT,
            reason=None,
            made_by_id=None,
            second_by_id=None,
            now=NOW,
        )


def _told(held: Assembly, member: Member) -> OwnVotesInWords:
    found = own_votes(db.session(), held.id, member.id)
    assert found is not None
    return own_votes_in_words(found)


def _group(told: OwnVotesInWords, title: str) -> Any:
    return next(group for group in told.groups if group.title == title)


def test_alone_with_parent_and_without_a_licence(app: Flask, make: Factory) -> None:
    parent = make.member(name="汐見電力株式会社", licences=("RETAIL",))
    child = make.member(name="汐見でんき株式会社", licences=("RETAIL", "GEN"))
    make.member(licences=("GEN", "RETAIL"))
    assembling.controls(parent, child, since=date(2019, 10, 1), ratio_bp=6250)
    told = _told(assembling.assembly(make), child)
    assert told.title == "貴社の議決権は 1票です"
    assert told.lead.startswith("2つのグループの議決権は同じ数（各 2票、合計 4票）です。")
    assert _group(told, "発電グループ").head == "単独で行使"
    assert _group(told, "発電グループ").facts[-1] == "2票 ÷ 2社 = 1票。"
    held = _group(told, "小売グループ")
    assert (held.votes, held.head) == (0, "親法人 汐見電力株式会社 に集約（規則1）")
    assert held.facts == (
        "貴社の親法人は汐見電力株式会社（議決権の 62.5 % を保有、2019年10月1日から）です。",
        "貴社と汐見電力株式会社がともに小売グループに属するため、1社とみなして集約します。",
        "汐見電力株式会社が、このグループの 1票を行使します。",
    )
    assert _group(told, "送配電グループ").votes is None
    assert told.note == "2026年11月23日に確定した、基準日（2026年11月18日）の名簿にもとづきます。"
    assert not told.open
    above = _group(_told(db.session.query(Assembly).one(), parent), "小売グループ")
    assert (above.votes, above.head) == (1, "子法人 1社をまとめて行使（規則1）")
    assert above.facts[0] == "汐見でんき株式会社は子法人です（議決権の 62.5 % を保有、2019年10月1日から）。"


def test_sisters_compare_capital_and_then_the_roster(app: Flask, make: Factory) -> None:
    parent = make.member(name="多島ホールディングス株式会社", licences=("RETAIL",))
    large, small, equal = (
        make.member(name=name, capital=capital)
        for name, capital in (("甲電力株式会社", 500_000_000), ("乙電力株式会社", 10), ("丙電力株式会社", 500_000_000))
    )
    for each in (large, small, equal):
        assembling.controls(parent, each)
    held = assembling.assembly(make)
    lost = _group(_told(held, small), "発電グループ")
    assert lost.head == "資本金が同額で、名簿の順が最も早い 甲電力株式会社 に集約（規則2）"
    assert lost.facts[0] == (
        "甲電力株式会社、丙電力株式会社、貴社は、ともに多島ホールディングス株式会社の子法人です"
        "（多島ホールディングス株式会社は、このグループで議決権を行使する会員ではありません）。"
    )
    assert lost.facts[1] == "資本金は、甲電力株式会社が 500,000,000円、貴社が 10円です。"
    tied = _group(_told(held, equal), "発電グループ")
    assert tied.facts[1].startswith("資本金はともに 500,000,000円で、名簿番号は、甲電力株式会社が 2番、貴社が 4番")
    first = _group(_told(held, large), "発電グループ")
    assert first.head == "同じ親法人の 2社をまとめて行使（規則2）"
    assert first.votes == 1


def test_an_election_says_whom_the_rules_would_have_chosen(app: Flask, make: Factory) -> None:
    parent, child = make.member(name="親電力株式会社"), make.member(name="子電力株式会社")
    assembling.controls(parent, child)
    with unit_of_work() as session:
        session.add(
            HolderElection(
                assembly_id=None,
                vote_group="*",
                root_body_id=parent.body_id,
                holder_member_id=child.id,
                filed_by_member_id=child.id,
                channel="ONLINE",
                received_at=NOW,
                state="EFFECTIVE",
            )
        )
    held = assembling.assembly(make)
    mine = _group(_told(held, child), "発電グループ")
    assert (mine.votes, mine.head) == (1, "届出により 1社をまとめて行使")
    assert "届出がなければ、親電力株式会社に集約されます（規則1）。" in mine.facts
    theirs = _group(_told(held, parent), "発電グループ")
    assert theirs.head == "届出により 子電力株式会社 に集約"
    assert "届出がなければ、貴社に集約されます（規則1）。" in theirs.facts


def test_before_the_record_date_nothing_is_told(app: Flask, make: Factory) -> None:
    member = make.member()
    held = assembling.assembly(make, S.PREPARING)
    _draft(held)
    assert own_votes(db.session(), held.id, member.id) is None
    counting = assembling.assembly(make, S.COUNTING)
    assert own_votes(db.session(), counting.id, member.id) is None
    assert own_votes(db.session(), 2**62, member.id) is None


def test_before_the_freeze_the_newest_draft_is_told_as_such(app: Flask, make: Factory) -> None:
    member = make.member()
    held = assembling.assembly(make, S.COUNTING)
    _draft(held)
    make.member()
    _draft(held)
    told = _told(held, member)
    assert told.open
    assert told.note.startswith("確定前の集計です（2026年11月23日（月）12:00に集計、基準日 2026年11月18日）。")
    assert _group(told, "発電グループ").facts[-1] == "2票 ÷ 2社 = 1票。"
    assembling.freeze(make, held)
    _draft(held)
    assert not _told(held, member).open


def test_who_is_not_on_the_roll_and_who_is_sanctioned(app: Flask, make: Factory) -> None:
    member = make.member()
    make.member()
    with entering() as change:
        change.session.add(
            SanctionFact(
                member_id=member.id,
                scope=SanctionScope.VOTES,
                decided_by="理事会",
                decided_on=date(2026, 11, 1),
                ground="会費の滞納",
                effective_on=date(2026, 11, 1),
                entered_id=change.change.id,
            )
        )
    held = assembling.assembly(make)
    late = make.member(since=date(2026, 11, 19))
    sanctioned = _told(held, member)
    assert sanctioned.title == "貴社の議決権は、停止されています"
    assert sanctioned.groups == ()
    absent = _told(held, late)
    assert absent.title == "貴社は、基準日の名簿にありません"
    assert "2026年11月18日" in absent.lead
    assert absent.groups == ()


def test_another_division_is_named(app: Flask, make: Factory) -> None:
    first, second = make.member(), make.member()
    settings = AssemblySettings(
        policies={Group.G: VotePolicy.MANUAL}, shares={Group.G: {first.id: (1, 4), second.id: (3, 4)}}
    )
    told = _told(assembling.assembly(make, settings=settings), second)
    assert _group(told, "発電グループ").facts[-1] == "4票のうち 3票（この総会の分け方：個別の割合）。"


def test_a_large_family_and_a_long_line_take_few_statements(app: Flask, make: Factory) -> None:
    top = make.member(name="頂上電力株式会社")
    middle, child = make.member(name="中間電力株式会社", licences=("RETAIL",)), make.member(name="末端電力株式会社")
    assembling.controls(top, middle)
    assembling.controls(middle, child)
    for _ in range(6):
        assembling.controls(top, make.member())
    held = assembling.assembly(make)
    with counted(app) as statements:
        told = _told(held, child)
    assert len(statements) <= 10, statements
    assert _group(told, "発電グループ").facts[:2] == (
        "貴社の親法人は中間電力株式会社（議決権の 62 % を保有、2020年4月1日から）です。",
        "中間電力株式会社の親法人は頂上電力株式会社（議決権の 62 % を保有、2020年4月1日から）です。",
    )
    above = _group(_told(held, top), "発電グループ")
    assert above.facts[0].startswith("末端電力株式会社は子法人です（議決権の 62 % を保有、2020年4月1日から、中間電力")
    assert above.facts[3] == "ほかに子法人が 4社あります。"


def test_no_word_about_strangers(app: Flask, make: Factory) -> None:
    stranger = make.member(name="よそもの電力株式会社")
    member = make.member()
    found = own_votes(db.session(), assembling.assembly(make).id, member.id)
    assert found is not None
    assert stranger.body_id not in found.names
    assert stranger.body_id not in found.facts.capital


def test_the_macro_shows_all_of_it(app: Flask, make: Factory) -> None:
    parent, child = make.member(name="<b>親</b>電力"), make.member()
    assembling.controls(parent, child)
    told = _told(assembling.assembly(make), child)
    macro = app.jinja_env.get_template("_macros/own_votes.html").module.own_votes  # type: ignore[attr-defined]
    page = " ".join(str(macro(told)).split())
    assert '<h2 id="votes-h">貴社の議決権は 0票です</h2>' in page
    assert "&lt;b&gt;親&lt;/b&gt;電力" in page
    assert "<b>親" not in page
    assert page.count("対象外") == 2
