"""PDF by typst: templates in `templates/pdf`, values as one JSON text, fonts from `occto/fonts` alone.

Every document is PDF/UA-1 (tagged, with title and language). Rendering is slow work of tens of milliseconds:
never between begin and commit.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypedDict

from occto.domain.dates import format_date_weekday, format_instant, today_jst
from occto.glyphs import coverage, printable

if TYPE_CHECKING:
    from typst import Fonts

TEMPLATES: Final = Path(__file__).resolve().parent.parent / "templates" / "pdf"
FONTS: Final = Path(__file__).resolve().parent / "fonts"
MIMETYPE: Final = "application/pdf"
_NAMED_MISSING: Final = 8  # so many replaced characters are named at the end of a document


class PdfError(RuntimeError):
    """A template could not be typeset; the message holds typst's diagnostics and is for the log alone."""


@dataclass(frozen=True, kw_only=True)
class Issuer:
    """Who issues the document and where to ask; printed at the head and foot of every page."""

    telephone: str
    name: str = "電力広域的運営推進機関"
    system: str = "会員情報管理システム"
    division: str = "総務部 総務グループ"
    hours: str = "平日 9:00–17:00"


class AcceptanceSlip(TypedDict):
    """Values of `acceptance_slip`: the 加入仮申請受付票 (電気事業法 28条の11第2項). Datetimes are aware."""

    number: str
    submitted_at: datetime
    accepted_at: datetime
    company_name: str
    corporate_number: str
    head_office: str
    representative: str  # post and name
    licences: Sequence[str]  # Japanese labels of the categories
    main_due: date  # last day for the main application (利用規約 2.7.2④)


class Section(TypedDict):
    """A titled group of term and value; None or an empty value prints as （記載なし）."""

    title: str
    rows: Sequence[tuple[str, str | None]]


class ApplicationCopy(TypedDict):
    """Values of `application_copy`: every answer of an application. A draft has no number and no date."""

    title: str
    number: str | None
    state: str
    submitted_at: datetime | None
    sections: Sequence[Section]


class MemberRecord(TypedDict):
    """Values of `member_record`: what is on record of a member, with its history."""

    title: str
    company: str
    sections: Sequence[Section]


class Certificate(TypedDict):
    """Values of `certificate`: the 加入証跡. The codes are drawings (SVG); without a signature its part is left out."""

    title: str
    issued_on: str
    name: str
    statement: str
    rows: Sequence[tuple[str, str | None]]
    code: str
    check_place: str
    check_qr: str
    signature_qr: str | None
    signature_lines: Sequence[str]
    keys_place: str


class ReplyCopy(TypedDict):
    """Values of `reply_copy`: 回答の控え. `facts` about the assembly, `rows` what was replied."""

    title: str
    assembly: str
    company: str
    number: str
    code: str
    received: str
    state: str
    facts: Sequence[tuple[str, str | None]]
    rows: Sequence[tuple[str, str | None]]


def reply_copy(values: ReplyCopy, *, issuer: Issuer, created_at: datetime) -> bytes:
    """Return the copy of a reply to an assembly as PDF."""
    title = f"{values['title']} {values['number']}"
    return render("reply_copy", values, title=title, issuer=issuer, created_at=created_at)


def certificate(values: Certificate, *, issuer: Issuer, created_at: datetime) -> bytes:
    """Return a 加入証跡 as PDF."""
    title = f"{values['title']} {values['name']}"
    return render("certificate", values, title=title, issuer=issuer, created_at=created_at)


def member_record(record: MemberRecord, *, issuer: Issuer, created_at: datetime) -> bytes:
    """Return the 登録内容の写し of a member as PDF."""
    title = f"{record['title']} {record['company']}"
    return render("member_record", record, title=title, issuer=issuer, created_at=created_at)


def acceptance_slip(slip: AcceptanceSlip, *, issuer: Issuer, created_at: datetime) -> bytes:
    """Return the 加入仮申請受付票 as PDF."""
    title = f"加入仮申請受付票 {slip['number']}"
    return render("acceptance_slip", slip, title=title, issuer=issuer, created_at=created_at)


def application_copy(copy: ApplicationCopy, *, issuer: Issuer, created_at: datetime) -> bytes:
    """Return the copy of an application as PDF, for the applicant's own approval and records."""
    title = " ".join(part for part in (copy["title"], copy["number"]) if part)
    return render("application_copy", copy, title=title, issuer=issuer, created_at=created_at)


def render(
    template: str,
    values: Mapping[str, object],
    *,
    title: str,
    issuer: Issuer,
    created_at: datetime,
    rehearsal: bool = False,
) -> bytes:
    """Return `templates/pdf/<template>.typ` as PDF; the same arguments give the same bytes.

    `rehearsal`: every page is marked as one that counts for nothing.

    In `values` a date arrives in the template as 「2026年11月23日（月）」 and an aware datetime as a dictionary of
    `day` and `time` in Japan time. Characters that the typeface lacks print as 〓 and are named at the end.
    Raises ValueError for an unknown template or a naive datetime, TypeError for a value of another kind, PdfError
    when typst refuses.
    """
    import typst  # 30 MB of shared library: on first use

    source = _template(template)
    compiler = typst.Compiler(input=source, root=TEMPLATES, font_paths=_fonts(), ignore_system_fonts=True)
    text = _document(values, title=title, issuer=issuer, created_at=created_at, rehearsal=rehearsal)
    try:
        pdf = compiler.compile(
            format="pdf",
            sys_inputs={"document": text},
            pdf_standards=["ua-1"],
            timestamp=int(created_at.timestamp()),
        )
    except typst.TypstError as error:
        raise PdfError(f"{template}: {error.diagnostic}") from error
    assert isinstance(pdf, bytes)
    return pdf


def _template(name: str) -> Path:
    path = TEMPLATES / f"{name}.typ"
    if not re.fullmatch(r"[a-z][a-z_]*", name) or not path.is_file():
        raise ValueError(f"there is no PDF template {name!r}")
    return path


@lru_cache(maxsize=1)
def _fonts() -> "Fonts":
    import typst

    return typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=[FONTS])


def _document(
    values: Mapping[str, object], *, title: str, issuer: Issuer, created_at: datetime, rehearsal: bool = False
) -> str:
    missing: list[str] = []
    plain = _plain(
        {
            "values": values,
            "title": title,
            "issuer": asdict(issuer),
            "created_at": created_at,
            "rehearsal": rehearsal,
        },
        missing=missing,
    )
    assert isinstance(plain, dict)
    plain["missing"] = _named(missing)
    return json.dumps(plain, ensure_ascii=False)


def _plain(value: object, *, missing: list[str]) -> object:
    """Return `value` as JSON holds it, its texts reduced to printable characters."""
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, str):
        text, lost = printable(value, covered=coverage(FONTS / "NotoSansJP-Regular.ttf"))
        missing.extend(lost)
        return text
    if isinstance(value, datetime):
        return _moment(value)
    if isinstance(value, date):
        return format_date_weekday(value)
    if isinstance(value, Mapping):
        return {str(key): _plain(item, missing=missing) for key, item in value.items()}
    if isinstance(value, Sequence):
        return [_plain(item, missing=missing) for item in value]
    raise TypeError(f"a PDF takes no value of type {type(value).__name__}")


def _moment(at: datetime) -> dict[str, str]:
    return {"day": format_date_weekday(today_jst(at)), "time": format_instant(at)}


def _named(missing: Sequence[str]) -> list[str]:
    names = [f"U+{ord(char):04X}" for char in dict.fromkeys(missing)]
    return names if len(names) <= _NAMED_MISSING else [*names[:_NAMED_MISSING], f"ほか{len(names) - _NAMED_MISSING}種"]
