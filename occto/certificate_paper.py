"""加入証跡 as a document: what it says in words, its two QR codes, and the signature that a printed one carries.

The first code leads to the public check. The second is the signature itself, so that a printed certificate can be
verified without this system (docs/certificates.md).
"""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from flask import current_app, url_for
from sqlalchemy.orm import Session

from occto import pdf, signing
from occto.domain.certificates import CertificateState, grouped
from occto.domain.dates import format_date, today_jst
from occto.domain.errors import Refusal
from occto.labels import label
from occto.qr import QrPath, as_svg, svg_path
from occto.queries.certificates import CertificateOnRecord, LicenceOfDay, certificate_of, signing_key

TITLE: Final = "加入証跡"
STATEMENT: Final = "上記の会社は、電気事業法第28条の11の規定により、当機関の会員です。"
_GROUP, _GROUPS = 8, 6  # the signature as text: six groups of eight characters a line


@dataclass(frozen=True, slots=True)
class Paper:
    """A certificate issued today. `signature`: JWS compact; None while no key signs."""

    code: str
    name: str
    issued_on: date
    rows: tuple[tuple[str, str], ...]
    check_url: str
    check_place: str
    check_qr: QrPath
    signature: str | None
    signature_qr: QrPath | None
    signature_lines: tuple[str, ...]
    file_name: str


def paper_of(session: Session, member_id: int, *, now: datetime) -> Paper:
    """The certificate of the member, issued today. Refusal no_certificate where the company is no member today."""
    record = certificate_of(session, member_id, today_jst(now))
    if record is None or record.standing.state is not CertificateState.VALID:
        raise Refusal("no_certificate", why_none(record))
    return paper(session, record)


def paper(session: Session, record: CertificateOnRecord) -> Paper:
    """The document of a certificate that is valid on its day."""
    url = check_url(record.code)
    signature = _signature(session, record)
    return Paper(
        code=grouped(record.code),
        name=record.name,
        issued_on=record.day,
        rows=_rows(record),
        check_url=url,
        check_place=check_url("").partition("://")[2],
        check_qr=svg_path(url),
        signature=signature,
        signature_qr=svg_path(signature) if signature else None,
        signature_lines=_lines(signature or ""),
        file_name=f"{TITLE}_{record.operator_code}_{record.day.isoformat()}",
    )


def why_none(record: CertificateOnRecord | None) -> str:
    """Why there is no certificate to show today, and what to do."""
    if record is None:
        return "加入証跡を準備しています。1時間ほどたってから、もう一度開いてください。"
    if record.standing.state is CertificateState.VOID:
        assert record.standing.void_from is not None
        return f"{format_date(record.standing.void_from)}に会員でなくなったため、加入証跡は無効です。"
    if record.standing.since is None:
        return "会員の資格がまだ登録されていないため、加入証跡は表示できません。"
    return f"加入日の{format_date(record.standing.since)}から、加入証跡を表示できます。"


def check_url(code: str) -> str:
    """The public address that checks a code: made of BASE_URL, whatever host the request named."""
    path = url_for("certificates.check", code=code) if code else url_for("certificates.ask")
    return f"{current_app.config['BASE_URL']}{path}"


def claims(record: CertificateOnRecord) -> dict[str, Any]:
    """What a signature vouches for; address, METI numbers and dates of the licences are left out to keep its code readable."""
    return {
        "iss": current_app.config["BASE_URL"],
        "code": record.code,
        "name": record.name,
        "categories": [licence.category.value for licence in record.licences],
        "operator_code": record.operator_code,
        "corporate_number": record.corporate_number,
        "member_on": record.member_on.isoformat() if record.member_on else None,
        "issued_on": record.day.isoformat(),
    }


def as_pdf(made: Paper, *, issuer: pdf.Issuer, created_at: datetime) -> bytes:
    """The certificate as PDF."""
    values: pdf.Certificate = {
        "title": TITLE,
        "issued_on": format_date(made.issued_on),
        "name": made.name,
        "statement": STATEMENT,
        "rows": made.rows,
        "code": made.code,
        "check_place": made.check_place,
        "check_qr": as_svg(made.check_qr),
        "signature_qr": as_svg(made.signature_qr) if made.signature_qr else None,
        "signature_lines": made.signature_lines,
        "keys_place": f"{made.check_place}keys.json",
    }
    return pdf.certificate(values, issuer=issuer, created_at=created_at)


def _rows(record: CertificateOnRecord) -> tuple[tuple[str, str], ...]:
    return (
        ("加入日", format_date(record.member_on) if record.member_on else ""),
        ("電気事業者の区分", "\n".join(_licence(one) for one in record.licences)),
        ("事業者コード", record.operator_code),
        ("法人番号", record.corporate_number),
        ("本店所在地", record.head_office),
    )


def _licence(one: LicenceOfDay) -> str:
    """小売電気事業者（A0412、2017年4月1日 登録）."""
    number = f"{one.number}、" if one.number else ""
    return f"{label(one.category)}（{number}{format_date(one.effective_on)} {label(one.act)}）"


def _signature(session: Session, record: CertificateOnRecord) -> str | None:
    key = signing_key(session)
    return signing.sign(claims(record), kid=key.kid, private_key_enc=key.private_key_enc) if key else None


def _lines(signature: str) -> tuple[str, ...]:
    groups = [signature[start : start + _GROUP] for start in range(0, len(signature), _GROUP)]
    return tuple(" ".join(groups[start : start + _GROUPS]) for start in range(0, len(groups), _GROUPS))
