"""Letters of a notice and their address labels as PDF: for members that no mail reaches. No secret stands in them."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from flask import current_app

from occto import pdf
from occto.notice_mail import merged
from occto.queries.notice_letters import NoticeLetter


def letters(
    found: Sequence[NoticeLetter], *, subject: str, body: str, assembly_id: int, telephone: str, now: datetime
) -> bytes:
    """The letters in one PDF, each from a page of its own, folded for a window envelope."""
    written = [
        {
            **_address(one),
            "subject": _title(merged(subject, one.values, assembly_id=assembly_id)),
            "body": merged(body, one.values, assembly_id=assembly_id),
        }
        for one in found
    ]
    return _written(written, telephone, now)


def told(
    found: Sequence[NoticeLetter], template: str, values: Mapping[str, Any], *, telephone: str, now: datetime
) -> bytes:
    """Letters in the words of the mail `templates/mail/<template>`, for members that it does not reach."""
    environment = current_app.jinja_env
    subject = environment.get_template(f"mail/{template}/subject.txt").render(values)
    body = environment.get_template(f"mail/{template}/words.txt").render(values)
    return _written(
        [{**_address(one), "subject": _title(subject.strip()), "body": body} for one in found], telephone, now
    )


def labels(found: Sequence[NoticeLetter], *, telephone: str, now: datetime, rehearsal: bool = False) -> bytes:
    """Address labels: sheets of A4 with two columns of six."""
    return pdf.render(
        "address_labels",
        {"labels": [_address(one) for one in found]},
        title="宛名ラベル",
        issuer=pdf.Issuer(telephone=telephone),
        rehearsal=rehearsal,
        created_at=now,
    )


def _written(letters: list[dict[str, str]], telephone: str, now: datetime) -> bytes:
    return pdf.render(
        "notice_letter",
        {"letters": letters},
        title="総会のお知らせ",
        issuer=pdf.Issuer(telephone=telephone),
        created_at=now,
    )


def _address(one: NoticeLetter) -> dict[str, str]:
    return {
        "operator_code": one.operator_code,
        "postal_code": one.postal_code,
        "address": one.address,
        "company": one.company,
        "department": one.department,
        "person": one.person,
    }


def _title(subject: str) -> str:
    """The subject of a mail as the heading of a letter."""
    return subject.replace("【", "").replace("】", "　")
