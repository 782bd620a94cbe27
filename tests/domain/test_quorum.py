"""定足数 on three bases: half rounded up, the formula in words, what decides, what disagrees."""

from hypothesis import given
from hypothesis import strategies as st

from occto.domain.assembly_settings import AssemblySettings, QuorumBasis
from occto.domain.quorum import CERTAIN, EXPECTED, Count, Quorum, quorum
from occto.domain.replies import Attendance

B = QuorumBasis
WHOLE = {B.ALL_MEMBERS: 2312, B.DEEMED_MEMBERS: 1571, B.VOTES: 5760}


def of(members: int, deemed: int, votes: int, **settings: object) -> Quorum:
    present = {B.ALL_MEMBERS: members, B.DEEMED_MEMBERS: deemed, B.VOTES: votes}
    return quorum(present, WHOLE, AssemblySettings(**settings))  # type: ignore[arg-type]


def test_half_of_an_odd_number_is_rounded_up_and_explained() -> None:
    count = Count(B.DEEMED_MEMBERS, 785, 1571)
    assert (count.required, count.met, count.lacking) == (786, False, 1)
    assert count.formula == "必要数は、みなし会員 1,571社の半数以上（1,571 ÷ 2 = 785.5 を切り上げ）"
    assert Count(B.DEEMED_MEMBERS, 786, 1571).met


def test_half_of_an_even_number_is_enough() -> None:
    count = Count(B.VOTES, 2880, 5760)
    assert (count.required, count.met, count.lacking) == (2880, True, 0)
    assert count.formula == "必要数は、議決権 5,760票の半数以上（5,760 ÷ 2 = 2,880）"
    assert not Count(B.VOTES, 2879, 5760).met


def test_where_there_is_nobody_nothing_is_met() -> None:
    count = Count(B.ALL_MEMBERS, 0, 0)
    assert not count.met
    assert count.formula == "全会員が 0社のため、数えられません"


@given(st.integers(0, 2**62), st.integers(1, 2**62))
def test_met_is_the_same_as_reaching_the_required_number(present: int, whole: int) -> None:
    count = Count(B.VOTES, present, whole)
    assert count.met == (present >= count.required) == (2 * present >= whole)
    assert 2 * count.required - whole in (0, 1)


def test_without_a_source_every_basis_must_be_met() -> None:
    found = of(1155, 786, 2880)
    assert not found.met
    assert found.main.basis is B.ALL_MEMBERS
    assert of(1156, 786, 2880).met
    assert "3つの数え方すべてを満たす必要があります" in found.rule
    unproved = of(1155, 786, 2880, quorum_basis=B.VOTES, quorum_source=" ")
    assert (unproved.basis, unproved.met) == (None, False)


def test_the_chosen_basis_decides_alone() -> None:
    found = of(0, 786, 0, quorum_basis=B.DEEMED_MEMBERS, quorum_source="定款 第25条")
    assert found.met
    assert found.main.basis is B.DEEMED_MEMBERS
    assert found.rule == "この総会は、みなし会員の数で判定します（根拠：定款 第25条）。"
    assert not of(2312, 785, 5760, quorum_basis=B.DEEMED_MEMBERS, quorum_source="定款 第25条").met


def test_disagreement_is_said_in_words() -> None:
    assert of(1156, 786, 2880).disagreement == of(0, 0, 0).disagreement == ""
    assert of(1155, 786, 2880).disagreement == (
        "数え方によって判定が分かれています。みなし会員と議決権の数では満たし、全会員の数では満たしません。"
    )
    assert of(1155, 785, 2880).disagreement == (
        "数え方によって判定が分かれています。議決権の数では満たし、全会員とみなし会員の数では満たしません。"
    )


def test_of_unmet_bases_the_farthest_is_shown_first() -> None:
    assert of(1000, 100, 2000).main.basis is B.DEEMED_MEMBERS
    assert of(2312, 1571, 5760).main.basis is B.ALL_MEMBERS


def test_who_is_present() -> None:
    assert frozenset({Attendance.ELECTRONIC, Attendance.PROXY, Attendance.CHAIR}) == CERTAIN
    assert {Attendance.ATTEND} == EXPECTED - CERTAIN
    assert not {Attendance.ABSENT, Attendance.WITHDRAWN} & EXPECTED
