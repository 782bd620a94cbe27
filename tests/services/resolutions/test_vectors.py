"""The vectors of the domain, decided by real assemblies through the verbs."""

import json
from pathlib import Path
from typing import Any

import pytest

from occto.domain.actor import Actor
from occto.domain.agenda import ItemKind
from occto.domain.assembly import AssemblyState
from occto.domain.permissions import Role
from occto.domain.tally import Choice, Outcome
from occto.services import resolutions
from occto.unit_of_work import run
from tests.assembling import HELD, assembly, item
from tests.deciding import decide
from tests.factories import Factory
from tests.observing import refused
from tests.receiving import Door, desk
from tests.replying import reply

C, S = Choice, AssemblyState
NOW = HELD


@pytest.fixture
def clerk(make: Factory) -> Actor:
    return make.actor(make.staff(Role.OPERATOR), Role.OPERATOR)


VECTORS = json.loads((Path(__file__).parents[2] / "data" / "voting.json").read_text("utf-8"))
CATEGORIES = {
    "一般送配電": "GTD",
    "送電": "TRANS",
    "配電": "DIST",
    "特定送配電": "SPTD",
    "小売": "RETAIL",
    "登録特定送配電": "RSPTD",
    "発電": "GEN",
    "特定卸供給": "AGG",
}
WORDS = {"賛成": C.YES, "反対": C.NO, "棄権": C.ABSTAIN}
RESULTS = {
    "可決": Outcome.CARRIED,
    "否決": Outcome.REJECTED,
    "可否同数(議長決裁)": Outcome.TIED,
    "不成立": Outcome.NOT_DECIDED,
}


@pytest.mark.parametrize("case", VECTORS["decisions"], ids=lambda case: case["id"])
@pytest.mark.parametrize("way", ["advance", "floor"])
def test_the_vectors_come_out_of_real_assemblies(make: Factory, clerk: Actor, case: dict[str, Any], way: str) -> None:
    """The same choices given on line, or recorded one by one at the hall, decide as the vector says."""
    of = next(one for one in VECTORS["allocation"] if one["id"] == case["weights_of"])
    members = {
        one["id"]: make.member(licences=tuple(CATEGORIES[name] for name in one["licences"])) for one in of["members"]
    }
    assert not of["parent_of"], "these vectors have no families"
    held = assembly(make, S.VOTING)
    chief = make.staff(Role.RECEPTION)
    hall = Door(make, held, next(iter(members.values())), next(iter(members.values())), chief, desk(held, chief))
    out = tuple(members[name] for name in case["excluded"])
    kind = ItemKind.ARTICLES if case["kind"] == "special" else ItemKind.OTHER
    one = item(held, kind=kind, conflict=out)
    for name, words in case["votes"].items():
        if way == "advance":
            reply(make, held, members[name], choices={one: WORDS[words]})
        elif members[name] not in out:
            hall.show(hall.ticket(members[name]))
            run(
                resolutions.record_floor_vote,
                one.id,
                members[name].id,
                choice=WORDS[words],
                seen_version=0,
                actor=clerk,
                now=NOW,
            )
    expected = case["expect"]
    result = RESULTS[expected["result"]]
    if result is Outcome.TIED:
        with refused("tie_undecided"):
            decide(one, clerk)
    made = decide(one, clerk, chair_choice=C.YES if result is Outcome.TIED else None)
    assert (made.yes, made.against, made.abstain, made.present) == (
        expected["yes"],
        expected["no"],
        expected["abstain"],
        expected["present"],
    )
    assert made.outcome is (Outcome.CARRIED if result is Outcome.TIED else result)
