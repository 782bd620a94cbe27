"""The mails of mandates, word by word: what they say stands in tests/data/mails and is read by people."""

import os
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from occto.delivery import fill
from occto.domain.mails import MAILS
from occto.pages import site

FOLDER = Path(__file__).parent / "data" / "mails"
BOTH: dict[str, Any] = {
    "company": "汐見電力株式会社",
    "contractor": "みなと受託株式会社",
    "mandate_id": 7,
    "procedures": ["VIEW", "CHANGES"],
    "procedure_labels": ["閲覧", "変更申請"],
    "starts_on": date(2026, 11, 23).isoformat(),
    "last_on": date(2027, 11, 22).isoformat(),
    "persons": ["受川 花子 様（hanako@contractor.example.jp）"],
}
ONE: dict[str, Any] = {"name": "受川 花子", "company": "汐見電力株式会社", "contractor": "みなと受託株式会社"}
CASES: dict[str, tuple[str, dict[str, Any]]] = {
    **{
        f"{name}-{side}": (f"mandates/{name}", BOTH | more | {"to_member": side == "member"})
        for name, more in (
            ("proposed", {}),
            ("accepted", {"on_paper": False}),
            ("changed", {}),
            ("expiring", {"left": 30}),
        )
        for side in ("member", "contractor")
    },
    "accepted-paper": ("mandates/accepted", BOTH | {"to_member": True, "on_paper": True}),
    "declined": ("mandates/declined", BOTH | {"to_member": False, "side": "MEMBER", "reason": "自社で行います"}),
    "withdrawn": ("mandates/declined", BOTH | {"to_member": True, "side": "CONTRACTOR", "reason": None}),
    **{
        f"ended-{side.lower()}": ("mandates/ended", BOTH | {"to_member": True, "side": side, "reason": reason})
        for side, reason in (("MEMBER", None), ("OFFICE", "不正な利用の疑い"), ("PERIOD", None))
    },
    "invited": ("mandates/invited", ONE | {"to_address": "hanako@contractor.example.jp", "link": "LINK", "hours": 72}),
    "named": ("mandates/named", ONE),
}


@pytest.mark.parametrize("case", CASES)
def test_the_words_of_the_mail(app: Flask, case: str) -> None:
    """`KEEP_MAILS=1` writes what is read now; the difference is then in front of whoever commits it."""
    template, values = CASES[case]
    with app.test_request_context():
        subject, body = fill(template, {**values, "site": site()})
    words = f"{subject}\n\n{body}"
    path = FOLDER / f"mandates-{case}.txt"
    if os.environ.get("KEEP_MAILS"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(words, encoding="utf-8")
    assert path.read_text(encoding="utf-8") == words


def test_every_mail_of_mandates_is_read() -> None:
    assert {template for template, _values in CASES.values()} == {one for one in MAILS if one.startswith("mandates/")}
