"""Kits of halls made at random and decided by the verbs themselves: everything agrees, down to every hash."""

from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from occto.domain.assembly import AssemblyState
from occto.domain.errors import Refusal
from occto.domain.permissions import Role
from occto.domain.tally import Choice
from occto.extensions import db
from occto.models import Assembly
from occto.services import resolutions
from occto.unit_of_work import run
from tests import deciding
from tests.factories import Factory
from tests.freezing import moved
from tests.kit.kits import drawn, laid_out, recomputed
from tests.receiving import ARRIVAL


@pytest.mark.parametrize("seed", range(6))
def test_a_hall_decided_by_the_verbs_is_recomputed(make: Factory, tmp_path: Path, seed: int) -> None:
    door, items = deciding.random_hall(make, seed)
    clerk = make.actor(make.staff(Role.APPROVER), Role.APPROVER)
    moved(door.held.id, AssemblyState.VOTING)
    for one in items:
        deciding.sheet(one, clerk, floor=Choice.YES, chair=Choice.NO)
        for reason in (None, "数え直したため"):
            _decide(one, clerk, reason=reason)
    db.session.rollback()
    version = db.session.get_one(Assembly, door.held.id).version
    values: dict[str, Any] = {"override_reason": "緊急の議決のため", "seen_version": version}
    run(resolutions.fix_result, door.held.id, **values, actor=clerk, now=ARRIVAL)
    code, said = recomputed(laid_out(drawn(door.held), tmp_path / "kit"))
    assert code == 0, said


def _decide(item: Any, clerk: Any, **values: Any) -> None:
    """Decided as it stands, by the chair where it is divided equally."""
    for chair in (None, Choice.YES):
        with suppress(Refusal):
            deciding.decide(item, clerk, chair_choice=chair, **values)
            return
