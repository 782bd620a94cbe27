"""The text of a notice as one recipient gets it: merged when it is delivered or looked at, never in a transaction."""

from collections.abc import Mapping
from typing import Any

from flask import current_app
from sqlalchemy.orm import Session

from occto.domain.merge_fields import fill
from occto.pages import site
from occto.queries.notice_values import text_of


def page_of_assembly(assembly_id: int) -> str:
    """Where members find documents and reply, behind their sign-in."""
    return f"{current_app.config['BASE_URL']}/assemblies/{assembly_id}"


def merged(text: str, fields: Mapping[str, str], *, assembly_id: int) -> str:
    """`text` with the fields of a recipient filled in, and those that the settings of the office know."""
    office = site()
    known = {
        "回答ページ": page_of_assembly(assembly_id),
        "問い合わせ先": f"{office.organisation} {office.contact_name}\n電話 {office.contact_phone}（{office.contact_hours}）",
    }
    return fill(text, {**known, **fields})


def words_of(session: Session, params: Mapping[str, Any]) -> dict[str, str]:
    """Subject and body for the template of a queued notice; a trial brings the text that it is about."""
    assembly_id, subject, body = text_of(session, params["notice_id"])
    fields = params["fields"]
    return {
        "notice_subject": merged(params.get("notice_subject", subject), fields, assembly_id=assembly_id),
        "notice_body": merged(params.get("notice_body", body), fields, assembly_id=assembly_id),
    }
