"""総会 through its generated form: once, on the version seen, refusals beside their fields."""

from occto import clock
from occto.domain.assembly import AssemblyState
from occto.domain.permissions import Role
from occto.services import assemblies
from occto.unit_of_work import run
from tests.admin.office import (
    assembly,
    assembly_values,
    committing_only_in_units_of_work,
    in_days,
    send,
    staff,
    unchanged,
)
from tests.factories import Factory
from tests.observing import everything


def test_an_assembly_is_registered_through_its_verb(make: Factory) -> None:
    browser = staff(make, Role.OPERATOR)
    with committing_only_in_units_of_work():
        browser.get("/admin/assemblies/new/")
        before = everything()
        assert send(browser, "/new/", assembly_values()) == 200
        assert "の終わりの登録で、議決権を数えます。" in browser.text
        assert unchanged(before)
        send(browser, "/new/", {"confirmed": "y", "state": "FINISHED", "record_on": "2000-01-01", "version": "9"})
    row = assembly()
    assert (row.state, row.version) == (AssemblyState.PREPARING, 1)
    assert row.record_on == in_days(30)
    assert browser.path == "/admin/assemblies/details/"
    assert "総会を登録しました。" in browser.text
    browser.get("/admin/assemblies/")
    assert "通常総会" in browser.text


def test_sent_twice_it_is_registered_once(make: Factory) -> None:
    browser = staff(make, Role.OPERATOR)
    browser.get("/admin/assemblies/new/")
    send(browser, "/new/", assembly_values())
    form = next(one for one in browser.forms() if one["action"].endswith("/new/"))
    data = {**form["fields"], "confirmed": "y"}
    answers = [browser.client.post("/admin/assemblies/new/", data=data) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [303, 303]
    assert answers[0].location == answers[1].location
    assembly()


def test_a_refusal_stands_beside_its_field_and_nothing_is_lost(make: Factory) -> None:
    browser = staff(make, Role.OPERATOR)
    for expected in (200, 409):
        browser.get("/admin/assemblies/new/")
        send(browser, "/new/", assembly_values(place="大阪市北区"))
        assert send(browser, "/new/", {"confirmed": "y"}) == expected
    assert 'id="no-e"' in browser.text
    assert 'value="大阪市北区"' in browser.text
    browser.get("/admin/assemblies/new/")
    assert send(browser, "/new/", assembly_values(held_time="25時", no="〇")) == 422
    assert 'value="25時"' in browser.text


def test_what_changed_in_between_is_told(make: Factory) -> None:
    browser, other = staff(make, Role.OPERATOR), make.staff(Role.OPERATOR)
    browser.get("/admin/assemblies/new/")
    send(browser, "/new/", assembly_values())
    send(browser, "/new/", {"confirmed": "y"})
    row = assembly()
    browser.get(f"/admin/assemblies/edit/?id={row.id}")
    assert 'value="13:30"' in browser.text
    run(
        assemblies.update_assembly,
        row.id,
        seen_version=1,
        kind="ORDINARY",
        no=1,
        held_on=in_days(61),
        held_time=row.held_at.time(),
        place="名古屋",
        actor=make.actor(other, Role.OPERATOR),
        now=clock.now(),
    )
    send(browser, "/edit/", {"place": "大阪"})
    assert send(browser, "/edit/", {"confirmed": "y"}) == 409
    assert "画面を開いたあとに内容が変わりました" in browser.text
    assert 'value="大阪"' in browser.text
    with committing_only_in_units_of_work():
        send(browser, "/edit/")
        send(browser, "/edit/", {"confirmed": "y"})
    assert (assembly().place, assembly().version) == ("大阪", 3)


def test_an_assembly_is_cancelled_with_a_reason(make: Factory) -> None:
    browser = staff(make, Role.OPERATOR)
    browser.get("/admin/assemblies/new/")
    send(browser, "/new/", assembly_values())
    send(browser, "/new/", {"confirmed": "y"})
    number = assembly().id
    browser.get(f"/admin/assemblies/finish/?id={number}")
    assert send(browser, "/finish/") == 409
    assert "開催の日時より前には、完了にできません" in browser.text
    browser.get(f"/admin/assemblies/cancel/?id={number}")
    assert send(browser, "/cancel/") == 422
    send(browser, "/cancel/", {"reason": "会場の都合"})
    assert assembly().state is AssemblyState.CANCELLED
    assert "/admin/assemblies/edit/" not in browser.text
