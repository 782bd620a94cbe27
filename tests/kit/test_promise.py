"""What the data files say is a promise: a kit of a result fixed years ago has to come out with the hash in its minutes."""

from datetime import UTC, date, datetime

from occto import kit
from occto.domain.agenda import Consent, ItemKind
from occto.domain.assembly import AssemblyKind, AssemblyState
from occto.domain.resolutions import VoteChannel
from occto.domain.tally import Choice, Outcome, Resolution
from occto.models import AgendaItem, Assembly, AssemblyResult, ItemDecision, ReceiptList, Snapshot
from occto.queries.kit import KitFacts
from occto.queries.results import Given, ItemResult
from occto.services.snapshots import head_of
from tests.kit.kits import hash_of, vector_calculation

AT = datetime(2026, 12, 18, 2, 30, tzinfo=UTC)
KNOWN = "e8896c9a605f9ce76f1667f676a08d688f02eac65d2bbcfa8eff3a8eec4ffbbf"
QUORUM = {
    "met": True,
    "basis": None,
    "source": "",
    "counts": [{"basis": "VOTES", "present": 4, "whole": 4, "required": 2, "met": True}],
}


def _member(word: str, roster: int, *licences: str, capital: int | None = None) -> dict[str, object]:
    since = {"effective_from": "2020-04-01", "effective_to": None}
    return {"id": word, "roster_no": roster, "capital": capital, "licences": list(licences), **since}


CASE = {
    "record_date": "2026-11-18",
    "members": [
        _member("A", 1, "小売", "発電", capital=300),
        _member("B", 2, "発電", capital=100),
        _member("C", 3, "一般送配電"),
        _member("D", 4, "登録特定送配電", "特定卸供給"),
    ],
    "parent_of": {"B": "A"},
    "elections": [{"group": "G", "root": "A", "holder": "B"}],
}


def _decision(no: int, outcome: Outcome, **values: object) -> ItemDecision:
    given = {
        "yes": 2,
        "against": 2,
        "abstain": 0,
        "present": 4,
        "chair_choice": None,
        "amendment": None,
        "reason": None,
    }
    return ItemDecision(
        id=10 + no,
        item_id=1,
        no=no,
        resolution=Resolution.ORDINARY,
        outcome=outcome,
        quorum=QUORUM,
        decided_at=AT,
        sha256=f"{no}" * 64,
        **{**given, **values},
    )


def _facts() -> KitFacts:
    """An assembly with an item that was corrected, one that was withdrawn and a report, with every value given."""
    calculation, dates, _number = vector_calculation(CASE)
    held = Assembly(
        id=1,
        kind=AssemblyKind.ORDINARY,
        fiscal_year=2026,
        no=1,
        held_at=datetime(2026, 12, 18, 1, 0, tzinfo=UTC),
        place="東都会館",
        record_on=date(2026, 11, 18),
        state=AssemblyState.PUBLISHED,
    )
    basis = {"settings": {"policies": {}, "shares": {}}, "elections": [[1, "G", 1, 2]], "findings": []}
    snapshot = Snapshot(**(head_of(calculation) | {"basis": basis}), no=1, sha256="a" * 64, made_at=AT)
    decided, withdrawn, report = (
        AgendaItem(id=no, no=no, kind=kind, title=title, majority=majority, consent=consent)
        for no, kind, title, majority, consent in (
            (1, ItemKind.BUDGET, "予算の件", Resolution.ORDINARY, Consent.APPROVAL),
            (2, ItemKind.OTHER, "会費の件", Resolution.SPECIAL, Consent.NONE),
            (3, ItemKind.REPORT, "業務の報告", None, Consent.NONE),
        )
    )
    withdrawn.withdrawn_at, withdrawn.withdrawn_reason = AT, "再検討のため"
    last = _decision(2, Outcome.CARRIED, chair_choice=Choice.YES, amendment="第3条を改める。", reason="数え直した")
    return KitFacts(
        assembly=held,
        snapshot=snapshot,
        calculation=calculation,
        dates=dates,
        results=[
            ItemResult(decided, [last, _decision(1, Outcome.REJECTED)], {}, conflicts=[(4, "D")]),
            ItemResult(withdrawn, [], {}),
            ItemResult(report, [], {}),
        ],
        votes={
            12: {
                1: Given(VoteChannel.ELECTRONIC, Choice.YES),
                2: Given(VoteChannel.PAPER, Choice.NO),
                3: Given(VoteChannel.FLOOR, Choice.ABSTAIN),
            }
        },
        fixed=AssemblyResult(
            assembly_id=1,
            no=1,
            quorum=QUORUM,
            quorum_met=True,
            override_reason=None,
            fixed_at=AT,
            sha256="b" * 64,
        ),
        receipts=ReceiptList(assembly_id=1, no=1, made_at=AT, count=3, root="c" * 64, leaves=[]),
    )


def test_the_same_facts_give_the_same_hash_in_every_version_of_the_system() -> None:
    """Where this fails, kits of earlier results can no longer be handed out: their hashes are noted and in the minutes.

    A new form of the data files therefore goes beside this one, for results fixed from then on; it does not replace it.
    """
    assert hash_of(dict(kit.files_of(_facts()))) == KNOWN
