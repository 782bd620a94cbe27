"""Lists: short, in a few statements, seeking instead of counting rows off; hostile addresses; the access log."""

import re
from datetime import timedelta
from typing import Any
from urllib.parse import quote, urljoin

import pytest
from sqlalchemy import select

from occto.domain.codes import MailState, UserKind, UserState
from occto.domain.permissions import Role
from occto.extensions import db
from occto.models import AccessEvent, AccessSubject, Application, Member, OutboxMail, User
from occto.services import audit, outbox
from occto.unit_of_work import unit_of_work
from tests import changing
from tests.admin.counting import statements
from tests.answers import main_submitted, submitted
from tests.clients import Browser
from tests.factories import NOW, Factory
from tests.observing import row_counts

LISTS = ("applications", "members", "users", "mails", "records", "terms_versions")
LOGGED = frozenset({"access_events", "access_subjects"})


def _many(make: Factory, number: int) -> None:
    """A page and more of every list, with names and addresses as long as real ones."""
    from occto.domain.codes import Channel
    from occto.domain.joining import ApplicationState

    member = make.member(name="髙砂グリーン電力株式会社")
    operator = make.staff(Role.OPERATOR, name="高橋 直樹", email="operator@office.example.jp")
    with unit_of_work() as session:
        for serial in range(number):
            session.add(
                Application(
                    state=(ApplicationState.SUBMITTED, ApplicationState.ACCEPTED)[serial % 2],
                    channel=Channel.ONLINE,
                    acceptance_number=f"J-2026-{serial:05d}-1",
                    email=f"founder{serial}@aozora-denryoku.example.jp",
                    email_key=f"founder{serial}@aozora-denryoku.example.jp",
                    name=f"大崎町バイオマス発電第{serial}合同会社",
                    name_key=f"大崎町バイオマス発電第{serial}",
                    created_at=NOW,
                    saved_at=NOW,
                    submitted_at=NOW,
                    accepted_at=NOW,
                    lapse_on=(NOW + timedelta(days=365)).date(),
                    assignee_id=operator.id,
                )
            )
            outbox.queue(
                session,
                "join/accepted",
                to=f"founder{serial}@aozora-denryoku.example.jp",
                params={"number": f"J-2026-{serial:05d}-1"},
                member_id=member.id,
                now=NOW,
            )
            session.add(
                User(
                    kind=UserKind.MEMBER,
                    state=UserState.INVITED,
                    email=f"person{serial}@aozora-denryoku.example.jp",
                    email_key=f"person{serial}@aozora-denryoku.example.jp",
                    name="佐藤 三郎",
                    created_at=NOW,
                )
            )
            audit.record(
                session,
                "application.step",
                subject=f"APPLICATION:{serial}",
                actor=make.actor(operator, Role.OPERATOR),
                now=NOW,
                detail={"step": "accept", "from": "SUBMITTED", "to": "ACCEPTED", "revision_no": 1, "reason": None},
            )
    for _ in range(number):
        make.member(licences=("GEN", "RETAIL"))


@pytest.fixture
def staff(make: Factory) -> Browser:
    browser = make.signed_in(make.staff(Role.OPERATOR, name="小林 恵"))
    browser.get("/admin/")
    return browser


def _rows(browser: Browser) -> list[int]:
    return [int(found) for found in re.findall(r'<a href="details/\?id=(\d+)">', browser.text)]


KB15 = 15 * 1024


def test_fifty_rows_are_fifteen_kilobytes_and_five_statements(make: Factory, staff: Browser) -> None:
    _many(make, 55)
    for name in LISTS[:5]:
        for query in ("", "?after=30", "?q=1"):
            with statements() as seen:
                answer = staff.get(f"/admin/{name}/{query}")
            assert answer.status_code == 200
            assert len(seen) <= 5, (name, query, seen)
            assert len(answer.data) <= KB15, (name, query, len(answer.data))
        staff.get(f"/admin/{name}/")
        assert len(_rows(staff)) == 50, name


@pytest.mark.parametrize("asked", ["", "電力", "0", "no such name"])
@pytest.mark.parametrize("order", ["kana", "code", "new"])
def test_members_take_five_statements_in_any_order_and_search(
    make: Factory, staff: Browser, order: str, asked: str
) -> None:
    for serial in range(55):
        make.member(name=f"髙砂グリーン電力第{serial}株式会社", licences=("GEN", "RETAIL"))
    for place in ("", "&after=30", "&before=30"):
        with statements() as seen:
            answer = staff.get(f"/admin/members/?order={order}&q={quote(asked)}{place}")
        assert answer.status_code == 200
        assert len(seen) <= 5, (place, seen)
        assert len(answer.data) <= KB15, (place, len(answer.data))


def test_change_requests_take_five_statements_and_little_more_than_fifteen_kilobytes(
    make: Factory, staff: Browser
) -> None:
    for serial in range(52):
        changing.submitted(make, changing.capital(500_000_000 + serial))
    for query in ("", "?after=30", "?q=" + quote("電力"), "?state=SUBMITTED"):
        with statements() as seen:
            answer = staff.get(f"/admin/changes/{query}")
        assert answer.status_code == 200
        assert len(seen) <= 5, (query, seen)
        assert len(answer.data) <= 15_600, (query, len(answer.data))
    assert len(_rows(staff)) == 50


def test_the_page_of_a_member_takes_thirteen_statements(make: Factory, staff: Browser) -> None:
    member = make.member(licences=("GEN", "RETAIL"))
    for _ in range(8):
        make.affiliate(make.user(), member)
    with statements() as seen:
        answer = staff.get(f"/admin/members/details/?id={member.id}")
    assert answer.status_code == 200
    assert len(seen) <= 13, seen
    assert len(answer.data) <= KB15, len(answer.data)


@pytest.mark.parametrize(
    ("name", "order"), [("members", "kana"), ("members", "code"), ("users", "email"), ("mails", "old")]
)
def test_paging_forth_and_back_shows_every_row_once(
    make: Factory, staff: Browser, monkeypatch: pytest.MonkeyPatch, name: str, order: str
) -> None:
    monkeypatch.setattr("occto.admin.base.PAGE", 5)
    _many(make, 11)
    staff.get(f"/admin/{name}/?order={order}")
    first = _rows(staff)
    seen, pages = list(first), 1
    while "次の5件" in staff.text:
        staff.get(_link(staff, "次の5件"))
        seen, pages = seen + _rows(staff), pages + 1
    table: Any = {"members": Member, "users": User, "mails": OutboxMail}[name]
    db.session.rollback()
    assert pages == 3
    assert len(seen) == len(set(seen))
    assert set(seen) == set(db.session.scalars(select(table.id)))
    staff.get(_link(staff, "前の5件"))
    assert _rows(staff) == seen[5:10]
    staff.get(_link(staff, "前の5件"))
    assert _rows(staff) == first


def _link(browser: Browser, words: str) -> str:
    found = re.search(rf'<a href="([^"]+)">{words}</a>', browser.text)
    assert found is not None
    return urljoin(browser.path, found[1].replace("&amp;", "&"))


HOSTILE = (
    "page=99999999999999999999",
    "after=9223372036854775807",
    "after=99999999999999999999999",
    "after=1,2",
    "before=-1",
    "before=zwölf",
    "sort=99&desc=1",
    "order=password_hash",
    "state=NO_SUCH_STATE",
    "flt0_0=x&flt99_99=y",
    "page_size=100000000",
    "q=" + quote("%_\\'\"<script>"),
    "q=" + quote("あ" * 5000),
    "q=%ED%B3%BF",
    "q=%00",
    "q=1&q=2&state=&state=SENT",
    "q=" + "9" * 90,
    "q=%EF%BC%91%EF%BC%92",
)
NO_ROW = ("", "0", "-1", "1,2", "x", "1.5", "9" * 19, "9" * 40, "%00", "%EF%BC%91", "None", "99999")


@pytest.mark.parametrize("name", LISTS)
def test_whatever_stands_in_the_address_is_answered(make: Factory, name: str) -> None:
    submitted(make)
    browser = make.signed_in(make.staff(Role.OPERATOR, Role.SYSTEM))
    for query in HOSTILE:
        assert browser.get(f"/admin/{name}/?{query}").status_code == 200, query


@pytest.mark.parametrize("name", LISTS)
def test_details_of_no_row_are_not_found(make: Factory, name: str) -> None:
    browser = make.signed_in(make.staff(Role.OPERATOR, Role.SYSTEM))
    for row_id in NO_ROW:
        assert browser.get(f"/admin/{name}/details/?id={row_id}").status_code == 404, row_id


def test_search_takes_percent_and_underscore_as_they_are(make: Factory, staff: Browser) -> None:
    make.member(name="百%電力株式会社")
    make.member(name="百二電力株式会社")
    staff.get("/admin/members/?q=" + quote("百%"))
    assert "百%電力" in staff.text
    assert "百二電力" not in staff.text


@pytest.mark.parametrize(
    "typed", ["シケンデンリョク", "しけんでんりょく", "ｼｹﾝﾃﾞﾝﾘｮｸ", "㈱ 髙砂", "高砂", "code", "roster"]
)
def test_members_are_found_however_it_is_typed(make: Factory, staff: Browser, typed: str) -> None:
    member = make.member(name="株式会社髙砂グリーン電力")
    numbers = {"code": member.operator_code, "roster": str(int(member.operator_code))}
    staff.get("/admin/members/?q=" + quote(numbers.get(typed, typed)))
    assert "髙砂グリーン電力" in staff.text


def test_applications_are_found_by_name_kana_number_and_address(make: Factory, staff: Browser) -> None:
    case = submitted(make)
    row = case.row()
    other = submitted(
        make, company={"name": "別の会社合同会社", "kana": "ベツノカイシャ", "corporate_number": "7000012050002"}
    )
    assert row.acceptance_number is not None
    for typed in (
        row.name,
        "あおぞら",
        row.acceptance_number,
        row.acceptance_number.lower(),
        row.acceptance_number.replace("-", ""),
        row.acceptance_number.removeprefix("J-").replace("-", " "),
        row.corporate_number,
        row.email,
    ):
        staff.get("/admin/applications/?q=" + quote(str(typed)))
        assert _rows(staff) == [case.id], typed
    staff.get("/admin/applications/?state=SUBMITTED")
    assert _rows(staff) == [other.id, case.id]
    staff.get("/admin/applications/?state=RETURNED")
    assert _rows(staff) == []


def test_looking_writes_the_access_log_and_nothing_else(make: Factory) -> None:
    case = main_submitted(make)
    make.affiliate(make.user(), make.member())
    browser = make.signed_in(make.staff(Role.OPERATOR, Role.SYSTEM))
    before = row_counts(leave_out=LOGGED)
    for name in LISTS:
        browser.get(f"/admin/{name}/")
        row_id = _rows(browser)[0]
        assert browser.get(f"/admin/{name}/details/?id={row_id}").status_code == 200
    browser.get(f"/admin/applications/details/?id={case.id}")
    for door in ("return", "hold", "operator-code", "check", "remark"):
        browser.get(f"/admin/applications/{door}/?id={case.id}")
    for tab in ("all", "mine", "codes", "late", "held"):
        browser.get(f"/admin/?tab={tab}")
    assert row_counts(leave_out=LOGGED) == before


def test_the_access_log_says_who_saw_whom(make: Factory) -> None:
    user, staff = make.user(name="佐藤 三郎"), make.staff(Role.SYSTEM)
    browser = make.signed_in(staff)
    browser.get("/admin/users/?q=" + quote("佐藤"))
    browser.get(f"/admin/users/details/?id={user.id}")
    db.session.rollback()
    listed, opened = db.session.scalars(select(AccessEvent).order_by(AccessEvent.id)).all()
    assert (listed.actor_id, listed.screen, listed.search_key) == (staff.id, "users.index_view", "佐藤")
    assert (listed.subject_kind, listed.subject_ids) == ("USER", [user.id])
    assert (opened.screen, opened.subject_ids) == ("users.details_view", [user.id])
    subject = db.session.scalars(select(AccessSubject)).one()
    assert (subject.event_id, subject.subject_kind, subject.subject_id) == (opened.id, "USER", user.id)


def test_no_secret_stands_on_the_page_of_a_user(make: Factory) -> None:
    user = make.user()
    browser = make.signed_in(make.staff(Role.SYSTEM))
    browser.get(f"/admin/users/details/?id={user.id}")
    assert user.password_hash is not None
    assert user.totp_secret_enc is not None
    assert user.password_hash not in browser.text
    assert user.totp_secret_enc not in browser.text
    assert "設定済み" in browser.text


def test_a_failed_mail_is_put_back_into_the_queue_once(make: Factory) -> None:
    submitted(make)
    browser = make.signed_in(make.staff(Role.SYSTEM))
    with unit_of_work() as session:
        mail = session.scalars(select(OutboxMail)).first()
        assert mail is not None
        mail.state, mail.attempts, mail.last_error = MailState.BOUNCED, 1, "550 5.1.1 User unknown"
        number = mail.id
    browser.get("/admin/mails/?state=UNDELIVERED")
    assert _rows(browser) == [number]
    browser.get(f"/admin/mails/details/?id={number}")
    assert "550 5.1.1 User unknown" in browser.text
    browser.submit(action="/again/")
    assert "送り直しの列に入れました" in browser.text
    db.session.rollback()
    db.session.expunge_all()
    again = db.session.get(OutboxMail, number)
    assert again is not None
    assert (again.state, again.attempts) == (MailState.PENDING, 0)
    token = re.findall(r'name="csrf_token" value="([^"]+)"', browser.text)[0]
    browser.post("/admin/mails/again/", {"id": number, "form_id": "second", "csrf_token": token}, follow=True)
    assert "送り直せるのは、届かなかったメールだけです" in browser.text


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("q=3&state=MEMBER", 2),
        ("q=3&state=LEFT", 0),
        ("q=00003", 1),
        ("q=365", 1),
        ("q=" + quote("株式会社"), 3),
        ("q=" + quote("㈱"), 3),
        ("q=" + quote("（同）"), 1),
        ("q=" + quote("合同会社") + "&licence=AGG", 1),
        ("q=" + quote("電"), 2),
        ("q=" + quote("・"), 0),
        ("q=" + quote("力365"), 1),
        ("licence=SPTD", 1),
        ("licence=RSPTD", 0),
        ("prefecture=" + quote("東京都"), 4),
        ("prefecture=" + quote("大阪府"), 0),
        ("channel=PAPER", 0),
        ("channel=ONLINE&q=" + quote("電力"), 2),
    ],
)
def test_numbers_words_and_facets_together(make: Factory, staff: Browser, query: str, found: int) -> None:
    make.member(name="株式会社あおい電力365", licences=("GEN",))
    make.member(name="㈱みどりガス", licences=("RETAIL",))
    make.member(name="(株)三番電力", licences=("SPTD",))
    make.member(name="合同会社ひかり", licences=("AGG",))
    staff.get(f"/admin/members/?{query}")
    assert len(_rows(staff)) == found
    few = len(_rows(staff))
    assert len(staff.get(f"/admin/members/export-csv/?{query}").get_data(as_text=True).splitlines()) == few + 1


def test_many_hits_are_met_in_the_order_of_the_list(
    make: Factory, staff: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the index finds too much of is walked to: the same rows, in both directions, as when it is sorted."""
    for number in range(9):
        make.member(name=f"第{9 - number}電力", licences=(("GEN", "RETAIL")[number % 2],))
    monkeypatch.setattr("occto.admin.base.PAGE", 2)
    for query in (
        "q=" + quote("電力"),
        "q=" + quote("第") + "&licence=GEN",
        "licence=GEN&order=code",
        "q=" + quote("9電力"),
    ):
        shown = []
        for counted in (1000, 0):
            monkeypatch.setattr("occto.admin.members.COUNTED", counted)
            staff.get(f"/admin/members/?{query}")
            rows = _rows(staff)
            while "次の2件" in staff.text:
                staff.get(_link(staff, "次の2件"))
                rows += _rows(staff)
            while "前の2件" in staff.text:
                staff.get(_link(staff, "前の2件"))
                rows += _rows(staff)
            shown.append(rows)
        assert shown[0] == shown[1]
        assert shown[0]
