"""受付票 and the sheets on paper: the code is read back from what is printed, long names stay in their place."""

import io
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest
import zxingcpp
from flask import Flask
from pypdf import PdfReader

from occto import pdf, ticket_paper, ticket_sheets, vault
from occto.domain.tickets import TicketKind, hash_of, read_code
from occto.extensions import db
from occto.queries.replies import Meeting, meeting
from occto.queries.tickets_shown import ShownTicket
from occto.services.tickets.issuing import ticket_token
from tests import assembling
from tests.certifying import drawings_of, rendered
from tests.factories import NOW, Factory

TELEPHONE = "03-0000-0000"


def _ticket(assembly_id: int, **changes: Any) -> ShownTicket:
    usual = ShownTicket(
        id=1,
        assembly_id=assembly_id,
        member_id=1,
        kind=TicketKind.ATTENDEE,
        number=2041,
        issue_no=1,
        link_hash="0" * 64,
        name="佐藤 美咲",
        title="経営企画部 部長",
        email=None,
        voting=True,
        seat="A-12",
        note="車椅子",
        issued_at=NOW,
        revoked_at=None,
        revoked_for=None,
        replaces_id=None,
        company="汐見でんき株式会社",
    )
    return replace(usual, **changes)


def _meeting(make: Factory, **changes: Any) -> Meeting:
    held = meeting(db.session(), assembling.assembly(make, **changes).id)
    assert held is not None
    return held


LONGEST = {
    "name": "ヴォルフガング" * 28,
    "company": "再生可能エネルギー" * 13,
    "title": "企画部　部長" * 20,
    "seat": "席" * 20,
}


@pytest.mark.parametrize(
    ("changes", "rehearsal"), [({}, False), ({}, True), (LONGEST, False)], ids=["usual", "rehearsal", "longest"]
)
def test_the_code_is_read_back_from_the_printed_page(
    make: Factory, monkeypatch: pytest.MonkeyPatch, changes: dict[str, Any], rehearsal: bool
) -> None:
    held, seen = _meeting(make, place="東都会館 3階 大会議室" * (10 if changes else 1)), dict[str, Any]()
    held = replace(held, rehearsal_of_id=held.id if rehearsal else None)
    real = pdf.render

    def watched(template: str, values: Any, **kwargs: Any) -> bytes:
        seen.update(kwargs, template=template, values=values)
        seen.pop("title")
        return real(template, values, **kwargs)

    monkeypatch.setattr(pdf, "render", watched)
    made = ticket_paper.paper(_ticket(held.id, **changes), held, now=NOW)
    content = ticket_paper.as_pdf(made, telephone=TELEPHONE, now=NOW)
    pages = PdfReader(io.BytesIO(content)).pages
    assert len(pages) == (2 if changes else 1)  # what is needed at the door stands on the first
    expected = ticket_token(vault.derived, held.id, 2041, 1)
    drawn = [] if rehearsal else [[drawings_of(pages[0])]]  # stripes are a pattern, which only the printed page shows
    for pictures in (*drawn, rendered(seen.pop("values"), **seen)):
        (code,) = (code for picture in pictures for code in zxingcpp.read_barcodes(picture))
        assert code.text == expected
        assert read_code(code.text).token_hash == hash_of(expected)
    text = pages[0].extract_text()
    assert "2041-7" in text
    assert ("リハーサル（本番では使えません）" in text) is rehearsal
    assert "車椅子" not in text  # a note for the desk


def test_one_that_lets_nobody_in_is_not_printed(make: Factory) -> None:
    held = _meeting(make)
    made = ticket_paper.paper(_ticket(held.id, revoked_at=NOW), held, now=NOW)
    assert made.qr is None
    with pytest.raises(ValueError, match="not printed"):
        ticket_paper.as_pdf(made, telephone=TELEPHONE, now=NOW)


@pytest.mark.parametrize(("sheet", "on_a_page"), [("name_plates", 10), ("seat_cards", 3)])
@pytest.mark.parametrize("changes", [{}, LONGEST, {"company": None, "kind": TicketKind.GUEST}])
def test_sheets(app: Flask, sheet: str, on_a_page: int, changes: dict[str, Any]) -> None:
    people = [_ticket(1, number=1001 + place, **changes) for place in range(on_a_page + 1)]
    content = getattr(ticket_sheets, sheet)(people, assembly="2026年度 第2回 臨時総会", telephone=TELEPHONE, now=NOW)
    pages = PdfReader(io.BytesIO(content)).pages
    assert len(pages) == 2
    name = people[0].name[:7]
    assert all(name in page.extract_text().replace("\n", "") for page in pages)


def test_until_the_end_of_the_day_in_japan(make: Factory) -> None:
    held = _meeting(make)
    midnight = datetime.fromisoformat("2026-12-19T00:00:00+09:00")
    assert ticket_paper.good_until(held) == midnight
    for now, good in ((midnight.replace(day=18, hour=23, minute=59), True), (midnight, False)):
        assert (ticket_paper.paper(_ticket(held.id), held, now=now).qr is not None) is good
