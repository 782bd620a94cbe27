"""名簿（基準日）: the register of a day, as known at a change or time, its exports, and one member of it."""

from datetime import date, timedelta
from io import BytesIO

import pytest
from openpyxl import load_workbook
from sqlalchemy import select

from occto.admin import register_as_of as screen
from occto.domain.codes import ChangeSource, EndReason, Licence
from occto.domain.permissions import Role
from occto.extensions import db
from occto.models import AccessEvent, AccessSubject, AuditDetail, AuditEvent, Member, RegisterChange
from occto.queries import register as reads
from occto.services import register
from occto.unit_of_work import unit_of_work
from tests.clients import Browser
from tests.factories import NOW, Factory
from tests.observing import row_counts
from tests.test_statement_counts import counted

SINCE, LATER, AFTER = date(2020, 4, 1), date(2024, 4, 1), date(2025, 4, 1)


def _staff(make: Factory, role: Role = Role.OPERATOR) -> Browser:
    return make.signed_in(make.staff(role))


def _begin(session, **values):  # type: ignore[no-untyped-def]
    asked = {"source_kind": ChangeSource.DEMO, "source_id": None, "actor_id": None, "second_actor_id": None, "now": NOW}
    return register.begin_change(session, **(asked | values))


def _set(member: Member, item: str, value: object, on: date) -> int:
    with unit_of_work() as session:
        change = _begin(session)
        register.set_item(session, change, member_id=member.id, item=item, value=value, effective_on=on)
        register.finish_change(session, change, now=NOW)
        return int(change.id)


def _leave(member: Member, on: date) -> None:
    with unit_of_work() as session:
        change = _begin(session)
        for held in reads.licences_as_of(session, member.id, SINCE):
            register.end_licence(
                session,
                change,
                member_id=member.id,
                licence_id=held.licence_id,
                ended_on=on,
                reason=EndReason.CLOSURE_NOTIFICATION,
            )
        register.finish_change(session, change, now=NOW)


def _names(day: date, *, known: int | None = None) -> list[str]:
    return [row.name for row in reads.register_page(db.session(), day, known=known)[0]]


def test_the_members_of_a_day_are_those_of_that_day(make: Factory) -> None:
    old = make.member(name="むかし電力株式会社", since=SINCE)
    new = make.member(name="あとから電力株式会社", since=LATER)
    _set(old, "name", "いま電力株式会社", AFTER)
    _leave(new, AFTER)
    assert _names(SINCE - timedelta(days=1)) == []
    assert _names(SINCE) == ["むかし電力株式会社"]
    assert _names(LATER) == ["むかし電力株式会社", "あとから電力株式会社"]
    assert _names(AFTER) == ["いま電力株式会社"]


def test_what_was_not_known_is_not_read(make: Factory) -> None:
    member = make.member(since=SINCE, capital=10)
    known = reads.newest_change(db.session())
    _set(member, "capital", 20, LATER)
    late = make.member(since=SINCE)
    both = reads.register_page(db.session(), AFTER)[0]
    assert [(row.member_id, row.capital) for row in both] == [(member.id, 20), (late.id, 10_000_000)]
    then = reads.register_page(db.session(), AFTER, known=known)[0]
    assert [(row.member_id, row.capital) for row in then] == [(member.id, 10)]
    assert reads.register_page(db.session(), AFTER, known=0)[0] == []


def test_licences_and_the_parent_are_those_of_the_day(make: Factory) -> None:
    parent, child = make.member(name="親だった株式会社"), make.member(licences=("GEN", "RETAIL"))
    number = reads.profile_as_of(db.session(), parent.id, AFTER)["corporate_number"]
    row = {"relation": "PARENT", "name": "x", "corporate_number": number, "is_member": "YES", "controlling": True,
           "basis": "MAJORITY", "holding": None, "ratio_bp": None, "acquired_on": LATER.isoformat(), "ended_on": None}  # fmt: skip
    with unit_of_work() as session:
        change = _begin(session)
        kept = session.get(Member, child.id)
        assert kept is not None
        register.enter_relation(session, change, kept, row=row, default_on=LATER)
        register.finish_change(session, change, now=NOW)
    _set(parent, "name", "改称した株式会社", AFTER)

    def of_child(day: date) -> reads.RegisterRow:
        return next(row for row in reads.register_page(db.session(), day)[0] if row.member_id == child.id)

    assert of_child(SINCE).parent == ""
    assert of_child(LATER).parent == "親だった株式会社"
    assert of_child(AFTER).parent == "改称した株式会社"
    assert of_child(AFTER).licences == (Licence.RETAIL, Licence.GEN)


def test_pages_are_sought_by_roster_number(make: Factory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(screen, "PAGE", 2)
    names = [make.member(name=f"会員{number}株式会社").current_name for number in range(5)]
    browser = _staff(make)
    seen = []
    address = "/admin/register/?day=2026-01-01"
    while address:
        page = browser.get(address).get_data(as_text=True)
        seen += [name for name in names if name in page]
        following = [part for part in page.split('href="')[1:] if "after=" in part.split('"')[0]]
        address = following[0].split('"')[0].replace("&amp;", "&") if following else ""
    assert seen == names
    assert "5社" in page
    back = next(
        part.split('"')[0].replace("&amp;", "&") for part in page.split('href="')[1:] if "before=" in part.split('"')[0]
    )
    previous = browser.get(back).get_data(as_text=True)
    assert [name for name in names if name in previous] == names[2:4]


def test_a_page_takes_few_statements_whatever_it_shows(make: Factory) -> None:
    for _ in range(12):
        make.member(licences=("GEN", "AGG"))
    browser = _staff(make)
    address = "/admin/register/?day=2026-01-01&known=2026-11-23 23:59"
    browser.get(address)
    with counted(make.app) as statements:
        assert browser.get(address).status_code == 200
    assert len(statements) <= 6, statements


@pytest.mark.parametrize(
    ("known", "sentence"),
    [("3", "変更番号 3 まで"), ("2026年11月23日", "変更番号 2 まで"), ("2026-11-22 10:00", "変更番号 0 まで")],
)
def test_what_was_known_is_asked_by_number_or_time(make: Factory, known: str, sentence: str) -> None:
    make.member()
    make.member()
    page = _staff(make).get(f"/admin/register/?day=2026-01-01&known={known}").get_data(as_text=True)
    assert sentence in page


@pytest.mark.parametrize("query", ["day=あした", "day=2026-01-01&known=きのう", "day=2026-13-01", "day="])
def test_a_day_that_cannot_be_read_is_said(make: Factory, query: str) -> None:
    browser = _staff(make)
    answer = browser.get(f"/admin/register/?{query}")
    assert answer.status_code == 200
    assert "直してください" in browser.text
    assert browser.get(f"/admin/register/export-csv/?{query}").status_code == 400


def test_exports_hold_the_whole_day_defused_and_are_noted(make: Factory) -> None:
    make.member(name="=cmd株式会社")
    other = make.member(name="𠮷野髙﨑電力株式会社")
    browser = _staff(make)
    text = browser.get("/admin/register/export-csv/?day=2026-01-01").get_data().decode("utf-8-sig")
    lines = text.splitlines()
    assert lines[0].startswith("名簿番号,事業者コード,商号")
    assert "'=cmd株式会社" in lines[1]
    assert "𠮷野髙﨑電力株式会社" in lines[2]
    book = load_workbook(BytesIO(browser.get("/admin/register/export-xlsx/?day=2026-01-01").data))
    rows = list(book.active.iter_rows())  # type: ignore[union-attr]
    assert [row[2].value for row in rows][1:] == ["=cmd株式会社", "𠮷野髙﨑電力株式会社"]
    assert all(cell.data_type != "f" for row in rows for cell in row)
    noted = db.session.scalars(select(AuditEvent).where(AuditEvent.tag == "list.exported")).all()
    assert [event.subject for event in noted] == ["LIST:名簿", "LIST:名簿"]
    detail = db.session.get(AuditDetail, noted[0].id)
    assert detail is not None
    assert detail.payload["count"] == 2
    seen = db.session.scalars(select(AccessEvent).order_by(AccessEvent.id.desc()).limit(1)).one()
    assert seen.subject_ids == [[other.id - 1, other.id]]


def test_an_export_is_what_was_known_when_it_was_noted(make: Factory) -> None:
    member = make.member(capital=10)
    known = reads.newest_change(db.session())
    _set(member, "capital", 20, SINCE)
    browser = _staff(make)
    then = browser.get(f"/admin/register/export-csv/?day=2026-01-01&known={known}").get_data(as_text=True)
    now = browser.get("/admin/register/export-csv/?day=2026-01-01").get_data(as_text=True)
    assert ",10," in then
    assert ",20," in now


def test_one_member_as_of_a_day(make: Factory) -> None:
    member = make.member(name="むかし電力株式会社")
    changed = _set(member, "name", "いま電力株式会社", LATER)
    browser = _staff(make)
    page = browser.get(f"/admin/register/member/?id={member.id}&day=2023-01-01").get_data(as_text=True)
    assert "<h1>むかし電力株式会社" in page
    assert "2024年4月1日から いま電力株式会社" in page
    subject = db.session.scalars(select(AccessSubject)).one()
    assert (subject.subject_kind, subject.subject_id) == ("MEMBER", member.id)
    before = browser.get(f"/admin/register/member/?id={member.id}&day=2025-01-01&known={changed - 1}")
    assert "<h1>むかし電力株式会社" in before.get_data(as_text=True)
    assert f"変更番号 {changed}</p>" not in browser.text


@pytest.mark.parametrize("number", ["0", "x", str(10**30), "999"])
def test_no_such_member(make: Factory, number: str) -> None:
    assert _staff(make).get(f"/admin/register/member/?id={number}").status_code == 404


@pytest.mark.parametrize("role", [Role.SYSTEM, Role.RECEPTION])
def test_others_stay_outside(make: Factory, role: Role) -> None:
    member = make.member()
    browser = _staff(make, role)
    before = row_counts()
    for path in ("", "export-csv/", "export-xlsx/", f"member/?id={member.id}"):
        assert browser.get(f"/admin/register/{path}").status_code == 403
    assert row_counts() == before
    assert db.session.scalar(select(RegisterChange.id).limit(1)) is not None
