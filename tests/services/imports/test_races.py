"""取込み under pressure: released twice, changed between dry run and release, killed in the middle, dropped meanwhile."""

from collections.abc import Iterator
from datetime import date, timedelta

import pytest
from flask import Flask
from sqlalchemy import func, select, update

from occto import clock
from occto import loading as worker_side
from occto.domain.errors import Refusal
from occto.domain.importing import ImportState, RowOutcome
from occto.domain.permissions import Role
from occto.extensions import db
from occto.models import ImportBatch, ImportRow, Member, ProfileFact, RegisterChange, RosterFact, User
from occto.services import register
from occto.services.imports import case, entering
from occto.services.imports.release import release
from occto.unit_of_work import run, unit_of_work
from tests.factories import NOW, Factory
from tests.importing import L, Loading, M, N, batch, company, faults, licence, outcomes, whole, work
from tests.racing import at_once
from tests.registering import entering as changing
from tests.registering import facts_of, newest_change, roster_on


@pytest.fixture
def loading(make: Factory) -> Loading:
    return Loading(make)


@pytest.fixture
def racing(fresh_app: Flask) -> Iterator[Loading]:
    yield Loading(Factory(fresh_app))  # noqa: PT022 - what is behind it is closed by its own fixture


def _members() -> int:
    db.session.rollback()
    return db.session.scalar(select(func.count()).select_from(Member)) or 0


def _member(code: str) -> Member:
    db.session.rollback()
    return db.session.scalars(select(Member).where(Member.operator_code == code)).one()


def test_released_twice_at_once_it_is_released_once(racing: Loading, fresh_app: Flask) -> None:
    number = racing.check(whole(1, 2))
    version = batch(number).version
    people = [racing.make.staff(Role.APPROVER), racing.make.staff(Role.APPROVER)]
    actors = [racing.make.actor(person, Role.APPROVER) for person in people]

    def act(actor: object) -> object:
        return lambda: run(release, number, valid_only=False, seen_version=version, actor=actor, now=NOW)

    found = at_once(fresh_app, [act(actor) for actor in actors])  # type: ignore[misc]
    assert sorted(found, key=str) == [6, "stale"]
    work()
    assert _members() == 2


def test_two_workers_enter_each_member_once(racing: Loading, fresh_app: Flask) -> None:
    number = racing.check(whole(*range(1, 8)))
    racing.release(number)
    at_once(fresh_app, [worker_side.work_imports, worker_side.work_imports])
    work()
    assert batch(number).state is ImportState.DONE
    assert _members() == 7
    assert db.session.scalar(select(func.count()).select_from(RosterFact)) == 7


def test_entered_while_another_change_is_made(racing: Loading, fresh_app: Flask) -> None:
    racing.enter(whole(1))
    member = _member("00001")
    number = racing.check({M: [{"operator_code": "00001", "address": "中央区1番1号"}]})
    racing.release(number)

    def change() -> None:
        with changing() as at:
            register.set_item(
                *at.into, member_id=member.id, item="address", value="港区1番1号", effective_on=date(2026, 11, 1)
            )

    at_once(fresh_app, [change, worker_side.work_imports])
    work()
    values = [value for _day, value in facts_of(member, "address")]
    outcome = outcomes(number)[0][2]
    assert "港区1番1号" in values
    assert ("中央区1番1号" in values) is (outcome is RowOutcome.DONE)
    assert outcome in (RowOutcome.DONE, RowOutcome.SKIPPED)


def test_a_member_changed_since_the_dry_run_is_left_out(loading: Loading) -> None:
    loading.enter(whole(1, 2))
    rows = {
        M: [
            {"operator_code": "00001", "url": "https://a.example.jp/"},
            {"operator_code": "00002", "url": "https://b.example.jp/"},
        ]
    }
    number = loading.check(rows)
    member = _member("00001")
    with changing() as at:
        register.set_item(
            *at.into, member_id=member.id, item="url", value="https://own.example.jp/", effective_on=date(2026, 11, 20)
        )
    loading.release(number)
    work()
    assert [outcome for _s, _r, outcome in outcomes(number)] == [RowOutcome.SKIPPED, RowOutcome.DONE]
    assert "確認のあとに、この会員の登録が変わりました" in faults(number)[0]
    assert facts_of(member, "url") == [(date(2026, 11, 20), "https://own.example.jp/")]


def test_roster_numbers_changed_since_are_left_out(loading: Loading) -> None:
    loading.enter(whole(1, 2))
    number = loading.check(
        {N: [{"operator_code": "00001", "roster_no": 5}, {"operator_code": "00002", "roster_no": 6}]}
    )
    member = _member("00001")
    with changing() as at:
        register.renumber(*at.into, numbers={member.id: 77}, effective_on=date(2026, 11, 1))
    loading.release(number)
    work()
    assert [outcome for _s, _r, outcome in outcomes(number)] == [RowOutcome.SKIPPED, RowOutcome.DONE]
    assert roster_on(date(2026, 12, 1)) == {77: [member.id], 6: [_member("00002").id]}


def test_of_a_number_about_to_pass_on_the_one_who_gets_it_is_named(loading: Loading) -> None:
    loading.enter(whole(1, 2, 3))
    first, second = _member("00001").id, _member("00002").id
    with changing() as at:
        register.renumber(*at.into, numbers={first: 77, second: 1001}, effective_on=date(2027, 4, 1))
    number = loading.check(
        {N: [{"operator_code": "00001", "roster_no": 78}, {"operator_code": "00003", "roster_no": 1001}]}
    )
    assert "一覧にない事業者コード 00002 の会員の番号です" in faults(number)[1]


def test_a_code_given_away_meanwhile_is_said_at_the_row(loading: Loading) -> None:
    first, second = loading.check(whole(1)), loading.check(whole(1))
    for number in (first, second):
        loading.release(number)
        work()
    assert {outcome for _s, _r, outcome in outcomes(first)} == {RowOutcome.DONE}
    assert {outcome for _s, _r, outcome in outcomes(second)} == {RowOutcome.SKIPPED}
    assert _members() == 1


def test_killed_while_reading_it_is_read_from_the_beginning(loading: Loading, monkeypatch: pytest.MonkeyPatch) -> None:
    number = loading.upload(whole(*range(1, 90)))
    monkeypatch.setattr(worker_side.checking, "end_reading", _killed)
    with pytest.raises(SystemExit):
        worker_side.work_imports()
    db.session.remove()
    assert batch(number).total == 267
    monkeypatch.undo()
    _let_the_lease_run_out(number)
    work()
    assert batch(number).state is ImportState.CHECKED
    assert batch(number).total == len(outcomes(number)) == 267


def _killed(*_args: object, **_values: object) -> None:
    raise SystemExit


def _let_the_lease_run_out(number: int) -> None:
    with unit_of_work() as session:
        session.execute(update(ImportBatch).where(ImportBatch.id == number).values(lease_until=NOW - timedelta(days=1)))


def test_killed_between_two_batches_nobody_comes_in_twice(loading: Loading, monkeypatch: pytest.MonkeyPatch) -> None:
    number = loading.check(whole(*range(1, 101)))
    loading.release(number)
    run(case.claim, now=clock.now())
    assert run(entering.enter_batch, number, now=clock.now())
    done = [outcome for _s, _r, outcome in outcomes(number)].count(RowOutcome.DONE)
    assert 200 <= done < 300
    assert _members() == newest_members()
    work()  # the lease of the one that was killed still runs
    assert batch(number).state is ImportState.RELEASED
    _let_the_lease_run_out(number)
    work()
    assert batch(number).state is ImportState.DONE
    assert _members() == 100
    assert db.session.scalar(select(func.count()).select_from(User).where(User.kind == "MEMBER")) == 100
    assert db.session.scalar(select(func.count()).where(ProfileFact.item == "name")) == 100
    changes = db.session.scalars(select(RegisterChange.id).order_by(RegisterChange.id)).all()
    assert changes == list(range(1, len(changes) + 1))


def newest_members() -> int:
    db.session.rollback()
    return (
        db.session.scalar(
            select(func.count(ImportRow.member_id.distinct())).where(ImportRow.outcome == RowOutcome.DONE)
        )
        or 0
    )


def test_killed_inside_a_batch_nothing_of_it_is_there(loading: Loading, monkeypatch: pytest.MonkeyPatch) -> None:
    number = loading.check(whole(1, 2))
    loading.release(number)
    monkeypatch.setattr(entering.register, "finish_change", _killed)
    with pytest.raises(SystemExit):
        worker_side.work_imports()
    db.session.remove()
    assert _members() == 0
    assert newest_change() == 0
    monkeypatch.undo()
    _let_the_lease_run_out(number)
    work()
    assert _members() == 2


def test_a_fault_of_ours_is_noted_and_tried_again(loading: Loading, monkeypatch: pytest.MonkeyPatch) -> None:
    number = loading.check(whole(1))
    loading.release(number)
    monkeypatch.setattr(entering.register, "finish_change", _broken)
    assert worker_side.work_imports()
    db.session.remove()
    assert batch(number).last_error == "ZeroDivisionError"
    assert _members() == 0
    monkeypatch.undo()
    _let_the_lease_run_out(number)
    work()
    assert batch(number).state is ImportState.DONE


def test_what_fails_again_and_again_stops(loading: Loading, monkeypatch: pytest.MonkeyPatch) -> None:
    number = loading.check(whole(1))
    loading.release(number)
    monkeypatch.setattr(entering.register, "finish_change", _broken)
    for _ in range(case.MOST_FAILURES):
        assert worker_side.work_imports()
        db.session.remove()
        _let_the_lease_run_out(number)
    assert batch(number).state is ImportState.FAILED
    assert "処理が続けて失敗したため" in (batch(number).last_error or "")
    assert _members() == 0
    assert not worker_side.work_imports()
    db.session.remove()
    assert loading.upload(whole(2))


def _broken(*_args: object, **_values: object) -> None:
    raise ZeroDivisionError


def test_dropped_while_it_is_read(loading: Loading) -> None:
    number = loading.upload(whole(1))
    run(case.drop, number, seen_version=1, actor=loading.make.actor(loading.operator, Role.OPERATOR), now=NOW)
    work()
    assert batch(number).state is ImportState.DROPPED
    assert outcomes(number) == []


def test_what_the_register_refuses_is_left_out_whole(loading: Loading, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = whole(1, 2)
    rows[L].append(licence(1, category="小売電気事業者"))
    number = loading.check(rows)
    loading.release(number)
    entered = entering.steps.register.add_licence

    def add(*given: object, **values: object) -> object:
        if values["category"] == "RETAIL":
            raise Refusal("category_held", "同じ区分が登録されています。")
        return entered(*given, **values)  # type: ignore[arg-type]

    monkeypatch.setattr(entering.steps.register, "add_licence", add)
    work()
    assert _members() == 1
    by_code = {row[2] for row in outcomes(number)}
    assert by_code == {RowOutcome.DONE, RowOutcome.SKIPPED}
    assert set(faults(number)) == {"：同じ区分が登録されています。"}


@pytest.mark.parametrize("role", [Role.OPERATOR, Role.SYSTEM, Role.RECEPTION, Role.ADMINISTRATOR])
def test_only_an_approver_releases(loading: Loading, role: Role) -> None:
    number = loading.check(whole(1))
    actor = loading.make.actor(loading.make.staff(Role.OPERATOR), role)
    with pytest.raises(Refusal) as refused:
        run(release, number, valid_only=False, seen_version=batch(number).version, actor=actor, now=NOW)
    assert refused.value.code == "not_allowed"
    assert batch(number).state is ImportState.CHECKED


def test_who_may_send_a_workbook(loading: Loading) -> None:
    actor = loading.make.actor(loading.operator, Role.ADMINISTRATOR)
    with pytest.raises(Refusal) as refused:
        run(case.upload, name="x.xlsx", content=b"x", note="", scan_state="CLEAN", actor=actor, now=NOW)  # type: ignore[arg-type]
    assert refused.value.code == "not_allowed"


def test_no_workbook_is_taken_while_another_is_entered(loading: Loading) -> None:
    number = loading.check(whole(1))
    loading.release(number)
    with pytest.raises(Refusal) as refused:
        loading.upload(whole(2))
    assert refused.value.code == "another_open"


def test_a_capital_entered_late_is_noted_for_an_open_assembly(loading: Loading) -> None:
    from tests.registering import assembly, late

    loading.enter(whole(1))
    held = assembly(date(2026, 10, 1))
    loading.enter({M: [{"operator_code": "00001", "capital": 5, "effective_on": date(2026, 9, 1)}]})
    assert late() == [(held.id, _member("00001").id)]
    assert company(1)["capital"] == 150_000_000
