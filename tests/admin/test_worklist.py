"""今日の仕事 and the page of a case: what is shown, in how many statements."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from occto import clock
from occto.domain.codes import AttachmentKind, Audience
from occto.domain.joining import ApplicationState
from occto.domain.permissions import Role
from occto.extensions import db
from occto.models import AccessEvent, ApplicationRevision
from occto.services.joining import review
from occto.unit_of_work import run
from tests.admin.counting import statements
from tests.answers import Stage, add_file, checked, complete_answers, in_state, main_submitted, save, send, submitted
from tests.factories import Factory

S = ApplicationState


def test_the_oldest_stands_first_under_its_due_day(make: Factory) -> None:
    now = clock.now()
    new, old = submitted(make, at=now), submitted(make, at=now - timedelta(days=30))
    browser = make.signed_in(make.staff(Role.OPERATOR))
    browser.get("/admin/")
    text = browser.text.partition("<tbody>")[2]
    assert text.index(f"details/?id={old.id}") < text.index(f"details/?id={new.id}")
    assert text.index("期限を過ぎたもの") < text.index(f"details/?id={old.id}")
    assert "営業日超過" in text
    assert text.index("これから") < text.rindex(f"details/?id={new.id}")


TABS = ("all", "mine", "second", "codes", "lapse", "late", "held", "no-such", "")


def test_every_tab_takes_six_statements_at_most_however_much_waits(make: Factory) -> None:
    for state in (S.SUBMITTED, S.IN_REVIEW, S.ACCEPTED, S.MAIN_IN_REVIEW):
        in_state(make, state)
    browser = make.signed_in(make.staff(Role.OPERATOR, Role.APPROVER))
    numbers = []
    for _round in range(2):
        for tab in TABS:
            with statements() as seen:
                assert browser.get(f"/admin/?tab={tab}").status_code == 200
            numbers.append(len(seen))
        for _ in range(4):
            submitted(make)
    assert numbers[: len(TABS)] == numbers[len(TABS) :]
    assert max(numbers) <= 6


def test_paging_goes_on_behind_the_last_row(make: Factory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("occto.queries.work.PAGE", 2)
    cases = [submitted(make, at=clock.now() - timedelta(days=days)) for days in (9, 7, 5)]
    browser = make.signed_in(make.staff(Role.OPERATOR))
    browser.get("/admin/")
    assert f"details/?id={cases[2].id}" not in browser.text.partition("queue")[2]
    browser.get(f"/admin/?tab=all&after=a{cases[1].id}")
    shown = browser.text.partition("queue")[2]
    assert f"details/?id={cases[2].id}" in shown
    assert f"details/?id={cases[0].id}" not in shown


@pytest.mark.parametrize("after", ["99999", "a99999", "a" + "9" * 30, "c1", "x1", "a", "a-1", "a1,2", "%00"])
def test_crafted_places_are_passed_over(make: Factory, after: str) -> None:
    submitted(make)
    browser = make.signed_in(make.staff(Role.OPERATOR))
    assert browser.get(f"/admin/?after={after}").status_code in {200, 400}


def test_a_held_case_waits_apart(make: Factory) -> None:
    case = submitted(make)
    run(review.hold, case.id, reason="照会中", seen_version=case.version, actor=case.first, now=clock.now())
    browser = make.signed_in(make.staff(Role.OPERATOR))
    browser.get("/admin/")
    assert "いま待っている仕事はありません" in browser.text
    browser.get("/admin/?tab=held")
    assert f"details/?id={case.id}" in browser.text


def test_the_second_queue_leaves_out_the_checker(make: Factory) -> None:
    case = checked(make)
    checker = make.signed_in(case.operator)
    checker.get("/admin/?tab=second")
    assert "二人目の承認" not in checker.text
    approver = make.signed_in(case.approver)
    approver.get("/admin/?tab=second")
    assert f"details/?id={case.id}" in approver.text


def test_reception_is_told_that_nothing_waits(make: Factory) -> None:
    submitted(make)
    browser = make.signed_in(make.staff(Role.RECEPTION))
    browser.get("/admin/")
    assert "いま行っていただく仕事はありません" in browser.text
    assert "青空電力" not in browser.text


def test_a_main_application_stands_beside_the_provisional_one(make: Factory) -> None:
    case = main_submitted(make)
    browser = make.signed_in(make.staff(Role.OPERATOR))
    browser.get(f"/admin/applications/details/?id={case.id}")
    assert "加入仮申請 第1版との違い" in browser.text
    assert "法律で決まる日" in browser.text
    assert "第1版　" in browser.text  # the consent: version and time


def test_a_revision_stands_beside_the_one_before_or_the_one_asked_for(make: Factory) -> None:
    case = in_state(make, S.RETURNED)
    for capital in (150_000_000, 170_000_000):
        answers = complete_answers(Stage.PROVISIONAL, serial=case.serial, outline={"capital": capital})
        save(case, {"outline": answers["outline"]})
        send(case, Stage.PROVISIONAL)
    browser = make.signed_in(make.staff(Role.OPERATOR))
    browser.get(f"/admin/applications/details/?id={case.id}")
    assert "加入仮申請 第2版との違い" in browser.text
    assert "<del>150,000,000 円</del>" in browser.text
    assert "<ins>170,000,000 円</ins>" in browser.text
    db.session.rollback()
    first = db.session.scalar(select(func.min(ApplicationRevision.id)))
    browser.get(f"/admin/applications/details/?id={case.id}&against={first}")
    assert "<del>100,000,000 円</del>" in browser.text
    assert browser.get(f"/admin/applications/details/?id={case.id}&against=x").status_code == 200


def test_the_page_of_a_case_takes_a_fixed_number_of_statements(make: Factory) -> None:
    short, long = submitted(make), main_submitted(make)
    for _ in range(5):
        run(
            review.write_remark,
            long.id,
            body="確認しました。",
            audience=Audience.STAFF,
            actor=long.first,
            now=clock.now(),
        )
    browser = make.signed_in(make.staff(Role.OPERATOR))
    numbers = []
    for case in (short, long):
        with statements() as seen:
            browser.get(f"/admin/applications/details/?id={case.id}")
        numbers.append(len(seen))
    assert numbers[0] == numbers[1] <= 15


def test_a_file_is_a_download_and_its_opening_is_logged(make: Factory) -> None:
    case = submitted(make)
    number = add_file(case, AttachmentKind.REGISTRY, content=b"%PDF-1.7 registry")
    browser = make.signed_in(make.staff(Role.OPERATOR))
    answer = browser.get(f"/admin/applications/file/?id={number}")
    assert answer.data == b"%PDF-1.7 registry"
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    db.session.rollback()
    event = db.session.scalars(select(AccessEvent)).one()
    assert (event.screen, event.subject_kind, event.subject_ids) == ("applications.file", "APPLICATION", [case.id])
    for other in ("0", "x", "99", "1,2", "9" * 30):
        assert browser.get(f"/admin/applications/file/?id={other}").status_code == 404
