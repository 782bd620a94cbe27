"""What was replied: the page after the act, all versions with their differences, and the copy as PDF."""

from flask import Response, abort, render_template

from occto import clock, pdf
from occto import reply_words as words
from occto.access import permit, viewer
from occto.domain.certificates import grouped
from occto.domain.dates import format_instant
from occto.domain.permissions import Permission
from occto.domain.replies import CHANNEL_LABELS, Attendance
from occto.extensions import db
from occto.pages import site
from occto.queries import assemblies_member as reads
from occto.queries.replies import Item, Version, agenda, standing, versions
from occto.views.assemblies.blueprint import Place, member_id, pages, place, sees_choices
from occto.views.tools import download


def _others(here: Place, found: list[Version]) -> dict[int, reads.OtherMember]:
    """The members named as proxies in these versions."""
    named = {one.answer.proxy_member_id for one in found if one.answer.proxy_member_id}
    rows = (reads.member_on_roll(db.session(), here.id, member_id=number) for number in sorted(named))
    return {one.id: one for one in rows if one is not None}


def _version(here: Place, no: int) -> tuple[Version, list[Item], dict[int, reads.OtherMember], list[Version]]:
    """A version of the member's own reply; 404 where it has none of that number."""
    session = db.session()
    found = versions(session, here.id, member_id())
    one = next((version for version in found if version.no == no), None)
    if one is None:
        abort(404)
    return one, agenda(session, here.id, member_id=member_id()), _others(here, found), found


@pages.get("/<int:assembly_id>/replies")
@permit(Permission.ASSEMBLIES_SEE)
def history(assembly_id: int) -> str:
    """Every version, the newest entered first, with what it changed."""
    here, session = place(assembly_id), db.session()
    found = versions(session, here.id, member_id())
    stood = standing(session, here.id, member_id())
    items, others = agenda(session, here.id, member_id=member_id()), _others(here, found)
    lines = []
    for one, earlier in zip(found, [*found[1:], None], strict=False):
        lines.append(
            {
                "version": one,
                "code": grouped(one.receipt_code),
                "standing": stood is not None and stood.reply.id == one.id,
                "by": _by(one),
                "rows": words.version_rows(one, items, others, choices=sees_choices()),
                "changes": words.changes(earlier, one, items, others, choices=sees_choices()),
                "earlier": earlier,
            }
        )
    return render_template("assemblies/history.html", here=here, lines=lines)


def _by(one: Version) -> str:
    """Who entered it, as the member may know: its own people by name, the office as the office."""
    if one.reason is not None or one.channel.value != "ELECTRONIC":
        return "当機関が入力"
    return f"{one.by or ''}{'（受託者）' if one.mandate_id else ''}"


@pages.get("/<int:assembly_id>/replies/<int:no>")
@permit(Permission.ASSEMBLIES_SEE)
def replied(assembly_id: int, no: int) -> str:
    """The page after the act: number, receipt code, what happens next."""
    here = place(assembly_id)
    one, items, others, found = _version(here, no)
    stood = standing(db.session(), here.id, member_id())
    return render_template(
        "assemblies/replied.html",
        here=here,
        meeting=here.meeting,
        version=one,
        code=grouped(one.receipt_code),
        withdrawn=one.answer.attendance is Attendance.WITHDRAWN,
        coming=one.answer.attendance is Attendance.ATTEND,
        standing=stood is not None and stood.reply.id == one.id,
        newest=found[0].no == one.no,
        rows=words.version_rows(one, items, others, choices=sees_choices()),
        digest=one.digest,
    )


@pages.get("/<int:assembly_id>/replies/<int:no>.pdf")
@permit(Permission.ASSEMBLIES_SEE)
def replied_pdf(assembly_id: int, no: int) -> Response:
    """回答の控え as PDF."""
    here, now = place(assembly_id), clock.now()
    one, items, others, _ = _version(here, no)
    stood = standing(db.session(), here.id, member_id())
    is_standing = stood is not None and stood.reply.id == one.id
    rows = words.version_rows(one, items, others, choices=sees_choices())
    values: pdf.ReplyCopy = {
        "title": "総会への回答の控え",
        "assembly": here.title,
        "company": here.seat.name if here.seat else viewer.company_name,
        "number": one.number,
        "code": grouped(one.receipt_code),
        "received": f"{format_instant(one.received_at)}（{CHANNEL_LABELS[one.channel]}）",
        "state": "有効な回答です" if is_standing else "あとから受け付けた回答があるため、有効ではありません",
        "facts": [
            (term, "\n".join(value) if isinstance(value, list) else value) for term, value in words.facts(here.meeting)
        ],
        "rows": [(term, "\n".join(value) if isinstance(value, list) else value) for term, value in rows],
    }
    content = pdf.reply_copy(values, issuer=pdf.Issuer(telephone=site().contact_phone), created_at=now)
    return download(content, name=f"{words.file_name(here.meeting, '回答の控え')}.pdf", media_type=pdf.MIMETYPE)
