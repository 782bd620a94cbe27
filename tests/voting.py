"""The vectors of the division of votes, and rolls made of them."""

import json
from datetime import date
from pathlib import Path
from typing import Any

from occto.domain.codes import Licence
from occto.domain.votes import Election, Group, Roll, Voter, in_force

VECTORS = json.loads((Path(__file__).parent / "data" / "voting.json").read_text(encoding="utf-8"))
WORDS = {
    "小売": Licence.RETAIL,
    "一般送配電": Licence.GTD,
    "送電": Licence.TRANS,
    "配電": Licence.DIST,
    "特定送配電": Licence.SPTD,
    "登録特定送配電": Licence.RSPTD,
    "発電": Licence.GEN,
    "特定卸供給": Licence.AGG,
}


def roll_of(case: dict[str, Any]) -> Roll[str]:
    """The roll on the record date of a case."""
    day = date.fromisoformat(case["record_date"])
    voters = [
        Voter(row["id"], row["roster_no"], row["capital"], frozenset(WORDS[word] for word in row["licences"]))
        for row in case["members"]
        if in_force(
            date.fromisoformat(row["effective_from"]),
            date.fromisoformat(row["effective_to"]) if row["effective_to"] else None,
            day,
        )
    ]
    elections = [
        Election(None if row["group"] == "*" else Group(row["group"]), row["root"], row["holder"])
        for row in case["elections"]
    ]
    return Roll(voters, case["parent_of"], elections)
