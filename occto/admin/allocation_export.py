"""A division of votes as a workbook: streamed, and noted before the first piece leaves."""

from collections.abc import Mapping

from flask import Response
from sqlalchemy import select

from occto.admin import access_log
from occto.admin.exports import attached
from occto.domain.jobs import ranges
from occto.excel import MIMETYPE
from occto.extensions import db
from occto.models import Member
from occto.queries.allocation_reading import Reading
from occto.unit_of_work import run
from occto.workbooks.allocation import MEMBER_HEADS, allocation_workbook


def exported(reading: Reading, *, title: str, names: Mapping[int, str]) -> Response:
    """The workbook of a calculation as an attachment. `names`: of companies that it does not name."""
    member_ids = sorted(reading.nodes)
    codes = {row.id: row.operator_code or "" for row in db.session.execute(select(Member.id, Member.operator_code))}
    what = f"第{reading.kept.no}回" if reading.kept else "いまの登録"
    run(
        access_log.exported,
        ranges(member_ids),
        subject="LIST:議決権の集計",
        form="xlsx",
        conditions=f"{title}　{what}",
        fields=MEMBER_HEADS,
    )
    pieces = allocation_workbook(reading, title=title, names=names, codes=codes)
    return attached(pieces, name=f"議決権_{title}_{what}.xlsx".replace(" ", "_"), media_type=MIMETYPE)
