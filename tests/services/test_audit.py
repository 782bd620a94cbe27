from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import delete, func, select, text, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from occto.domain.actor import SYSTEM, Actor
from occto.domain.audit_tags import AUDIT_TAGS
from occto.extensions import db
from occto.models import AccessEvent, AccessSubject, AuditDetail, AuditEvent, AuditLink
from occto.models.triggers import drop_triggers
from occto.queries.health import oldest_unsealed
from occto.services import audit
from occto.unit_of_work import run, unit_of_work
from tests.answers import start
from tests.factories import NOW, Factory


def _event(no: int = 1) -> int:
    detail = {"kind": f"kind-{no}"}
    return run(audit.record, "link.requested", subject=f"LINK:{no}", actor=SYSTEM, now=NOW, detail=detail)


def _seal(now: Any = NOW, limit: int = 1000) -> int:
    return run(audit.seal, now=now, limit=limit)


def _report() -> audit.ChainReport:
    db.session.remove()
    report = audit.verify(db.session())
    db.session.rollback()
    return report


def _sealed_events(count: int) -> list[int]:
    made = [_event(no) for no in range(count)]
    assert _seal() == count
    return made


def test_an_event_carries_who_for_whom_and_in_which_request(make: Factory) -> None:
    user, member = make.user(), make.member()
    actor = Actor(user_id=user.id, member_id=member.id, session_id=77, request_id="r-1", address="192.0.2.1")
    event_id = run(
        audit.record, "link.requested", subject="LINK:1", actor=actor, now=NOW, detail={"kind": "x"}, clause="2.1.2"
    )
    event = db.session.get(AuditEvent, event_id)
    assert event is not None
    assert (event.actor_id, event.member_id, event.session_id, event.request_id) == (user.id, member.id, 77, "r-1")
    assert (event.at, event.clause, event.subject) == (NOW, "2.1.2", "LINK:1")


@pytest.mark.parametrize("detail", [None, {}, {"kind": "x", "more": 1}, {"other": 1}])
def test_a_tag_has_a_fixed_set_of_keys(app: Flask, detail: dict[str, Any] | None) -> None:
    with pytest.raises(ValueError, match="has the keys"):
        run(audit.record, "link.requested", subject="LINK:1", actor=SYSTEM, now=NOW, detail=detail)
    assert db.session.scalar(select(func.count()).select_from(AuditEvent)) == 0


def test_every_tag_has_a_title() -> None:
    assert all(title and title.strip() == title for title, _keys in AUDIT_TAGS.values())


def test_the_chain_verifies_and_counts_what_is_unsealed(app: Flask) -> None:
    assert _report() == audit.ChainReport(links=0, unsealed=0, head=audit.GENESIS, fault=None)
    _sealed_events(5)
    _event(6)
    report = _report()
    assert (report.links, report.unsealed, report.fault) == (5, 1, None)
    head = db.session.scalar(select(AuditLink.hash).order_by(AuditLink.position.desc()))
    assert report.head == head
    assert _seal() == 1
    assert _seal() == 0
    assert _report().unsealed == 0


def test_sealing_goes_on_in_batches(app: Flask) -> None:
    for no in range(7):
        _event(no)
    assert [_seal(limit=3) for _ in range(4)] == [3, 3, 1, 0]
    assert _report().fault is None
    assert db.session.scalars(select(AuditLink.position).order_by(AuditLink.position)).all() == list(range(1, 8))


def test_the_oldest_unsealed_event_is_named(app: Flask) -> None:
    assert oldest_unsealed(db.session()) is None
    _event()
    assert oldest_unsealed(db.session()) == NOW
    _seal()
    assert oldest_unsealed(db.session()) is None


def _tamper(*statements: Any) -> None:
    with unit_of_work() as session:
        drop_triggers(session.connection())
        for statement in statements:
            session.execute(statement)


@pytest.mark.parametrize("position", [1, 3, 5])
def test_a_changed_event_is_found_with_its_position(app: Flask, position: int) -> None:
    events = _sealed_events(5)
    _tamper(update(AuditEvent).where(AuditEvent.id == events[position - 1]).values(subject="LINK:forged"))
    assert _report().fault == f"event {events[position - 1]} at position {position} does not match its link"


@pytest.mark.parametrize(
    "column",
    ["at", "tag", "actor_id", "member_id", "application_id", "session_id", "subject", "request_id", "clause"],
)
def test_every_column_of_an_event_is_under_the_chain(make: Factory, column: str) -> None:
    user, member = make.user(), make.member()
    case = start(make)
    while _seal():
        pass
    events = _sealed_events(1)
    forged: dict[str, Any] = {
        "at": NOW + timedelta(microseconds=1),
        "actor_id": user.id,
        "member_id": member.id,
        "application_id": case.id,
        "session_id": 9,
    }
    _tamper(update(AuditEvent).where(AuditEvent.id == events[0]).values({column: forged.get(column, "forged")}))
    assert "does not match its link" in (_report().fault or "")


def test_a_changed_payload_is_found(app: Flask) -> None:
    events = _sealed_events(3)
    _tamper(update(AuditDetail).where(AuditDetail.event_id == events[1]).values(payload={"kind": "forged"}))
    assert _report().fault == f"the payload of event {events[1]} was changed"


def test_a_payload_row_that_is_gone_is_found(app: Flask) -> None:
    events = _sealed_events(3)
    _tamper(delete(AuditDetail).where(AuditDetail.event_id == events[2]))
    assert _report().fault == f"the payload row of event {events[2]} is missing"


def test_a_link_and_event_taken_out_of_the_middle_are_found(app: Flask) -> None:
    events = _sealed_events(4)
    _tamper(
        delete(AuditLink).where(AuditLink.event_id == events[1]),
        delete(AuditDetail).where(AuditDetail.event_id == events[1]),
        delete(AuditEvent).where(AuditEvent.id == events[1]),
    )
    assert _report().fault == "position 2 is missing"


def test_a_link_without_its_event_is_found(app: Flask) -> None:
    """Removing an event and leaving its link: where foreign keys were off when it was done."""
    events = _sealed_events(3)
    with unit_of_work() as session:
        drop_triggers(session.connection())
        if session.get_bind().dialect.name == "postgresql":
            session.execute(text("ALTER TABLE audit_links DROP CONSTRAINT fk_audit_links_event_id"))
            session.execute(text("ALTER TABLE audit_details DROP CONSTRAINT fk_audit_details_event_id"))
    if db.engine.dialect.name == "sqlite":
        db.session.connection().exec_driver_sql("SELECT 1")
        db.session.rollback()
        raw = db.session.connection().connection.driver_connection
        assert raw is not None
        db.session.rollback()
        raw.execute("PRAGMA foreign_keys=OFF")
    with unit_of_work() as session:
        session.execute(delete(AuditEvent).where(AuditEvent.id == events[2]))
    assert _report().fault == f"event {events[2]} at position 3 is missing"


def test_a_purged_payload_leaves_the_chain_whole(make: Factory) -> None:
    events = _sealed_events(3)
    user = make.user()
    with unit_of_work() as session:
        session.execute(
            update(AuditDetail)
            .where(AuditDetail.event_id == events[1])
            .values(payload=None, purged_by_id=user.id)
            .execution_options(synchronize_session=False)
        )
    assert _report().fault is None


REFUSED = [
    (AuditEvent, {"subject": "forged"}),
    (AuditLink, {"hash": "0" * 64}),
    (AccessEvent, {"screen": "forged"}),
    (AccessSubject, {"subject_kind": "forged"}),
    (AuditDetail, {"salt": "forged"}),
]


@pytest.mark.parametrize(("table", "values"), REFUSED)
@pytest.mark.parametrize("act", ["update", "delete", "truncate"])
def test_the_trail_is_only_added_to(make: Factory, table: Any, values: dict[str, Any], act: str) -> None:
    user = make.user()
    _sealed_events(2)
    actor = make.actor(user)
    shown: dict[str, Any] = {"screen": "admin", "subject_kind": "MEMBER", "subject_ids": [5], "details": True}
    run(audit.record_access, **shown, actor=actor, now=NOW)
    if act == "truncate" and db.engine.dialect.name == "sqlite":
        pytest.skip("SQLite has no TRUNCATE; DELETE without WHERE is refused by the trigger above")
    before = db.session.scalar(select(func.count()).select_from(table)) or 0
    name = table.__tablename__
    statements: dict[str, Any] = {
        "update": update(table).values(values),
        "delete": delete(table),
        "truncate": text(f"TRUNCATE {name} CASCADE"),
    }
    with pytest.raises(DBAPIError, match="keeps its history"), unit_of_work() as session:
        session.execute(statements[act])
    assert db.session.scalar(select(func.count()).select_from(table)) == before > 0


def test_access_notes_each_subject_once_where_details_were_opened(make: Factory) -> None:
    actor = make.actor(make.user())
    given: dict[str, Any] = {"screen": "members", "subject_kind": "MEMBER", "actor": actor, "now": NOW}
    run(audit.record_access, subject_ids=[3, 1, 3], details=True, **given)
    run(audit.record_access, subject_ids=[8, 9], details=False, search_key="x" * 500, **given)
    assert sorted(db.session.scalars(select(AccessSubject.subject_id))) == [1, 3]
    lists = db.session.scalars(select(AccessEvent).order_by(AccessEvent.id)).all()
    assert [event.subject_ids for event in lists] == [[3, 1, 3], [8, 9]]
    assert len(lists[1].search_key or "") == 200


@pytest.mark.races
def test_an_event_that_commits_late_is_not_missed(fresh_app: Flask) -> None:
    """PostgreSQL gives ids out before commit: the later one may be there first. SQLite has one writer at a time."""
    if db.engine.dialect.name == "sqlite":
        pytest.skip("one writer at a time: ids commit in order")
    with Session(db.engine) as slow, Session(db.engine) as quick:
        detail = {"kind": "x"}
        late = audit.record(slow, "link.requested", subject="LINK:late", actor=SYSTEM, now=NOW, detail=detail)
        early = audit.record(quick, "link.requested", subject="LINK:early", actor=SYSTEM, now=NOW, detail=detail)
        assert late < early
        quick.commit()
        assert _seal() == 1
        slow.commit()
    assert _seal(NOW + timedelta(minutes=30)) == 1
    report = _report()
    assert (report.links, report.unsealed, report.fault) == (2, 0, None)
    assert db.session.scalars(select(AuditLink.event_id).order_by(AuditLink.position)).all() == [early, late]


@pytest.mark.races
def test_two_sealers_make_one_chain(fresh_app: Flask) -> None:
    for no in range(60):
        _event(no)
    db.session.remove()
    ready = Barrier(4)

    def sealer(_no: int) -> int:
        with fresh_app.app_context():
            ready.wait()
            sealed = sum(_seal(limit=5) for _ in range(20))
            db.session.remove()
            return sealed

    with ThreadPoolExecutor(4) as pool:
        sealed = list(pool.map(sealer, range(4)))
    while _seal():
        pass
    report = _report()
    assert (report.links, report.unsealed, report.fault) == (60, 0, None)
    assert sum(sealed) <= 60
