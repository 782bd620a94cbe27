"""The codes of the clauses: complete, spelled alike in name and value, cited as people do."""

import re
import unicodedata

import pytest

from occto.domain.clauses import Clause


def test_the_clauses_of_the_rules_are_complete() -> None:
    rules = """1.3.1 1.3.2 1.3.3 2.1.1① 2.1.1② 2.1.1③ 2.1.2 2.2 2.3.1 2.3.2 2.4① 2.4② 2.4③ 2.4④
        2.5① 2.5② 2.5③ 2.5④ 2.5⑤ 2.5⑥ 2.5⑦ 2.5⑧ 2.6 2.7.1 2.7.2① 2.7.2② 2.7.2③ 2.7.2④ 2.7.4 2.8 2.9
        3.1/3.2.1 3.1/3.2.2 3.2 3.3/3.4.1 3.3/3.4.2 3.3/3.4.3 3.3/3.4.4 3.4 4.1 4.2 5.1.2 5.2 5.3.1 5.3.2"""
    assert [clause.value for clause in Clause] == rules.split()


def test_the_name_of_a_clause_spells_its_code() -> None:
    for clause in Clause:
        spaced = re.sub("([①-⑧])", r" \1", clause.value)
        assert clause.name == "C" + "_".join(re.findall(r"\d+", unicodedata.normalize("NFKC", spaced)))


@pytest.mark.parametrize(
    ("clause", "label"),
    [
        (Clause.C2_7_2_4, "利用規約 2.7.2④"),
        (Clause.C3_3_3_4_2, "利用規約 3.3(3.4.2)"),
        (Clause.C3_2, "利用規約 3.2"),
        (Clause.C2_4_1, "利用規約 2.4①"),
    ],
)
def test_labels_cite_as_people_do(clause: Clause, label: str) -> None:
    assert clause.label == label
