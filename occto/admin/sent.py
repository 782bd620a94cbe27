"""What came with the request of a screen: the form, and the version that was on the screen."""

from typing import Any

from flask import request

from occto.admin.base import clamped_id


def sent_form() -> Any:
    """What was sent, or None when the page is opened."""
    return request.form if request.method == "POST" else None


def sent_version(on_record: int = 0) -> int:
    """The version that was on the screen; when the page is opened, that of the record, which its form will carry."""
    return (clamped_id(request.form.get("version")) or 0) if request.method == "POST" else on_record
