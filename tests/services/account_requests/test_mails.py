"""Every branch of the mails about requests reads whole: no gap, no doubled blank line."""

from itertools import product
from typing import Any

import pytest
from flask import Flask

from occto.delivery import fill
from occto.pages import site

NAMES = (
    "request_link",
    "request_received",
    "request_told",
    "request_closed",
    "administrator_made",
    "administrator_ended",
    "factor_reset",
    "factor_reset_told",
)
BRANCHES: dict[str, tuple[Any, ...]] = {
    "kind": ("ADMINISTRATOR", "CHANGE", "SECOND_FACTOR"),
    "withdrawn": (True, False),
    "reason": (None, "登録の方に心当たりがない"),
    "old_name": (None, "鈴木 一郎"),
    "role": (None, "APPLICATIONS", "ASSEMBLY", "VIEWER"),
}


@pytest.mark.parametrize("name", NAMES)
def test_every_branch_reads_whole(app: Flask, name: str) -> None:
    with app.test_request_context():
        for chosen in product(*BRANCHES.values()):
            values = dict(zip(BRANCHES, chosen, strict=True)) | {
                "kind_words": "管理者の変更",
                "number": "A-2026-00042",
                "company": "髙砂グリーン電力株式会社",
                "person": "佐藤 美咲",
                "name": "鈴木 一郎",
                "hours": 24,
                "link": "https://members.example.jp/x/TOKEN",
                "site": site(),
            }
            subject, body = fill(f"account/{name}", values)
            assert "\n\n\n" not in body, (chosen, body)
            assert not body.startswith("\n"), (chosen, body)
            assert "None" not in body + subject
            assert len(subject) <= 78
