"""議決権の集計: by group, family and member, what to look at, what changed, all of it as Excel."""

from datetime import date
from io import BytesIO
from typing import Any

import pytest
from openpyxl import load_workbook
from sqlalchemy import select

from occto.admin import allocation as screen
from occto.domain.assembly import AssemblyState
from occto.domain.assembly_settings import AssemblySettings, VotePolicy
from occto.domain.codes import SanctionScope, SnapshotState
from occto.domain.permissions import Role
from occto.domain.votes import Group
from occto.extensions import db
from occto.models import AccessEvent, Assembly, AuditDetail, AuditEvent, Body, ControlFact, HolderElection, SanctionFact
from occto.queries.allocation import calculate
from occto.services import snapshots
from occto.unit_of_work import unit_of_work
from tests import assembling
from tests.admin.office import staff
from tests.factories import NOW, Factory
from tests.observing import row_counts
from tests.registering import entering
from tests.test_statement_counts import counted

S = AssemblyState


def keep(held: Assembly, state: SnapshotState = SnapshotState.DRAFT) -> None:
    """Keep the calculation as the register reads now."""
    with unit_of_work() as session:
        row = session.get_one(Assembly, held.id)
        snapshots.keep(
            session, calculate(session, row), state=state, reason=None, made_by_id=None, second_by_id=None, now=NOW
        )


def _text(answer: Any) -> str:
    return " ".join(answer.get_data(as_text=True).split())


def test_by_group_each_unit_with_its_reason(make: Factory) -> None:
    parent = make.member(name="汐見電力株式会社", licences=("GEN", "RETAIL"))
    child = make.member(name="汐見でんき株式会社")
    alone = make.member(name="ひとり電力株式会社")
    assembling.controls(parent, child, since=date(2019, 10, 1))
    held = assembling.assembly(make)
    page = _text(staff(make).get(f"/admin/allocation/?id={held.id}"))
    assert "第1回 確定" in page.replace("　", " ")
    assert "議決権の総数</dt><dd>4" in page
    assert "発電 会員 3社" in page.replace("　", " ")
    assert "子法人 1社をまとめて行使（規則1）" in page
    assert "汐見でんき株式会社は子法人です（議決権の 62 % を保有、2019年10月1日から）。" in page
    assert f"/admin/allocation/member/?member={alone.id}&amp;id={held.id}&amp;of=1" in page
    only = _text(staff(make).get(f"/admin/allocation/?id={held.id}&show=families"))
    assert "ひとり電力株式会社" not in only
    assert "資本関係のあるみなし会員 1社" in only


def test_units_are_sought_by_their_number(make: Factory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(screen, "PAGE", 2)
    names = [make.member(name=f"第{number}電力株式会社").current_name for number in range(5)]
    held = assembling.assembly(make)
    browser, address, seen = staff(make), f"/admin/allocation/?id={held.id}", []
    while address:
        page = browser.get(address).get_data(as_text=True)
        seen.append([name for name in names if name in page])
        links = [part.split('"')[0] for part in page.split('href="')[1:]]
        address = next((link.replace("&amp;", "&") for link in links if "after=" in link), "")
        back = next((link.replace("&amp;", "&") for link in links if "before=" in link), "")
    assert seen == [names[:2], names[2:4], names[4:]]
    assert [name for name in names if name in browser.get(back).get_data(as_text=True)] == names[2:4]


def test_a_family_is_drawn_and_told_as_a_table(make: Factory) -> None:
    top = make.member(name="多島電力株式会社", licences=("RETAIL",))
    first, second = make.member(name="多島発電株式会社", capital=5), make.member(name="<多島>パワー株式会社", capital=9)
    with entering() as change:
        outside = Body(name="多島ホールディングス株式会社", corporate_number="9999999999999")
        change.session.add(outside)
        change.session.flush()
        root = outside.id
        change.session.add(
            ControlFact(
                relation_no=900,
                child_body_id=top.body_id,
                parent_body_id=root,
                controlling=True,
                ratio_bp=None,
                effective_on=date(2020, 4, 1),
                entered_id=change.change.id,
            )
        )
    for each in (first, second):
        assembling.controls(top, each)
    held = assembling.assembly(make)
    browser = staff(make)
    listed = _text(browser.get(f"/admin/allocation/families/?id={held.id}"))
    assert "1組" in listed
    assert "会員でない会社" in listed
    assert "&lt;多島&gt;パワー株式会社 1票" in listed.replace("　", " ")
    page = _text(browser.get(f"/admin/allocation/family/?id={held.id}&root={root}"))
    assert '<svg class="tree"' in page
    assert page.count('class="t-holds"') == 2
    assert page.count('class="t-box t-out"') == 1
    assert "&lt;多島&gt;パワー株式会社へ（規則2）" in page
    assert "割合の登録なし" in page
    assert browser.get(f"/admin/allocation/family/?id={held.id}&root={first.body_id}").status_code == 404


def test_a_member_is_found_and_told_who_holds_its_votes(make: Factory) -> None:
    parent, child = make.member(name="親電力株式会社"), make.member(name="子電力株式会社")
    late = make.member(name="あとから電力株式会社", since=date(2026, 11, 20))
    assembling.controls(parent, child)
    held = assembling.assembly(make)
    browser = staff(make)
    found = _text(browser.get(f"/admin/allocation/members/?id={held.id}&q=子電力"))
    assert "親法人 親電力株式会社 に集約（規則1）" in found
    assert "対象外" in found
    assert "ほかに 1社が見つかりましたが、基準日の名簿にありません" in _text(
        browser.get(f"/admin/allocation/members/?id={held.id}&q=あとから")
    )
    page = _text(browser.get(f"/admin/allocation/member/?id={held.id}&member={child.id}"))
    assert "子電力株式会社の親法人は親電力株式会社（議決権の 62 % を保有、2020年4月1日から）です。" in page
    assert f"root={parent.body_id}" in page
    assert browser.get(f"/admin/allocation/member/?id={held.id}&member={late.id}").status_code == 404


def test_of_many_members_the_first_on_the_roster_are_shown(make: Factory, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("あ電力株式会社", "い電力株式会社", "う電力株式会社"):
        make.member(name=name)
    make.member(name="あとから電力株式会社", since=date(2026, 11, 20))
    held = assembling.assembly(make)
    monkeypatch.setattr("occto.admin.allocation.FOUND", 2)
    found = _text(staff(make).get(f"/admin/allocation/members/?id={held.id}&q=電力"))
    assert "ことばを足すと絞り込めます" in found
    assert ("あ電力株式会社" in found, "い電力株式会社" in found, "う電力株式会社" in found) == (True, True, False)
    assert "ほかに 1社が見つかりましたが、基準日の名簿にありません" in found


def test_findings_say_who_and_what_to_do(make: Factory) -> None:
    top = make.member(name="頂上電力株式会社", licences=("RETAIL",))
    tied = [make.member(name=f"同額{number}電力株式会社") for number in (1, 2)]
    stopped = make.member(name="停止電力株式会社")
    for each in tied:
        assembling.controls(top, each)
    with entering() as change:
        change.session.add(
            ControlFact(
                relation_no=901,
                child_body_id=stopped.body_id,
                parent_body_id=None,
                parent_name="名前だけ株式会社",
                controlling=True,
                effective_on=date(2020, 4, 1),
                entered_id=change.change.id,
            )
        )
        change.session.add(
            SanctionFact(
                member_id=stopped.id,
                scope=SanctionScope.VOTES,
                decided_by="理事会",
                decided_on=date(2026, 11, 1),
                ground="会費の滞納",
                effective_on=date(2026, 11, 1),
                entered_id=change.change.id,
            )
        )
    with unit_of_work() as session:
        session.add(
            HolderElection(
                vote_group="G",
                root_body_id=top.body_id,
                holder_member_id=top.id,
                filed_by_member_id=top.id,
                channel="ONLINE",
                received_at=NOW,
                state="EFFECTIVE",
            )
        )
    held = assembling.assembly(make)
    page = _text(staff(make).get(f"/admin/allocation/findings/?id={held.id}"))
    for words in (
        "会員のいないグループがあります（送配電グループ）",
        "用いなかった届出があります（発電グループ）",
        "親法人が名称だけで登録されています",
        "権利の停止・制限で議決権のない会員",
        "停止電力株式会社",
        "法人番号を確かめて",
    ):
        assert words in page
    assert "0<small>件の誤り" in page


def test_two_controlling_parents_are_an_error(make: Factory) -> None:
    first, second, child = (make.member(name=f"{name}電力株式会社") for name in ("先の親", "後の親", "子"))
    assembling.controls(first, child)
    with entering() as change:
        change.session.add(
            ControlFact(
                relation_no=902,
                child_body_id=child.body_id,
                parent_body_id=second.body_id,
                controlling=True,
                ratio_bp=5000,
                effective_on=date(2020, 4, 1),
                ended_on=date(2027, 4, 1),
                entered_id=change.change.id,
            )
        )
    held = assembling.assembly(make, S.COUNTING)
    browser = staff(make)
    page = _text(browser.get(f"/admin/allocation/findings/?id={held.id}"))
    assert "支配する親法人が2社登録されています" in page
    assert "先の親電力株式会社" in page
    keep(held)
    assert "支配する親法人が2社登録されています" in _text(browser.get(f"/admin/allocation/findings/?id={held.id}&of=1"))


def test_what_changed_since_is_told_as_shares(make: Factory) -> None:
    parent, child = make.member(name="親電力株式会社"), make.member(name="子電力株式会社")
    for _ in range(2):
        make.member()
    held = assembling.assembly(make, S.COUNTING)
    browser = staff(make)
    assert "前に保存した集計がない" in _text(browser.get(f"/admin/allocation/compare/?id={held.id}"))
    keep(held)
    assert "どの会社の割合も変わっていません" in _text(browser.get(f"/admin/allocation/compare/?id={held.id}&of=live"))
    assembling.controls(parent, child)
    page = _text(browser.get(f"/admin/allocation/compare/?id={held.id}&of=live"))
    assert '<th scope="col" class="num">第1回</th> <th scope="col" class="num">いまの登録</th>' in page
    assert '<th scope="row">子電力株式会社</th> <td class="num">1 / 4</td> <td class="num b">0</td>' in page
    assert "みなし会員が1社減るため" in page
    keep(held)
    both = _text(browser.get(f"/admin/allocation/compare/?id={held.id}&of=1&with=2"))
    assert '<td class="num">0</td> <td class="num">1 / 4</td>' in both
    assert browser.get(f"/admin/allocation/compare/?id={held.id}&of=1&with=9").status_code == 404


def test_the_live_and_the_kept_calculation_are_told_apart(make: Factory) -> None:
    make.member(name="はじめ電力株式会社")
    held = assembling.assembly(make, S.COUNTING)
    browser = staff(make)
    assert "保存していません" in _text(browser.get(f"/admin/allocation/?id={held.id}"))
    keep(held)
    make.member(name="つぎ電力株式会社")
    kept = _text(browser.get(f"/admin/allocation/?id={held.id}"))
    assert "保存した集計（案）です" in kept
    assert "つぎ電力株式会社" not in kept
    assert "つぎ電力株式会社" in _text(browser.get(f"/admin/allocation/?id={held.id}&of=live"))


def test_settings_that_cannot_divide_are_said_on_the_page(make: Factory) -> None:
    member = make.member(name="表にない電力株式会社")
    other = make.member()
    settings = AssemblySettings(policies={Group.G: VotePolicy.MANUAL}, shares={Group.G: {other.id: (1, 1)}})
    held = assembling.assembly(make, S.COUNTING, settings=settings)
    browser = staff(make)
    answer = browser.get(f"/admin/allocation/?id={held.id}")
    assert answer.status_code == 409
    assert f"{member.current_name}の割合がありません" in browser.text


def test_the_workbook_holds_all_of_it_and_is_noted(make: Factory) -> None:
    parent, child = make.member(name="=親電力株式会社"), make.member(name="子電力株式会社")
    assembling.controls(parent, child)
    held = assembling.assembly(make)
    browser = staff(make)
    book = load_workbook(BytesIO(browser.get(f"/admin/allocation/export-xlsx/?id={held.id}").data))
    assert book.sheetnames == ["概要", "会員と議決権", "みなし会員", "資本関係", "確認事項", "届出"]
    rows = list(book["会員と議決権"].iter_rows(values_only=True))
    assert rows[1][:3] == (1, parent.operator_code, "=親電力株式会社")
    assert rows[2][6] == 0
    assert "=親電力株式会社 に集約（規則1）" in str(rows[2][-1])
    assert all(cell.data_type != "f" for sheet in book for row in sheet.iter_rows() for cell in row)
    assert next(book["資本関係"].iter_rows(min_row=2, values_only=True))[:3] == (
        "子電力株式会社",
        "=親電力株式会社",
        "62",
    )
    event = db.session.scalars(select(AuditEvent).where(AuditEvent.tag == "list.exported")).one()
    detail = db.session.get(AuditDetail, event.id)
    assert detail is not None
    assert detail.payload["count"] == 2
    seen = db.session.scalars(select(AccessEvent).order_by(AccessEvent.id.desc()).limit(1)).one()
    assert seen.subject_ids == [[parent.id, child.id]]


@pytest.mark.parametrize(
    "path",
    [
        "?id=0", "?id=x", f"?id={10**30}", "?id=9999", "?id={id}&of=x", "?id={id}&of=9", f"?id={{id}}&of={10**30}",
        "family/?id={id}", f"family/?id={{id}}&root={10**30}", "member/?id={id}&member=x", "compare/?id={id}&with=x",
    ],
)  # fmt: skip
def test_what_is_not_there_is_not_found(make: Factory, path: str) -> None:
    make.member()
    held = assembling.assembly(make)
    assert staff(make).get("/admin/allocation/" + path.replace("{id}", str(held.id))).status_code == 404


@pytest.mark.parametrize("query", ["group=X", "after=x", "before=-1", f"after={10**30}", "q=%25_%00", "show=1"])
def test_odd_addresses_are_answered(make: Factory, query: str) -> None:
    make.member()
    held = assembling.assembly(make)
    browser = staff(make)
    for path in ("", "families/", "members/", "findings/", "compare/"):
        assert browser.get(f"/admin/allocation/{path}?id={held.id}&{query}").status_code in {200, 400}


@pytest.mark.parametrize("role", [Role.SYSTEM, Role.RECEPTION])
def test_others_stay_outside(make: Factory, role: Role) -> None:
    make.member()
    held = assembling.assembly(make)
    browser = staff(make, role)
    before = row_counts()
    for path in ("", "families/", "family/", "members/", "member/", "findings/", "compare/", "export-xlsx/"):
        assert browser.get(f"/admin/allocation/{path}?id={held.id}").status_code == 403
    assert row_counts() == before


def test_a_page_takes_as_many_statements_whatever_the_number_of_members(make: Factory) -> None:
    parent = make.member()
    for _ in range(12):
        assembling.controls(parent, make.member())
    held = assembling.assembly(make)
    browser = staff(make)
    browser.get(f"/admin/allocation/?id={held.id}")
    for path, most in (("", 9), ("families/", 9), ("findings/", 11), ("?of=live&", 12)):
        with counted(make.app) as statements:
            separator = "" if path.endswith("&") else "?"
            assert browser.get(f"/admin/allocation/{path}{separator}id={held.id}").status_code == 200
        assert len(statements) <= most, (path, len(statements), statements)
