"""What several views share."""

from flask import Flask

from occto.views.tools import download


def test_a_download_is_kept_by_no_cache(app: Flask) -> None:
    """Static files live for a year in every cache; what is sent to one person in none."""
    with app.test_request_context():
        answer = download(b"x", name="写し.pdf", media_type="application/pdf")
    assert answer.headers["Cache-Control"] == "no-store"
    assert "Expires" not in answer.headers
    assert "ETag" not in answer.headers
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
