"""Eight desks at once over HTTP: each ticket admitted once, whoever shows it where."""

from collections import Counter
from datetime import datetime
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from occto import clock
from occto.extensions import db
from occto.models import CheckIn, Scan, StandingReply
from tests.factories import Factory
from tests.racing import at_once
from tests.receiving import ARRIVAL, Device, door
from tests.replying import reply

pytestmark = pytest.mark.races
DESKS = 8


def _now() -> datetime:
    return ARRIVAL


def test_one_ticket_at_eight_desks(fresh_app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", _now)
    scene = door(Factory(fresh_app))
    reply(scene.make, scene.held, scene.voter)
    code = scene.token(scene.ticket())
    devices = [Device(scene, scene.another_desk(f"受付 {no}番")) for no in range(2, 2 + DESKS)]
    told = at_once(fresh_app, [lambda device=device: device.scan(code) for device in devices])
    assert Counter(one["outcome"] for one in told) == {"ADMITTED": 1, "ALREADY": DESKS - 1}
    assert db.session.scalar(select(func.count()).select_from(CheckIn)) == 1
    assert db.session.scalar(select(func.count()).select_from(Scan)) == DESKS
    assert db.session.scalar(select(StandingReply.version)) == 2  # set aside once


def test_two_voters_of_one_member(fresh_app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", _now)
    scene = door(Factory(fresh_app))
    codes = [scene.token(scene.ticket()) for _ in range(DESKS)]
    devices = [Device(scene, scene.another_desk(f"受付 {no}番")) for no in range(2, 2 + DESKS)]
    acts = [lambda device=device, code=code: device.scan(code) for device, code in zip(devices, codes, strict=True)]
    assert Counter(one["outcome"] for one in at_once(fresh_app, acts)) == {"ADMITTED": 1, "VOTER_PRESENT": DESKS - 1}


def test_one_queue_merged_twice_at_once(fresh_app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", _now)
    scene = door(Factory(fresh_app))
    device = Device(scene)
    scans: list[dict[str, Any]] = [
        {
            "scan_id": f"offline-{no:06d}",
            "code": scene.token(scene.ticket(scene.other, voting=False)),
            "device_at": ARRIVAL.isoformat(),
        }
        for no in range(5)
    ]

    def merge() -> list[str]:
        return [one["outcome"] for one in device.send("merge", {"scans": scans}).get_json()["answers"]]

    assert at_once(fresh_app, [merge, merge, merge]) == [["ADMITTED"] * 5] * 3
    assert db.session.scalar(select(func.count()).select_from(CheckIn)) == 5
