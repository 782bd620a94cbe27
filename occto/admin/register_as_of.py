"""名簿（基準日）: the register as of a day, and as it was known at a time; all of it as Excel or CSV; one member of it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from flask import Response, abort, request
from flask_admin import BaseView, expose
from sqlalchemy.orm import Session

from occto import clock, record_words
from occto.access import permit
from occto.admin import access_log
from occto.admin.base import Screen, clamped_id
from occto.admin.exports import EXCEL_ROWS, Values, as_csv, as_excel, attached, session_of_stream
from occto.domain.dates import format_date, today_jst
from occto.domain.errors import Refusal
from occto.domain.jobs import ranges
from occto.domain.permissions import Permission
from occto.excel import MIMETYPE
from occto.extensions import db
from occto.forms.register import RegisterForm
from occto.labels import label
from occto.models import Member
from occto.queries import register as reads
from occto.unit_of_work import run

PAGE = 50
NEWEST = 20
HEADS = ("名簿番号", "事業者コード", "商号", "区分", "資本金又は出資の額（円）", "支配する親法人", "加入日")
_WIDTHS = (10, 14, 40, 34, 22, 40, 18)
_TITLE = "名簿"


@dataclass(frozen=True, slots=True)
class Asked:
    """The day asked for and up to which change what is known counts; None: all that is known now."""

    form: RegisterForm
    day: date
    known: int | None

    @property
    def values(self) -> dict[str, str]:
        """The same as parameters of an address; the change goes by its number, so that it means the same later."""
        return {"day": self.day.isoformat()} | ({"known": str(self.known)} if self.known is not None else {})

    @property
    def in_words(self) -> str:
        known = f"、変更番号 {self.known} までに分かっていた内容" if self.known is not None else ""
        return f"基準日：{format_date(self.day)}{known}"


def _asked(session: Session) -> Asked | None:
    """What the address asks for; None where it cannot be read (the form says why)."""
    today = today_jst(clock.now())
    form = _form()
    if not form.validate():
        return None
    known = form.known.data
    number = reads.known_at(session, known) if isinstance(known, datetime) else known
    return Asked(form, form.day.data or today, number)


def _form() -> RegisterForm:
    if "day" in request.args:
        return RegisterForm(request.args)
    return RegisterForm(data={"day": today_jst(clock.now())})


class RegisterView(Screen, BaseView):
    """The members of a day in the order of the roster. Everything is read from dated facts, nothing from copies."""

    see = Permission.REGISTER_SEE

    def __init__(self) -> None:
        super().__init__(name="名簿（基準日）", endpoint="register", url="register")

    @expose("/")
    def index(self) -> str:
        """A page of the register, sought by roster number."""
        session = db.session()
        asked = _asked(session)
        form = asked.form if asked else _form()
        if asked is None:
            form.validate()
            return self.render("admin/register.html", form=form, asked=None, errors=True)
        after, before = clamped_id(request.args.get("after")), clamped_id(request.args.get("before"))
        rows, forth, back, total = reads.register_page(
            session, asked.day, known=asked.known, after=after, before=before, size=PAGE
        )
        return self.render(
            "admin/register.html",
            form=form,
            asked=asked,
            heads=HEADS,
            rows=[(row.member_id, _cells(row)) for row in rows],
            after=forth,
            before=back,
            total=total,
            counted=reads.COUNTED,
            page_size=PAGE,
        )

    @expose("/export-csv/")
    @permit(Permission.EXPORT)
    def export_csv(self) -> Response:
        """The whole register of the day as CSV for Excel."""
        batches, name = self._noted("csv")
        return attached(as_csv(HEADS, batches), name=f"{name}.csv", media_type="text/csv; charset=utf-8")

    @expose("/export-xlsx/")
    @permit(Permission.EXPORT)
    def export_xlsx(self) -> Response:
        """The whole register of the day as a workbook."""
        batches, name = self._noted("xlsx")
        return attached(
            as_excel(HEADS, batches, widths=_WIDTHS, sheet=_TITLE), name=f"{name}.xlsx", media_type=MIMETYPE
        )

    def _noted(self, kind: str) -> tuple[Iterator[list[Values]], str]:
        """The rows and the name of the file. It is read as known at the newest change, so that what leaves is what was noted."""
        session = db.session()
        asked = _asked(session)
        if asked is None:
            abort(400)
        known = asked.known if asked.known is not None else reads.newest_change(session)
        held = ranges(sorted(reads.register_members(session, asked.day, known=known)))
        count = sum(last - first + 1 for first, last in held)
        if kind == "xlsx" and count > EXCEL_ROWS:
            raise Refusal("too_many_rows", "Excel に書き出せる行数を超えています。CSV をご利用ください。")
        run(
            access_log.exported,
            held,
            subject=f"LIST:{_TITLE}",
            form=kind,
            conditions=asked.in_words,
            fields=HEADS,
            count=count,
        )
        name = f"{_TITLE}_{asked.day.isoformat()}" + (f"_変更{asked.known}" if asked.known is not None else "")
        return _batches(asked.day, known), name

    @expose("/member/")
    def member(self) -> str:
        """One member as of the day: what was on record, and every change of it."""
        session = db.session()
        asked = _asked(session)
        number = clamped_id(request.args.get("id"))
        member = session.get(Member, number) if number is not None else None
        if asked is None or member is None:
            abort(404)
        page = self.render(
            "admin/register_member.html",
            form=asked.form,
            asked=asked,
            member_id=member.id,
            name=member.current_name,
            **_member(session, member.id, asked),
        )
        run(access_log.shown, [member.id], details=True)
        return page


def _member(session: Session, member_id: int, asked: Asked) -> dict[str, Any]:
    profile = reads.profile_as_of(session, member_id, asked.day, known=asked.known)
    facts = reads.facts_of(session, member_id, today=asked.day)
    coming = reads.facts_to_come(session, member_id, asked.day, known=asked.known, facts=facts)
    limit = None if asked.known is None else asked.known + 1
    entries = reads.history(session, member_id, today=asked.day, before=limit, limit=NEWEST, facts=facts)
    licences = reads.licences_as_of(session, member_id, asked.day, known=asked.known)
    relations = reads.relations_as_of(session, member_id, asked.day, known=asked.known)
    return {
        "name_then": profile.get("name"),
        "roster_no": reads.roster_as_of(session, member_id, asked.day, known=asked.known),
        "record_parts": [
            record_words.licence_part(licences, today=asked.day),
            *record_words.profile_parts(profile, coming=coming),
            record_words.relation_part(relations, today=asked.day),
        ],
        "entries": record_words.entries_in_words(entries, names_staff=True),
        "newest": NEWEST,
    }


def _cells(row: reads.RegisterRow) -> tuple[Any, ...]:
    return (
        row.roster_no,
        row.operator_code,
        row.name,
        "、".join(label(licence) for licence in row.licences),
        row.capital,
        row.parent,
        format_date(row.member_on) if row.member_on else "",
    )


def _batches(day: date, known: int) -> Iterator[list[Values]]:
    with session_of_stream() as session:
        for batch in reads.register_batches(session, day, known=known):
            yield [_cells(row) for row in batch]
