"""What is done after 結果確定 changes nothing in the kit: its hash stays, and the door goes on letting it out."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, text, update

from occto import clock, kit
from occto.domain.actor import Actor
from occto.domain.assembly import AssemblyState
from occto.domain.codes import ChangeSource, LateOutcome, Licence
from occto.domain.minutes import MinutesValues
from occto.domain.permissions import Role
from occto.domain.resolutions import ConsentOutcome
from occto.extensions import db
from occto.models import (
    Assembly,
    Body,
    CheckIn,
    HolderElection,
    KitHash,
    LateFact,
    LicenceHeld,
    Member,
    ReceiptList,
    SanctionFact,
    User,
)
from occto.queries.kit import kit_facts
from occto.services import register, resolutions
from occto.services.assemblies import finish_assembly
from occto.services.consents import record_consent
from occto.services.minutes import save_minutes
from occto.services.replies.receipts import publish_list
from occto.unit_of_work import run, unit_of_work
from occto.worker import note_kits
from tests import freezing
from tests.admin.office import staff
from tests.assembling import HELD, RECORD_ON, controls
from tests.factories import Factory
from tests.kit.kits import drawn, hash_of
from tests.queries.test_void_votes import ends
from tests.registering import entering, fact_id, facts_of, licence_id
from tests.replying import reply
from tests.results_scene import Ended, ended, surrounded

LATER = HELD + timedelta(days=40)


@pytest.fixture
def scene(make: Factory) -> Ended:
    found = ended(make, AssemblyState.RESULT_FIXED)
    surrounded(found)
    return found


def version(scene: Ended) -> int:
    db.session.expunge_all()
    db.session.rollback()
    return db.session.get_one(Assembly, scene.held.id).version


def actor(scene: Ended) -> Actor:
    return scene.make.actor(scene.make.staff(Role.APPROVER), Role.APPROVER)


def _minutes(scene: Ended) -> None:
    for no, words in enumerate(("はじめの案", "直した案")):
        values = MinutesValues(chair=words, notes=words, proceedings={scene.items[1].id: words})
        run(save_minutes, scene.held.id, values, seen_version=no, actor=actor(scene), now=LATER)


def _published(scene: Ended) -> None:
    run(resolutions.publish_result, scene.held.id, seen_version=version(scene), actor=actor(scene), now=LATER)


def _consents(scene: Ended) -> None:
    for no, outcome in enumerate((ConsentOutcome.REFUSED, ConsentOutcome.GRANTED)):
        given: dict[str, Any] = {"decided_on": date(2027, 1, 20), "document_number": "20270120資第1号"}
        run(
            record_consent,
            scene.items[1].id,
            outcome=outcome,
            note_words="取り違えたため",
            seen_no=no,
            actor=actor(scene),
            now=LATER,
            **given,
        )


def _late_receipts(scene: Ended) -> None:
    """Not even a list that were made anew after the fixing is in the kit."""
    reply(scene.make, scene.held, scene.members["solar"], received_at=LATER, opinion="遅れてすみません。")
    assert run(publish_list, scene.held.id, now=LATER) is not None
    db.session.rollback()
    assert len(db.session.scalars(select(ReceiptList)).all()) == 2


def _late_facts(scene: Ended) -> None:
    freezing.capital(scene.members["child"], 999)
    with unit_of_work() as session:
        for fact in session.scalars(select(LateFact)).all():
            fact.outcome, fact.reason = LateOutcome.KEEP, "別の理由"


def _renamed(scene: Ended) -> None:
    """From a day to come, and on record from long before; the firm itself, too."""
    with entering(now=LATER) as change:
        for name in ("grid", "shop"):
            member = scene.members[name]
            register.set_item(
                *change.into, member_id=member.id, item="name", value=f"あ{member.current_name}", effective_on=RECORD_ON
            )
    with unit_of_work() as session:
        session.execute(update(Body).values(name="新しい名の会社"))
        session.execute(update(Member).values(current_name="新しい名の会社", name_key="新"))


def _corrected_in_the_register(scene: Ended) -> None:
    """A capital that was wrong from its first day, a licence older than anybody knew, a parent nobody knew of."""
    (first, _value), *_more = facts_of(scene.members["parent"], "capital")
    number, licence = fact_id(scene.members["parent"], "capital", first), licence_id(scene.members["solar"], "GEN")
    with entering(now=LATER) as change:
        register.correct_item(
            *change.into, member_id=scene.members["parent"].id, fact_id=number, value=5, effective_on=first
        )
        right = {"number": "A2", "effective_on": date(2010, 1, 1), "ended_on": None, "end_reason": None}
        register.correct_licence(*change.into, member_id=scene.members["solar"].id, licence_id=licence, values=right)
    controls(scene.members["grid"], scene.members["wires"])


def _left(scene: Ended) -> None:
    """Some before the record date, as is known only now, one after it."""
    for name, on in (("shop", date(2026, 11, 1)), ("wires", date(2027, 1, 5))):
        held = db.session.scalars(select(LicenceHeld).where(LicenceHeld.member_id == scene.members[name].id)).all()
        for category in [licence.category for licence in held]:
            ends(scene.members[name], category, on)


def _new_licence(scene: Ended) -> None:
    with entering(now=LATER) as change:
        register.add_licence(
            *change.into,
            member_id=scene.members["solar"].id,
            category=Licence.RETAIL,
            number="A1",
            effective_on=date(2026, 11, 1),
        )


def _rights(scene: Ended) -> None:
    with unit_of_work() as session:
        session.execute(update(HolderElection).values(state="WITHDRAWN", withdrawn_at=LATER))
        change = register.begin_change(
            session, source_kind=ChangeSource.SANCTION, source_id=None, actor_id=None, second_actor_id=None, now=LATER
        )
        session.execute(update(SanctionFact).values(voided_id=change.id))
        register.finish_change(session, change, now=LATER)


def _people(scene: Ended) -> None:
    with unit_of_work() as session:
        session.execute(update(User).values(name="旧姓 花子"))


def _at_the_door(scene: Ended) -> None:
    chief = scene.make.user().id
    with unit_of_work() as session:
        session.execute(update(CheckIn).values(ending="LEFT", ended_at=LATER, ended_by_id=chief, reason="退出"))


def _finished(scene: Ended) -> None:
    run(finish_assembly, scene.held.id, seen_version=version(scene), actor=actor(scene), now=LATER)


ACTS: tuple[Callable[[Ended], None], ...] = (
    _minutes, _published, _consents, _late_receipts, _late_facts, _renamed, _corrected_in_the_register, _left,
    _new_licence, _rights, _people, _at_the_door, _finished,
)  # fmt: skip
"""In an order in which they can be done."""


def test_no_later_act_changes_the_hash(scene: Ended, monkeypatch: pytest.MonkeyPatch) -> None:
    assert note_kits() == 1
    noted = db.session.scalars(select(KitHash)).one().sha256
    first = drawn(scene.held)
    assert hash_of(first) == noted
    monkeypatch.setattr(clock, "now", lambda: LATER)
    for act in ACTS:
        act(scene)
        again = drawn(scene.held)
        assert {name for name in first if first[name] != again[name]} == set(), act.__name__
        assert hash_of(again) == noted
    assert note_kits() == 0
    browser = staff(scene.make)
    assert browser.get(f"/admin/results/export-kit/?id={scene.held.id}").status_code == 200


def test_the_order_of_rows_changes_nothing(scene: Ended, database_kind: str) -> None:
    """Wherever no order is asked for, the database gives rows in another one."""
    first = drawn(scene.held)
    settings = ("reverse_unordered_selects",) if database_kind == "sqlite" else ("enable_seqscan", "enable_hashjoin")
    for name in settings:
        on, off = (
            (f"PRAGMA {name} = 1", f"PRAGMA {name} = 0")
            if database_kind == "sqlite"
            else (f"SET LOCAL {name} = off", f"SET LOCAL {name} = on")
        )
        db.session.execute(text(on))
        assert dict(kit.files_of(kit_facts(db.session(), scene.held.id))) == first
        db.session.execute(text(off))


def test_hours_and_places_change_nothing(scene: Ended, monkeypatch: pytest.MonkeyPatch) -> None:
    import locale
    import time

    first = drawn(scene.held)
    for moment in (datetime(2031, 1, 1, tzinfo=HELD.tzinfo), HELD):
        monkeypatch.setattr(clock, "now", lambda moment=moment: moment)
        monkeypatch.setenv("TZ", "America/Los_Angeles")
        time.tzset()
        held = locale.setlocale(locale.LC_ALL)
        try:
            locale.setlocale(locale.LC_ALL, "C")
            assert drawn(scene.held) == first
        finally:
            locale.setlocale(locale.LC_ALL, held)
            monkeypatch.undo()
            time.tzset()
