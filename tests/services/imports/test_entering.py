"""From a workbook to the register: new members with all that belongs to them, changes, the past, and nothing twice."""

from datetime import date

import pytest
from sqlalchemy import func, select

from occto.domain.codes import UserState
from occto.domain.importing import ImportState, RowOutcome
from occto.domain.permissions import Role
from occto.extensions import db
from occto.models import (
    Affiliation,
    AuditEvent,
    ContractOfUse,
    Member,
    OutboxMail,
    RegisterChange,
    User,
)
from occto.queries.register import licences_as_of, profile_as_of, relations_as_of, roster_as_of
from tests.factories import Factory
from tests.importing import (
    L,
    Loading,
    M,
    N,
    P,
    R,
    U,
    batch,
    company,
    faults,
    licence,
    outcomes,
    person,
    rows_of,
    whole,
    work,
)
from tests.registering import facts_of, licences_of, newest_change, roster_on


@pytest.fixture
def loading(make: Factory) -> Loading:
    return Loading(make)


def _member(code: str) -> Member:
    db.session.rollback()
    return db.session.scalars(select(Member).where(Member.operator_code == code)).one()


def test_new_members_come_in_whole(loading: Loading) -> None:
    number = loading.check(whole(1, 2))
    assert batch(number).state is ImportState.CHECKED
    assert {outcome for _sheet, _row, outcome in outcomes(number)} == {RowOutcome.NEW}, faults(number)
    assert db.session.scalar(select(func.count()).select_from(Member)) == 0
    assert loading.release(number) == 6
    work()
    assert batch(number).state is ImportState.DONE
    assert {outcome for _sheet, _row, outcome in outcomes(number)} == {RowOutcome.DONE}
    member = _member("00001")
    profile = profile_as_of(db.session(), member.id, date(2026, 11, 23))
    assert profile["kana"] == "トリコミデンリョク"
    assert profile["postal_code"] == "100-0001"
    assert profile["representative_name"] == "髙橋 𠮷雄"
    assert profile["representative_kana"] == "タカハシ　ヨシオ"
    assert (member.current_name, member.current_state.value) == ("取込電力1株式会社", "MEMBER")
    assert roster_as_of(db.session(), member.id, date(2026, 11, 23)) == 1001
    assert licences_of(member) == [("GEN", date(2016, 4, 1), None)]
    user = db.session.scalars(select(User).where(User.email_key == "admin1@torikomi.example.jp")).one()
    assert (user.state, user.email) == (UserState.INVITED, "Admin1@torikomi.example.jp")
    assert db.session.scalar(select(Affiliation.role).where(Affiliation.user_id == user.id)) is Role.ADMINISTRATOR
    assert db.session.scalar(select(func.count()).select_from(ContractOfUse)) == 0
    assert db.session.scalar(select(func.count()).select_from(OutboxMail)) == 0
    change = db.session.scalars(select(RegisterChange)).one()
    assert (change.actor_id, change.second_actor_id) == (loading.operator.id, loading.approver.id)
    assert (change.source_kind.value, change.source_id) == ("IMPORT", number)
    tags = set(db.session.scalars(select(AuditEvent.tag)))
    assert {"import.uploaded", "import.checked", "import.released", "import.finished", "member.imported"} <= tags


def test_the_same_workbook_again_changes_nothing(loading: Loading) -> None:
    rows = whole(1, 2) | {
        R: [_parent(2, corporate=company(1)["corporate_number"], name="取込電力1株式会社")],
        P: [
            {
                "operator_code": "00001",
                "item": "商号",
                "changed_on": date(2020, 7, 1),
                "before": "旧取込株式会社",
                "after": "取込電力1株式会社",
            }
        ],
    }
    loading.enter(rows)
    before = newest_change()
    number = loading.check(rows)
    assert {outcome for _sheet, _row, outcome in outcomes(number)} == {RowOutcome.SAME}, faults(number)
    with pytest.raises(Exception, match="nothing_to_enter"):
        loading.release(number)
    assert newest_change() == before


def _parent(serial: int, *, corporate: str | None, name: str, **changes: object) -> dict[str, object]:
    return {
        "operator_code": f"{serial:05d}",
        "relation": "親法人等",
        "other_name": name,
        "other_number": corporate,
        "controlling": "支配している",
        "basis": "議決権の過半数",
        "ratio_bp": "55.25",
        "acquired_on": date(2018, 4, 1),
    } | changes


def test_relations_find_the_members_of_the_same_workbook(loading: Loading) -> None:
    rows = whole(1, 2) | {R: [_parent(1, corporate=company(2)["corporate_number"], name="取込電力2株式会社")]}
    loading.enter(rows)
    child, parent = _member("00001"), _member("00002")
    relation = relations_as_of(db.session(), child.id, date(2026, 11, 23))[0]
    assert (relation.is_member, relation.ratio_bp, relation.effective_on) == (True, 5525, date(2018, 4, 1))
    assert relations_as_of(db.session(), parent.id, date(2026, 11, 23))[0].relation.value == "SUBSIDIARY"


def test_the_register_reads_as_of_past_dates(loading: Loading) -> None:
    rows = whole(1)
    rows[L].append(licence(1, category="小売電気事業者", ended_on="令和元年5月1日", end_reason="廃止届出"))
    rows[P] = [
        {
            "operator_code": "00001",
            "item": "商号",
            "changed_on": "R2.7.1",
            "before": "二代株式会社",
            "after": "取込電力1株式会社",
        },
        {
            "operator_code": "00001",
            "item": "商号",
            "changed_on": "2018/4/1",
            "before": "初代株式会社",
            "after": "二代株式会社",
        },
        {
            "operator_code": "00001",
            "item": "資本金又は出資の額",
            "changed_on": "20190401",
            "before": "1,000,000円",
            "after": 150_000_000,
        },
        {
            "operator_code": "00001",
            "item": "ウェブサイト",
            "changed_on": date(2021, 4, 1),
            "after": "https://www.torikomi.example.jp/",
        },
    ]
    rows[M] = [company(1, url="https://www.torikomi.example.jp/")]
    number = loading.enter(rows)
    assert {outcome for _sheet, _row, outcome in outcomes(number)} == {RowOutcome.DONE}, faults(number)
    member = _member("00001")
    names = {
        day: profile_as_of(db.session(), member.id, day)["name"]
        for day in (date(2016, 4, 1), date(2019, 1, 1), date(2026, 11, 23))
    }
    assert list(names.values()) == ["初代株式会社", "二代株式会社", "取込電力1株式会社"]
    assert facts_of(member, "capital") == [(date(2016, 4, 1), 1_000_000), (date(2019, 4, 1), 150_000_000)]
    assert facts_of(member, "url") == [(date(2021, 4, 1), "https://www.torikomi.example.jp/")]
    categories = {
        day: {one.category.value for one in licences_as_of(db.session(), member.id, day) if one.effective_on <= day}
        for day in (date(2018, 1, 1), date(2019, 5, 1))
    }
    assert list(categories.values()) == [{"GEN", "RETAIL"}, {"GEN"}]


def test_blanks_never_overwrite_and_differences_are_entered(loading: Loading) -> None:
    loading.enter(whole(1))
    rows = {
        M: [{"operator_code": "00001", "address": "中央区1番1号", "effective_on": date(2026, 10, 1)}],
        L: [
            licence(1, number="B0001", ended_on=None),
            licence(1, category="小売電気事業者", effective_on=date(2026, 1, 1)),
        ],
        U: [person(1, role="閲覧", title="総務部 部長")],
        N: [{"operator_code": "00001", "roster_no": 7, "effective_on": date(2026, 11, 1)}],
    }
    number = loading.check(rows)
    assert [outcome.value for _sheet, _row, outcome in outcomes(number)] == [
        "CHANGED",
        "NEW",
        "CHANGED",
        "CHANGED",
        "CHANGED",
    ], faults(number)
    diffs = {(row.sheet, tuple(diff)) for row in rows_of(number) for diff in row.diffs}
    assert (M, ("本店所在地 市区町村以下", "千代田区千代田1番1号", "中央区1番1号")) in diffs
    assert (L, ("登録番号など", "A0001", "B0001")) in diffs
    assert (U, ("役割", "管理者", "閲覧")) in diffs
    assert (N, ("名簿番号", "1001", "7")) in diffs
    loading.release(number)
    work()
    member = _member("00001")
    profile = profile_as_of(db.session(), member.id, date(2026, 11, 23))
    assert (profile["address"], profile["name"]) == ("中央区1番1号", "取込電力1株式会社")
    assert profile_as_of(db.session(), member.id, date(2026, 9, 30))["address"] == "千代田区千代田1番1号"
    assert licences_of(member)[-1][0] == "RETAIL"
    roles = db.session.execute(select(Affiliation.role, Affiliation.ended_at.is_(None)).order_by(Affiliation.id)).all()
    assert [(role.value, live) for role, live in roles] == [("ADMINISTRATOR", False), ("VIEWER", True)]
    assert roster_on(date(2026, 10, 31)) == {1001: [member.id]}
    assert roster_on(date(2026, 11, 1)) == {7: [member.id]}


def test_roster_numbers_are_exchanged(loading: Loading) -> None:
    loading.enter(whole(1, 2))
    number = loading.enter(
        {
            N: [
                {"operator_code": "00001", "roster_no": 1002},
                {"corporate_number": company(2)["corporate_number"], "roster_no": 1001},
            ]
        }
    )
    assert {outcome for _sheet, _row, outcome in outcomes(number)} == {RowOutcome.DONE}, faults(number)
    assert roster_on(date(2026, 12, 31)) == {1002: [_member("00001").id], 1001: [_member("00002").id]}


def test_one_person_serves_two_members(loading: Loading) -> None:
    rows = whole(1, 2)
    rows[U] = [
        person(1, email="a@torikomi.example.jp", name="佐藤 花"),
        person(2, email="A@torikomi.example.jp", name="佐藤 花"),
    ]
    loading.enter(rows)
    assert (
        db.session.scalar(select(func.count()).select_from(User).where(User.email_key == "a@torikomi.example.jp")) == 1
    )
    assert db.session.scalar(select(func.count()).select_from(Affiliation)) == 2
