"""What several views share."""

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from occto.domain.errors import Refusal
from occto.extensions import db
from occto.services.submissions import earlier_result, take_form
from occto.unit_of_work import run
from occto.views.tools import download
from tests.factories import NOW


def test_a_download_is_kept_by_no_cache(app: Flask) -> None:
    """Static files live for a year in every cache; what is sent to one person in none."""
    with app.test_request_context():
        answer = download(b"x", name="写し.pdf", media_type="application/pdf")
    assert answer.headers["Cache-Control"] == "no-store"
    assert "Expires" not in answer.headers
    assert "ETag" not in answer.headers
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_a_form_that_leads_elsewhere_than_expected_keeps_where_it_led(app: Flask) -> None:
    def act(_session: Session) -> str:
        return "/there"

    for form_id, expected in (("a", "/there"), ("b", "/elsewhere"), ("c", "")):
        led = run(take_form, form_id, viewer_key="session:1", endpoint="x", act=act, leads_to=expected, now=NOW)
        assert led == "/there"
        assert earlier_result(db.session(), form_id, viewer_key="session:1") == "/there"
        with pytest.raises(Refusal) as caught:
            earlier_result(db.session(), form_id, viewer_key="session:2")
        assert caught.value.code == "form_id_taken"
    assert earlier_result(db.session(), "d", viewer_key="session:1") is None
