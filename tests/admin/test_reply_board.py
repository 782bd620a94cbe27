"""回答の状況 for staff: page, JSON and workbook say the same; choices only for whoever may see them; 304; nothing written."""

from io import BytesIO
from typing import Any

import pytest
from openpyxl import load_workbook
from sqlalchemy import select, update

from occto.domain.assembly import AssemblyState
from occto.domain.assembly_settings import AssemblySettings, QuorumBasis
from occto.domain.permissions import STAFF_ROLES, TABLE, Permission, Role
from occto.domain.replies import Attendance, ReplyChannel
from occto.domain.tally import Choice
from occto.extensions import db
from occto.models import AccessEvent, Assembly, AuditDetail, AuditEvent, BoardCount, Member, SessionRow
from occto.unit_of_work import unit_of_work
from tests.admin.office import staff
from tests.assembling import assembly, controls, item
from tests.factories import Factory
from tests.observing import everything
from tests.replying import reply
from tests.test_statement_counts import counted

A = Attendance


@pytest.fixture(autouse=True)
def every_look_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test waits for a count to grow old."""
    from datetime import timedelta

    monkeypatch.setattr("occto.services.board.FRESH", timedelta(0))


def scene(make: Factory, **changes: Any) -> tuple[Assembly, list[Member]]:
    """Five members of three groups, a family among them, and every kind of answer but 欠席."""
    members = [
        make.member(name="汐見電力株式会社", licences=("GEN", "RETAIL")),
        make.member(name="汐見発電株式会社"),
        make.member(name="高砂送電株式会社", licences=("GTD",)),
        make.member(name="浦中小売株式会社", licences=("RETAIL",)),
        make.member(name="岬発電株式会社"),
    ]
    controls(members[0], members[1])
    held = assembly(make, **changes)
    one, two = item(held, 1, title="予算の件"), item(held, 2, title="定款の変更の件", conflict=(members[0],))
    reply(make, held, members[0], choices={one: Choice.YES, two: Choice.YES})
    reply(make, held, members[1], A.ATTEND)
    reply(make, held, members[2], A.CHAIR, channel=ReplyChannel.PAPER)
    reply(make, held, members[3], A.ATTEND, choices={one: Choice.NO}, channel=ReplyChannel.STAFF)
    return held, members


def test_the_page_shows_figures_quorum_and_choices(make: Factory) -> None:
    held, _members = scene(make)
    browser = staff(make, Role.APPROVER)
    text = browser.get(f"/admin/reply_board/?id={held.id}").text
    for words in (
        '<dt>回答済みの会員</dt><dd>4<small><span class="nb">/ 5社</span>　<span class="nb">80.0 %</span></small>',
        '<dt>回答済みのみなし会員</dt><dd>3<small><span class="nb">/ 4社</span>　<span class="nb">75.0 %</span></small>',
        '<dt>回答済みの議決権</dt><dd>5<small><span class="nb">/ 6票</span>　<span class="nb">83.3 %</span></small>',
        "出席の予定を含めると、定足数を満たす見込みです。",
        "数え方の根拠（定款の条項）が登録されていないため、3つの数え方すべてを満たす必要があります。",
        "確実：数え方によって判定が分かれています。みなし会員と議決権の数では満たし、全会員の数では満たしません。",
        "第1号議案　予算の件",
        "職員による入力",
        "2026年12月17日（木）17:00",
        f'<a href="/admin/replies/?assembly={held.id}">会員ごとの回答を見る</a>',
    ):
        assert words in text, words
    assert text.count('<svg class="chart"') == 3


def test_the_basis_with_its_source_decides(make: Factory) -> None:
    settings = AssemblySettings(quorum_basis=QuorumBasis.VOTES, quorum_source="定款 第25条")
    held, _members = scene(make, settings=settings)
    text = staff(make).get(f"/admin/reply_board/?id={held.id}").text
    assert "いまの回答だけで、定足数を満たします。" in text
    assert "この総会は、議決権の数で判定します（根拠：定款 第25条）。" in text
    assert "必要数は、議決権 6票の半数以上（6 ÷ 2 = 3）。" in text


def test_choices_are_hidden_from_whoever_may_not_see_them(make: Factory) -> None:
    held, _members = scene(make)
    browser = staff(make, Role.OPERATOR)
    text = browser.get(f"/admin/reply_board/?id={held.id}").text
    assert "賛否の票数は、見ることのできる担当の方だけに表示します。" in text
    assert "予算の件" not in text
    answer = browser.get(f"/admin/reply_board/counts/?id={held.id}")
    assert "items" not in answer.json
    assert "YES" not in answer.text
    book = _workbook(browser, held)
    assert book.sheetnames == ["状況", "定足数", "会員ごと"]
    words = {str(cell) for sheet in book for row in sheet.values for cell in row}
    assert not words & {"賛成", "反対", "棄権"}


def test_the_json_says_what_the_page_says(make: Factory) -> None:
    held, _members = scene(make)
    found = staff(make).get(f"/admin/reply_board/counts/?id={held.id}").json
    assert found["all"]["answered"] == {"members": 4, "holders": 3, "votes": 5}
    assert found["all"]["unanswered"] == {"members": 1, "holders": 1, "votes": 1}
    assert found["groups"]["G"]["answered"] == {"members": 2, "holders": 1, "votes": 1}
    assert found["groups"]["G"]["whole"] == {"members": 3, "holders": 2, "votes": 2}
    assert found["all"]["by_channel"]["PAPER"] == {"members": 1, "holders": 1, "votes": 2}
    first, second = found["items"]
    assert first["advance"]["YES"] == {"members": 1, "holders": 1, "votes": 2}
    assert first["attending"]["NO"] == {"members": 1, "holders": 1, "votes": 1}
    assert second["advance"]["YES"] == {"members": 0, "holders": 0, "votes": 0}
    assert second["conflict"] == {"members": 1, "holders": 1, "votes": 2}
    assert {one["basis"]: (one["certain"], one["expected"], one["required"]) for one in found["quorum"]} == {
        "ALL_MEMBERS": (2, 4, 3),
        "DEEMED_MEMBERS": (2, 3, 2),
        "VOTES": (4, 5, 3),
    }


def test_nothing_new_is_not_sent_again(make: Factory) -> None:
    held, members = scene(make)
    browser, operator = staff(make), staff(make, Role.OPERATOR)
    path = f"/admin/reply_board/counts/?id={held.id}"
    first = browser.get(path)
    assert first.status_code == 200
    etag = {"If-None-Match": first.headers["ETag"]}
    again = browser.client.get(path, headers=etag)
    assert (again.status_code, again.data) == (304, b"")
    assert again.headers["X-Counted-At"]
    assert again.headers["X-Count-Age"].isdecimal()
    assert operator.client.get(path, headers=etag).status_code == 200, "an etag holds for what its viewer may see"
    reply(make, held, members[4])
    changed = browser.client.get(path, headers=etag)
    assert changed.status_code == 200
    assert changed.json["all"]["answered"]["members"] == 5
    assert browser.client.get(path, headers={"If-None-Match": changed.headers["ETag"]}).status_code == 304
    with unit_of_work() as session:
        row = session.get_one(Assembly, held.id)
        row.settings = row.settings | {"quorum_basis": "VOTES", "quorum_source": "定款 第25条"}
    assert browser.client.get(path, headers={"If-None-Match": changed.headers["ETag"]}).status_code == 200


def _workbook(browser: Any, held: Assembly) -> Any:
    answer = browser.get(f"/admin/reply_board/export-xlsx/?id={held.id}")
    assert answer.status_code == 200
    return load_workbook(BytesIO(answer.data), read_only=False)


def test_the_workbook_holds_the_board_and_every_reply_and_is_noted(make: Factory) -> None:
    held, members = scene(make)
    book = _workbook(staff(make), held)
    assert book.sheetnames == ["状況", "定足数", "議案ごとの票数", "会員ごと", "会員ごとの賛否"]
    summary = {row[0]: row[1:] for row in book["状況"].values}
    assert summary["全体：回答済み"] == (4, 3, 5)
    assert summary["発電グループ：うち事前行使"] == (1, 1, 1)
    rows = list(book["会員ごと"].values)[1:]
    assert [(row[1], row[6], row[7], row[8]) for row in rows] == [
        ("汐見電力株式会社", 2, "事前行使", "電子"),
        ("汐見発電株式会社", 0, "出席", "電子"),
        ("高砂送電株式会社", 2, "議長一任", "書面"),
        ("浦中小売株式会社", 1, "出席", "職員による入力"),
        ("岬発電株式会社", 1, "未回答", None),
    ]
    assert [row[1:] for row in list(book["会員ごとの賛否"].values)[1:]] == [
        ("汐見電力株式会社", 2, "事前行使", "賛成", None),  # the second item is about this member itself
        ("浦中小売株式会社", 1, "出席", "反対", None),
    ]
    assert [row[2:] for row in list(book["議案ごとの票数"].values)[1:]] == [
        (2, 0, 0, 0, 0, 1, 0, 0),
        (0, 0, 0, 0, 0, 0, 0, 2),
    ]
    db.session.rollback()
    event = db.session.scalars(select(AuditEvent).where(AuditEvent.tag == "list.exported")).one()
    detail = db.session.get_one(AuditDetail, event.id).payload
    assert detail is not None
    assert detail["count"] == 5
    assert "賛否（第1号議案）" in detail["fields"]
    seen = db.session.scalars(select(AccessEvent).where(AccessEvent.screen == "reply_board.export_xlsx")).one()
    assert seen.subject_ids == [[members[0].id, members[4].id]]


@pytest.mark.parametrize("role", STAFF_ROLES)
def test_who_may_see_the_board(make: Factory, role: Role) -> None:
    held, _members = scene(make)
    browser = staff(make, role)
    for path, needed in (
        ("/admin/reply_board/", Permission.REPLY_SEE),
        ("/admin/reply_board/counts/", Permission.REPLY_SEE),
        ("/admin/reply_board/export-xlsx/", Permission.EXPORT),
    ):
        expected = 200 if needed in TABLE[role] else 403
        assert browser.get(f"{path}?id={held.id}", follow=False).status_code == expected


def test_looking_writes_the_count_alone(make: Factory) -> None:
    held, _members = scene(make)
    browser = staff(make)
    before = everything()
    browser.get(f"/admin/reply_board/?id={held.id}")
    browser.get(f"/admin/reply_board/counts/?id={held.id}")
    after = everything()
    assert {table for table in after if after[table] != before[table]} == {"board_counts"}


def test_before_the_freeze_it_says_so_and_writes_nothing(make: Factory) -> None:
    held = assembly(make, AssemblyState.COUNTING)
    browser = staff(make)
    before = everything()
    assert "議決権がまだ確定していない" in browser.get(f"/admin/reply_board/?id={held.id}").text
    for door in ("counts/", "export-xlsx/"):
        assert browser.get(f"/admin/reply_board/{door}?id={held.id}").status_code == 404
    assert everything() == before


@pytest.mark.parametrize("id", ["", "0", "x", "9" * 40, str(2**63), "%00", "1&id=2"])
def test_an_assembly_that_does_not_exist_is_404(make: Factory, id: str) -> None:
    browser = staff(make)
    for door in ("", "counts/", "export-xlsx/"):
        assert browser.get(f"/admin/reply_board/{door}?id={id}").status_code in {400, 404}


def test_asking_by_itself_keeps_no_session_alive(make: Factory) -> None:
    from datetime import timedelta

    from occto import clock

    held, _members = scene(make)
    browser = staff(make)
    long_ago = clock.now() - timedelta(minutes=20)
    with unit_of_work() as session:
        session.execute(update(SessionRow).values(seen_at=long_ago))
    browser.get(f"/admin/reply_board/counts/?id={held.id}&unattended=1")
    db.session.rollback()
    assert db.session.scalars(select(SessionRow.seen_at)).all() == [long_ago]
    browser.get(f"/admin/reply_board/?id={held.id}")
    db.session.rollback()
    assert db.session.scalars(select(SessionRow.seen_at)).one() > long_ago


def test_a_stored_count_is_read_with_few_statements(make: Factory, monkeypatch: pytest.MonkeyPatch) -> None:
    from datetime import timedelta

    monkeypatch.setattr("occto.services.board.FRESH", timedelta(hours=1))
    held, _members = scene(make)
    browser = staff(make)
    path = f"/admin/reply_board/counts/?id={held.id}"
    etag = browser.get(path).headers["ETag"]
    with counted(make.app) as statements:
        assert browser.client.get(path, headers={"If-None-Match": etag}).status_code == 304
    assert len(statements) == 3, statements  # who asks, the assembly, the stored count
    db.session.rollback()
    assert db.session.scalars(select(BoardCount.board).order_by(BoardCount.board)).all() == ["replies", "replies.claim"]
