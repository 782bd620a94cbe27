"""今日の仕事 and the page of a case: what is shown, in how many statements."""

import re
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from occto import clock
from occto.domain.assembly import AssemblyState
from occto.domain.codes import AttachmentKind, Audience, ChangeSource, LateOutcome, Licence
from occto.domain.dates import today_jst
from occto.domain.joining import ApplicationState
from occto.domain.permissions import Role
from occto.extensions import db
from occto.models import AccessEvent, ApplicationRevision, Assembly, LateFact, Member
from occto.services import register, roster
from occto.services.joining import review
from occto.unit_of_work import run, unit_of_work
from tests.admin.counting import statements
from tests.answers import (
    Stage,
    add_file,
    approved,
    checked,
    complete_answers,
    in_state,
    main_submitted,
    save,
    send,
    submitted,
)
from tests.factories import Factory
from tests.models.rows import add

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


def _waiting_change(member: Member, **changes: Any) -> int:
    """A change request that waits for staff, as its row stands."""
    values = {"member_id": member.id, "waiting_since": clock.now(), "submitted_at": clock.now()} | changes
    number = add("change_requests", **values)
    db.session.commit()
    return number


def test_change_requests_stand_among_the_applications_by_age(make: Factory) -> None:
    now, member = clock.now(), make.member(name="汐見電力株式会社")
    old, new = submitted(make, at=now - timedelta(days=9)), submitted(make, at=now - timedelta(days=3))
    request_id = _waiting_change(member, waiting_since=now - timedelta(days=6), title="資本金、商号")
    browser = make.signed_in(make.staff(Role.OPERATOR))
    browser.get("/admin/")
    text = browser.text.partition("<tbody>")[2]
    places = [
        text.index(f"applications/details/?id={old.id}"),
        text.index(f"changes/details/?id={request_id}"),
        text.index(f"applications/details/?id={new.id}"),
    ]
    assert places == sorted(places)
    assert "資本金、商号" in text
    assert "汐見電力株式会社" in text
    assert "変更申請" in text
    assert "審査するもの 3" in browser.text


def test_paging_goes_on_across_kinds(make: Factory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("occto.queries.work.PAGE", 2)
    at, member = clock.now() - timedelta(days=5), make.member()
    cases = [submitted(make, at=at) for _ in range(3)]
    requests = [_waiting_change(member, waiting_since=at) for _ in range(3)]
    browser, found = make.signed_in(make.staff(Role.OPERATOR)), []
    address = "/admin/"
    while address:
        browser.get(address)
        found += re.findall(r"(applications|changes)/details/\?id=(\d+)\">[^<い]", browser.text)
        following = re.search(r'"(/admin/\?tab=all&amp;after=[^"]+)"', browser.text)
        address = following[1].replace("&amp;", "&") if following else ""
    expected = [("applications", str(case.id)) for case in cases] + [("changes", str(number)) for number in requests]
    assert found == expected


def test_a_held_or_decided_request_waits_for_nobody(make: Factory) -> None:
    member = make.member()
    held = _waiting_change(member, held_at=clock.now(), hold_reason="照会")
    _waiting_change(member, state="RETURNED", waiting_since=None)
    _waiting_change(member, state="DRAFT", number=None, submitted_at=None, waiting_since=None)
    browser = make.signed_in(make.staff(Role.OPERATOR))
    browser.get("/admin/")
    assert "いま待っている仕事はありません" in browser.text
    browser.get("/admin/?tab=held")
    assert f"changes/details/?id={held}" in browser.text


def test_a_checked_request_waits_for_somebody_else(make: Factory) -> None:
    member, checker, other = make.member(), make.staff(Role.APPROVER), make.staff(Role.APPROVER)
    values = {"state": "IN_REVIEW", "checked_by_id": checker.id, "checked_at": clock.now(), "touches_votes": True}
    number = _waiting_change(member, assignee_id=checker.id, **values)
    keyed = _waiting_change(member, channel="STAFF", entered_by_id=other.id, **values)
    for user, tab, sees in ((checker, "second", ()), (checker, "mine", (number,)), (other, "second", (number,))):
        browser = make.signed_in(user)
        browser.get(f"/admin/?tab={tab}")
        shown = {row for row in (number, keyed) if f"changes/details/?id={row}" in browser.text}
        assert shown == set(sees), tab
    assert "二人目待ち" in browser.text


def test_a_list_of_roster_numbers_waits_for_the_second_person(make: Factory) -> None:
    member, first, second = make.member(), make.staff(Role.APPROVER), make.staff(Role.APPROVER)
    proposal_id = run(
        roster.propose,
        numbers={member.id: 900},
        effective_on=today_jst(clock.now()),
        reason="理事会の決定",
        actor=make.actor(first, Role.APPROVER),
        now=clock.now(),
    )
    for user, sees in ((first, False), (second, True)):
        browser = make.signed_in(user)
        browser.get("/admin/?tab=second")
        assert (f"roster/details/?id={proposal_id}" in browser.text) is sees
    assert "理事会の決定" in browser.text


def test_late_facts_are_listed_until_they_are_decided(make: Factory) -> None:
    member = make.member(name="遅着電力株式会社")
    assembly_id = add("assemblies", record_on=today_jst(clock.now()) - timedelta(days=1), no=3, state="COUNTING")
    change_id = add("register_changes", id=900)
    late_id = add("late_facts", assembly_id=assembly_id, member_id=member.id, register_change_id=change_id)
    db.session.commit()
    browser = make.signed_in(make.staff(Role.OPERATOR))
    browser.get("/admin/?tab=late_facts")
    assert "いま待っている仕事はありません" in browser.text, "the freeze takes in what is known before it"
    with unit_of_work() as session:
        session.get_one(Assembly, assembly_id).state = AssemblyState.FROZEN
    browser.get("/admin/?tab=late_facts")
    assert f"assemblies/details/?id={assembly_id}" in browser.text
    assert "2026年度 第3回 通常総会" in browser.text
    assert "遅着電力株式会社" in browser.text
    assert "基準日後判明 1" in browser.text
    people = [make.staff(Role.APPROVER).id for _ in range(2)]
    with unit_of_work() as session:
        late = session.get_one(LateFact, late_id)
        late.outcome, late.reason, late.decided_at = LateOutcome.KEEP, "影響なし", clock.now()
        late.decided_by_id, late.second_by_id = people
    browser.get("/admin/?tab=late_facts")
    assert "いま待っている仕事はありません" in browser.text


def test_what_can_no_longer_be_decided_is_no_work(make: Factory) -> None:
    """届出 end with the freeze, late facts begin with it; both end with the assembly."""
    member = make.member()
    change_id = add("register_changes", id=900)
    asked = {}
    for no, state in enumerate(("COUNTING", "REPLIES_OPEN", "FINISHED"), 1):
        asked[state] = number = add("assemblies", no=no, state=state)
        add("late_facts", assembly_id=number, member_id=member.id, register_change_id=change_id)
        add(
            "holder_elections",
            assembly_id=number,
            root_body_id=member.body_id,
            holder_member_id=member.id,
            filed_by_member_id=member.id,
            state="UNSETTLED",
        )
    db.session.commit()
    browser = make.signed_in(make.staff(Role.OPERATOR))
    browser.get("/admin/?tab=late_facts")
    assert "基準日後判明 1" in browser.text
    assert f"assemblies/details/?id={asked['REPLIES_OPEN']}" in browser.text
    browser.get("/admin/?tab=rights")
    assert "届出・異議の要確認 1" in browser.text


def test_a_category_still_applied_for_waits_to_be_registered(make: Factory) -> None:
    pending = {"acts": {"AGG": {"status": "PENDING", "number": None, "effective_on": None, "filed_on": "2026-10-01"}}}
    case = approved(make)
    browser = make.signed_in(make.staff(Role.OPERATOR))
    browser.get("/admin/?tab=pending")
    assert "いま待っている仕事はありません" in browser.text
    with unit_of_work() as session:
        newest = session.scalars(select(ApplicationRevision).order_by(ApplicationRevision.id.desc())).first()
        assert newest is not None
        acts = newest.answers["acts"]["acts"]
        session.add(
            ApplicationRevision(
                application_id=newest.application_id,
                stage=newest.stage,
                no=newest.no + 1,
                answers={**newest.answers, "acts": {"acts": {**acts, **pending["acts"]}}},
                terms_version_id=newest.terms_version_id,
                submitted_at=newest.submitted_at,
            )
        )
    browser.get("/admin/?tab=pending")
    assert f"applications/details/?id={case.id}" in browser.text
    member_id = case.row().member_id
    assert member_id is not None
    with unit_of_work() as session:
        change = register.begin_change(
            session, source_kind=ChangeSource.CHANGE, source_id=1, actor_id=None, second_actor_id=None, now=clock.now()
        )
        register.add_licence(
            session, change, member_id=member_id, category=Licence.AGG, number=None, effective_on=today_jst(clock.now())
        )
        register.finish_change(session, change, now=clock.now())
    browser.get("/admin/?tab=pending")
    assert "いま待っている仕事はありません" in browser.text


def test_the_keys_are_listed_beside_the_list(make: Factory) -> None:
    submitted(make)
    browser = make.signed_in(make.staff(Role.OPERATOR))
    browser.get("/admin/")
    assert "data-queue-switch" in browser.text
    assert re.search(r'<script src="/static/js/queue\.js[^"]*" nonce="', browser.text)
