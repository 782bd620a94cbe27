"""Clauses of the terms of use (利用規約) as codes: how they are written, cited and linked.

Chapter 3 of the terms numbers its clauses oddly; a code is the section and the number as printed: `3.3/3.4.2`.
"""

from enum import StrEnum

MARKS = "①②③④⑤⑥⑦⑧⑨⑩⑪⑫⑬⑭⑮⑯⑰⑱⑲⑳"


class Clause(StrEnum):
    """Clauses on which the system acts; the code is stored with every stop, lapse, consent and mandatory mail."""

    C1_3_1 = "1.3.1"
    C1_3_2 = "1.3.2"
    C1_3_3 = "1.3.3"
    C2_1_1_1 = "2.1.1①"
    C2_1_1_2 = "2.1.1②"
    C2_1_1_3 = "2.1.1③"
    C2_1_2 = "2.1.2"
    C2_2 = "2.2"
    C2_3_1 = "2.3.1"
    C2_3_2 = "2.3.2"
    C2_4_1 = "2.4①"
    C2_4_2 = "2.4②"
    C2_4_3 = "2.4③"
    C2_4_4 = "2.4④"
    C2_5_1 = "2.5①"
    C2_5_2 = "2.5②"
    C2_5_3 = "2.5③"
    C2_5_4 = "2.5④"
    C2_5_5 = "2.5⑤"
    C2_5_6 = "2.5⑥"
    C2_5_7 = "2.5⑦"
    C2_5_8 = "2.5⑧"
    C2_6 = "2.6"
    C2_7_1 = "2.7.1"
    C2_7_2_1 = "2.7.2①"
    C2_7_2_2 = "2.7.2②"
    C2_7_2_3 = "2.7.2③"
    C2_7_2_4 = "2.7.2④"
    C2_7_4 = "2.7.4"
    C2_8 = "2.8"
    C2_9 = "2.9"
    C3_1_3_2_1 = "3.1/3.2.1"
    C3_1_3_2_2 = "3.1/3.2.2"
    C3_2 = "3.2"
    C3_3_3_4_1 = "3.3/3.4.1"
    C3_3_3_4_2 = "3.3/3.4.2"
    C3_3_3_4_3 = "3.3/3.4.3"
    C3_3_3_4_4 = "3.3/3.4.4"
    C3_4 = "3.4"
    C4_1 = "4.1"
    C4_2 = "4.2"
    C5_1_2 = "5.1.2"
    C5_2 = "5.2"
    C5_3_1 = "5.3.1"
    C5_3_2 = "5.3.2"

    @property
    def label(self) -> str:
        """The clause as people cite it: 利用規約 2.7.2④, 利用規約 3.3(3.4.2)."""
        section, _, printed = self.value.partition("/")
        return f"利用規約 {section}({printed})" if printed else f"利用規約 {section}"

    @property
    def anchor(self) -> str:
        """The id of the clause on the page of the terms."""
        return anchor(self.value)


def anchor(code: str) -> str:
    """The HTML id of a code, ASCII and stable over versions: 2.7.2④ → c2-7-2_4, 3.1/3.2.1 → c3-1__3-2-1."""
    marked = "".join(f"_{MARKS.index(c) + 1}" if c in MARKS else c for c in code)
    return "c" + marked.replace(".", "-").replace("/", "__").replace("(", "_g").replace(")", "")
