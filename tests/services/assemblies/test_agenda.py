"""議案 and documents: added, changed, put in order, withdrawn, each until when the law allows."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from occto.domain.actor import Actor
from occto.domain.agenda import Consent, ItemKind
from occto.domain.assembly import ASSEMBLY, AssemblyState
from occto.domain.codes import AttachmentKind, ScanState
from occto.domain.dates import JST
from occto.domain.errors import IllegalStep
from occto.domain.permissions import Role
from occto.domain.tally import Resolution
from occto.extensions import db
from occto.models import AgendaConflict, AgendaItem, Assembly, Attachment, AuditEvent
from occto.services import assemblies
from occto.services.assemblies import agenda
from occto.unit_of_work import run, unit_of_work
from tests.assembling import assembly, item
from tests.factories import NOW, Factory
from tests.observing import refused
from tests.racing import at_once

S, K = AssemblyState, ItemKind
FLOOR_OVER = datetime(2026, 12, 13, tzinfo=JST)  # D-6 is the 12th
PDF = b"%PDF-1.4\n%%EOF"


@pytest.fixture
def actor(make: Factory) -> Actor:
    return make.actor(make.staff(Role.OPERATOR), Role.OPERATOR)


@pytest.fixture
def outsider(make: Factory) -> Actor:
    return make.actor(make.staff(Role.SYSTEM), Role.SYSTEM)


def _values(**changes: Any) -> dict[str, Any]:
    return {
        "kind": K.OTHER,
        "title": "規程の制定の件",
        "summary": "別紙のとおり",
        "majority": None,
        "consent": None,
        "rule_reason": None,
        "now": NOW,
    } | changes


def _add(held: Assembly, actor: Actor, **changes: Any) -> int:
    return run(assemblies.add_item, held.id, actor=actor, **_values(**changes))


def _update(item_id: int, actor: Actor, *, version: int = 1, **changes: Any) -> None:
    run(assemblies.update_item, item_id, seen_version=version, actor=actor, **_values(**changes))


def _move(item_id: int, actor: Actor, *, up: bool = True, version: int = 1) -> None:
    run(assemblies.move_item, item_id, up=up, seen_version=version, actor=actor, now=NOW)


def _withdraw(item_id: int, actor: Actor, *, version: int = 1, reason: str | None = "再検討のため") -> None:
    run(assemblies.withdraw_item, item_id, reason=reason, seen_version=version, actor=actor, now=NOW)


def _row(item_id: int) -> AgendaItem:
    db.session.rollback()
    return db.session.get_one(AgendaItem, item_id)


def _order(held: Assembly) -> list[int]:
    db.session.rollback()
    return list(
        db.session.scalars(select(AgendaItem.id).where(AgendaItem.assembly_id == held.id).order_by(AgendaItem.no))
    )


@pytest.mark.parametrize(
    ("kind", "majority", "consent"),
    [
        (K.ARTICLES, Resolution.SPECIAL, Consent.AUTHORISATION),
        (K.RULES, Resolution.SPECIAL, Consent.AUTHORISATION),
        (K.BUDGET, Resolution.ORDINARY, Consent.AUTHORISATION),
        (K.ACCOUNTS, Resolution.ORDINARY, Consent.APPROVAL),
        (K.OFFICER, Resolution.ORDINARY, Consent.AUTHORISATION),
        (K.OTHER, Resolution.ORDINARY, Consent.NONE),
        (K.REPORT, None, Consent.NONE),
    ],
)
def test_an_item_needs_what_its_kind_needs(
    make: Factory, actor: Actor, kind: K, majority: Resolution | None, consent: Consent
) -> None:
    held = assembly(make, S.PREPARING)
    row = _row(_add(held, actor, kind=kind, rule_reason="使わない"))
    assert (row.no, row.majority, row.consent, row.rule_reason) == (1, majority, consent, None)
    assert row.notified_at is None


def test_what_is_not_as_usual_needs_a_reason(make: Factory, actor: Actor) -> None:
    held = assembly(make, S.PREPARING)
    for changes in ({"majority": "SPECIAL"}, {"consent": "APPROVAL"}):
        with refused("rule_reason_missing", field="rule_reason"):
            _add(held, actor, **changes)
    row = _row(_add(held, actor, majority="SPECIAL", rule_reason=" 定款 第30条による "))
    assert (row.majority, row.consent, row.rule_reason) == (Resolution.SPECIAL, Consent.NONE, "定款 第30条による")
    _update(row.id, actor)
    assert (_row(row.id).majority, _row(row.id).rule_reason) == (Resolution.ORDINARY, None)


def test_a_report_is_not_decided(make: Factory, actor: Actor) -> None:
    held = assembly(make, S.PREPARING)
    with refused("report_not_decided", field="majority"):
        _add(held, actor, kind=K.REPORT, majority="ORDINARY", rule_reason="念のため")
    with refused("report_not_decided", field="consent"):
        _add(held, actor, kind=K.REPORT, consent="APPROVAL", rule_reason="念のため")


@pytest.mark.parametrize(
    "title", ["理事3名選任の件", "理事１２名選任の件", "理事三名選任の件", "理事 甲及び乙 選任の件"]
)
def test_officers_are_decided_one_by_one(make: Factory, actor: Actor, title: str) -> None:
    held = assembly(make, S.PREPARING)
    with refused("officer_one_person", field="title"):
        _add(held, actor, kind=K.OFFICER, title=title)
    _add(held, actor, kind=K.OTHER, title=title)
    _add(held, actor, kind=K.OFFICER, title="理事 山田 太郎 選任の件")


@pytest.mark.parametrize("state", list(S))
def test_in_which_state_the_agenda_moves(make: Factory, actor: Actor, state: S) -> None:
    """Every state × every step on the agenda, as the table says."""
    held = assembly(make, state)
    steps = {
        "agenda": lambda: _add(held, actor),
        "edit": lambda: _move(item(held, 60, notified_at=None).id, actor),
        "withdraw_item": lambda: _withdraw(item(held, 61).id, actor),
        "conflicts": lambda: run(assemblies.add_conflict, item(held, 62).id, make.member().id, actor=actor, now=NOW),
        "documents": lambda: _upload(held, actor),
    }
    item(held, 49)
    for name, act in steps.items():
        if state in ASSEMBLY.step(name).sources:
            act()
        else:
            with pytest.raises(IllegalStep):
                act()


def test_each_step_needs_its_permission(make: Factory, actor: Actor, outsider: Actor) -> None:
    held, member = assembly(make, S.PREPARING), make.member()
    first = _add(held, actor)
    kept = _upload(held, actor)
    for act in (
        lambda: _add(held, outsider),
        lambda: _update(first, outsider),
        lambda: _move(first, outsider),
        lambda: _withdraw(first, outsider),
        lambda: run(assemblies.add_conflict, first, member.id, actor=outsider, now=NOW),
        lambda: run(assemblies.remove_conflict, first, member.id, actor=outsider, now=NOW),
        lambda: _upload(held, outsider),
        lambda: run(assemblies.remove_document, held.id, kept, actor=outsider, now=NOW),
    ):
        with refused("not_allowed"):
            act()


def test_after_the_notice_an_item_is_withdrawn_and_not_changed(make: Factory, actor: Actor) -> None:
    held = assembly(make, S.NOTIFIED)
    first, second = item(held, 1), item(held, 2)
    with refused("item_notified"):
        _update(first.id, actor)
    with refused("illegal_step"):
        _move(second.id, actor)
    with refused("reason_missing", field="reason"):
        _withdraw(first.id, actor, reason=None)
    with refused("stale"):
        _withdraw(first.id, actor, version=2)
    _withdraw(first.id, actor)
    row = _row(first.id)
    assert (row.no, row.withdrawn_at, row.withdrawn_reason, row.version) == (1, NOW, "再検討のため", 2)
    with refused("item_withdrawn"):
        _withdraw(first.id, actor, version=2)
    assert _row(second.id).no == 2


def test_a_further_item_is_possible_while_members_can_still_be_told(make: Factory, actor: Actor) -> None:
    held = assembly(make, S.REPLIES_OPEN)
    item(held, 1)
    in_time = FLOOR_OVER - timedelta(seconds=1)
    further = _add(held, actor, now=in_time)
    assert (_row(further).no, _row(further).notified_at) == (2, None)
    _update(further, actor, title="改めた件", now=in_time)
    with refused("too_late_to_notify"):
        _add(held, actor, now=FLOOR_OVER)
    with refused("too_late_to_notify"):
        _update(further, actor, version=2, title="さらに改めた件", now=FLOOR_OVER)


def test_before_the_notice_the_day_does_not_matter(make: Factory, actor: Actor) -> None:
    assert _add(assembly(make, S.COUNTING), actor, now=FLOOR_OVER)


def test_what_changed_is_kept_and_counts_the_versions_up(make: Factory, actor: Actor) -> None:
    held = assembly(make, S.PREPARING)
    first = _add(held, actor)
    _update(first, actor, title="改めた件")
    assert (_row(first).title, _row(first).version) == ("改めた件", 2)
    assert db.session.get_one(Assembly, held.id).version == 3
    _update(first, actor, version=2, title="改めた件")
    assert _row(first).version == 2
    with refused("stale"):
        _update(first, actor)
    with refused("not_found"):
        _update(10**6, actor)
    db.session.rollback()
    tags = db.session.scalars(select(AuditEvent.tag).order_by(AuditEvent.id)).all()
    assert tags == ["assembly.item_added", "assembly.item_changed"]


def test_items_change_places_and_close_up(make: Factory, actor: Actor) -> None:
    held = assembly(make, S.PREPARING)
    a, b, c = (_add(held, actor, title=words) for words in ("甲の件", "乙の件", "丙の件"))
    _move(c, actor)
    assert _order(held) == [a, c, b]
    _move(a, actor, up=False)
    assert _order(held) == [c, a, b]
    with refused("nowhere_to_move"):
        _move(c, actor, version=2)
    with refused("nowhere_to_move"):
        _move(b, actor, up=False)
    with refused("stale"):
        _move(a, actor)
    _withdraw(c, actor, version=2)
    assert _order(held) == [a, b, c]
    assert [_row(one).no for one in (a, b, c)] == [1, 2, 3]
    d = _add(held, actor, title="丁の件")
    assert _order(held) == [a, b, d, c]
    with refused("nowhere_to_move"):
        _move(d, actor, up=False)


def test_there_is_an_end_to_the_agenda(make: Factory, actor: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(agenda, "MOST_ITEMS", 2)
    held = assembly(make, S.PREPARING)
    for _ in range(2):
        _add(held, actor)
    with refused("too_many_items"):
        _add(held, actor)


def test_a_member_without_a_vote_on_an_item(make: Factory, actor: Actor) -> None:
    held, member = assembly(make), make.member()
    first, report = item(held, 1), item(held, 2, kind=K.REPORT)
    gone = item(held, 3, withdrawn_at=NOW, withdrawn_reason="取り下げ")

    def add(item_id: int, member_id: int) -> bool:
        return run(assemblies.add_conflict, item_id, member_id, actor=actor, now=NOW) is not None

    def remove(item_id: int, member_id: int) -> bool:
        return run(assemblies.remove_conflict, item_id, member_id, actor=actor, now=NOW) is not None

    assert (add(first.id, member.id), add(first.id, member.id)) == (True, False)
    assert _row(first.id).version == 2
    assert db.session.get(AgendaConflict, (first.id, member.id)) is not None
    with refused("report_not_decided"):
        add(report.id, member.id)
    with refused("item_withdrawn"):
        add(gone.id, member.id)
    with refused("not_found"):
        add(first.id, 10**6)
    with refused("not_found"):
        add(10**6, member.id)
    assert (remove(first.id, member.id), remove(first.id, member.id)) == (True, False)
    db.session.rollback()
    assert db.session.query(AgendaConflict).count() == 0


def test_an_item_that_becomes_a_report_has_no_members_without_a_vote(make: Factory, actor: Actor) -> None:
    held, member = assembly(make, S.PREPARING), make.member()
    first = item(held, 1, conflict=(member,))
    _update(first.id, actor, kind=K.REPORT)
    db.session.rollback()
    assert db.session.query(AgendaConflict).count() == 0


def _upload(held: Assembly, actor: Actor, title: str = "議案書") -> int:
    return run(
        assemblies.add_document,
        held.id,
        title=title,
        media_type="application/pdf",
        content=PDF,
        scan_state=ScanState.NOT_CONFIGURED,
        actor=actor,
        now=NOW,
    )


def test_documents_have_a_title_and_are_kept_when_removed(make: Factory, actor: Actor) -> None:
    held, other = assembly(make), assembly(make)
    first = _upload(held, actor, "第1号/議案書")
    db.session.rollback()
    row = db.session.get_one(Attachment, first)
    assert (row.name, row.kind, row.assembly_id) == ("第1号／議案書.pdf", AttachmentKind.ASSEMBLY_FILE, held.id)
    with refused("not_found"):
        run(assemblies.remove_document, other.id, first, actor=actor, now=NOW)
    run(assemblies.remove_document, held.id, first, actor=actor, now=NOW)
    with refused("not_found"):
        run(assemblies.remove_document, held.id, first, actor=actor, now=NOW)
    db.session.rollback()
    assert db.session.get_one(Attachment, first).removed_at == NOW


def test_a_scan_of_a_reply_is_no_document(make: Factory, actor: Actor) -> None:
    held = assembly(make)
    first = _upload(held, actor)
    with unit_of_work() as session:
        session.get_one(Attachment, first).kind = AttachmentKind.REPLY_PAPER
    with refused("not_found"):
        run(assemblies.remove_document, held.id, first, actor=actor, now=NOW)


@pytest.mark.races
def test_several_add_and_move_at_once(fresh_app: Flask) -> None:
    make = Factory(fresh_app)
    held = assembly(make, S.PREPARING)
    first, second = item(held, 1), item(held, 2)
    person = make.actor(make.staff(Role.OPERATOR), Role.OPERATOR)
    assembly_id, one, two = held.id, first.id, second.id
    db.session.remove()
    acts = [lambda: run(assemblies.add_item, assembly_id, actor=person, **_values()) for _ in range(3)]
    results = at_once(fresh_app, [*acts, lambda: _move(two, person), lambda: _move(one, person, up=False)])
    assert all(isinstance(number, int) for number in results[:3])
    db.session.rollback()
    numbers = db.session.scalars(select(AgendaItem.no).order_by(AgendaItem.no)).all()
    assert numbers == [1, 2, 3, 4, 5]
