"""出欠・議決権の回答 as staff see them: who answered how and from what; choices by permission alone."""

from collections.abc import Mapping, Sequence
from typing import Any

from flask import abort, g, redirect, request, url_for
from flask_admin import expose
from markupsafe import Markup
from sqlalchemy import ColumnElement, case, exists, or_, select

from occto.access import viewer
from occto.admin.assembly_menu import pages_of
from occto.admin.base import Facet, Facts, Order, StaffView, Table, clamped_id, link
from occto.admin.picking import OwnDetails, send_document
from occto.admin.reply_entry import ReplyEntry
from occto.domain.assembly import ENTRY_BY_STAFF, title_of
from occto.domain.codes import AttachmentKind
from occto.domain.dates import format_instant
from occto.domain.permissions import Permission
from occto.domain.replies import LABELS, PROXY_LABELS, SHORT_LABELS, Attendance, ProxyKind, ReplyChannel
from occto.extensions import db
from occto.labels import choices, label
from occto.models import REAL, Assembly, Attachment, Member, Reply, StandingReply, User
from occto.queries import replies as reads
from occto.queries import replies_staff as staff_reads
from occto.queries.replies import Item, Version
from occto.queries.search import members_named

_STANDING, _EARLIER, _LATE, _AWAY = "standing", "earlier", "late", "away"
_STANDS = exists().where(StandingReply.reply_id == Reply.id).correlate(Reply)
_LATE_ONE = exists().where(Assembly.id == Reply.assembly_id, Reply.received_at >= Assembly.reply_until).correlate(Reply)
HIDDEN = "（議案ごとの賛否は、権限のある方だけが見られます）"


def _attendance(_view: Any, _context: Any, row: Any, _name: str) -> str:
    return SHORT_LABELS[row.attendance]


def _counts(_view: Any, _context: Any, row: Any, _name: str) -> str:
    words = "有効" if row.stands else "以前の版"
    return f"{words}・締切後" if row.late else words


def _version(_view: Any, _context: Any, row: Any, _name: str) -> str:
    return f"第{row.no}版"


def _condition(value: str) -> ColumnElement[bool]:
    known = {_STANDING: _STANDS, _EARLIER: ~_STANDS, _LATE: _LATE_ONE, _AWAY: staff_reads.proxy_stays_away()}
    return known[value]


class RepliesView(OwnDetails, ReplyEntry, StaffView):
    """回答. Every version; the one that stands is marked."""

    see, under = Permission.REPLY_SEE, "assemblies"
    title = "回答"
    list_template, details_template = "admin/replies.html", "admin/reply.html"
    subject_kind, personal = "REPLY", True
    search_hint = "会員の商号、フリガナ、事業者コード、回答番号"
    column_list = ("received_at", "stands", "company", "attendance", "channel", "no", "person", "number")
    column_labels = {
        "received_at": "受付",
        "stands": "状態",
        "company": "会員",
        "attendance": "出欠",
        "channel": "経路",
        "no": "版",
        "person": "入力した方",
        "number": "回答番号",
    }
    column_formatters = {"attendance": _attendance, "stands": _counts, "no": _version}
    orders = {
        "new": Order("入力の新しい順", Reply.id, descending=True),
        "old": Order("入力の古い順", Reply.id),
    }
    tagged = ("stands",)
    extras = {
        "company": select(Member.current_name).where(Member.id == Reply.member_id).correlate(Reply).scalar_subquery(),
        "person": select(User.name).where(User.id == Reply.entered_by_id).correlate(Reply).scalar_subquery(),
        "stands": case((_STANDS, 1), else_=0),
        "late": case((_LATE_ONE, 1), else_=0),
    }
    reads = ("received_at", "attendance", "channel", "no", "number")

    @property
    def facets(self) -> Mapping[str, Facet]:  # type: ignore[override]
        """What a list is narrowed down by; the assemblies are asked for once a request."""
        if "reply_facets" not in g:
            found = staff_reads.assemblies_with_replies(db.session(), also=self._copy())
            titles = [(str(one.id), title_of(one)) for one in found]
            g.reply_facets = {
                "assembly": Facet("総会", None, titles, condition=lambda value: Reply.assembly_id == int(value)),
                "state": Facet(
                    "状態",
                    None,
                    [
                        (_STANDING, "有効"),
                        (_EARLIER, "以前の版"),
                        (_LATE, "締切後"),
                        (_AWAY, "委任先の会員が来場しない"),
                    ],
                    condition=_condition,
                ),
                "attendance": Facet("出欠", Reply.attendance, [(one.value, SHORT_LABELS[one]) for one in Attendance]),
                "channel": Facet("経路", Reply.channel, choices(ReplyChannel)),
            }
        found_facets: Mapping[str, Facet] = g.reply_facets
        return found_facets

    def scope(self) -> list[ColumnElement[bool]]:
        """Replies of a rehearsal stand in no list but that of the copy itself."""
        if request.endpoint != f"{self.endpoint}.index_view" and "id" in request.values:
            return []
        return [Reply.assembly_id.in_(select(Assembly.id).where(or_(REAL, Assembly.id == self._copy())))]

    def _copy(self) -> int | None:
        """The assembly whose list is asked for: the only way to that of a rehearsal."""
        return clamped_id(request.values.get("assembly"))

    def search(self, term: str) -> ColumnElement[bool]:
        return or_(Reply.member_id.in_(members_named(db.session(), term)), Reply.number == term)

    @expose("/")
    def index_view(self) -> str:
        """The list; that of one assembly stands among the pages of it, with the door to key in for it alone."""
        asked = clamped_id(self.asked().chosen.get("assembly"))
        found = [
            one
            for one in staff_reads.assemblies_with_replies(db.session(), also=self._copy())
            if asked in (None, one.id)
        ]
        titles = {one.id: title_of(one) for one in found}
        self._template_args.update(
            of=asked,
            of_title=titles.get(asked or 0, ""),
            pages=pages_of(found[0], at="replies.of_assembly") if asked and found else [],
            entry_doors=[
                ("" if asked else titles[one.id], url_for("replies.enter", assembly=one.id))
                for one in found
                if one.state in ENTRY_BY_STAFF
            ],
        )
        page: str = super().index_view()
        return page

    @expose("/of/")
    def of_assembly(self) -> Any:
        """The replies to one assembly, by its row number as `id`; before the freeze the board, which says that there are none."""
        number = clamped_id(request.args.get("id"))
        if number is None or number in {
            one.id for one in staff_reads.assemblies_with_replies(db.session(), also=number)
        }:
            return redirect(url_for("replies.index_view", assembly=number or ""), 303)
        return redirect(url_for("reply_board.index", id=number), 303)

    @expose("/file/")
    def file(self) -> Any:
        """A scan, as a download only; the choices stand on it, so whoever may not see those does not see it."""

        def owned(one: Attachment) -> bool:
            reply = db.session.scalar(select(Reply).where(Reply.document_id == one.id))
            if reply is None or one.kind is not AttachmentKind.REPLY_PAPER:
                return False
            if not _sees_choices(reply.channel, reply.entered_by_id):
                abort(403)
            self.note([], details=True, ids=[reply.id])
            return True

        return send_document(owned)

    def heading(self, row: Reply) -> str:
        return f"{db.session.get_one(Member, row.member_id).current_name} の回答"

    def details_page(self, row: Reply) -> str:
        held = reads.meeting(db.session(), row.assembly_id)
        may = viewer.can(Permission.REPLY_ENTER) and held is not None and held.state in ENTRY_BY_STAFF
        self._template_args["enter_url"] = (
            url_for("replies.enter", assembly=row.assembly_id, member=row.member_id) if may else ""
        )
        return super().details_page(row)

    def below(self, row: Reply) -> Sequence[Facts | Table]:
        session = db.session()
        held = reads.meeting(session, row.assembly_id)
        assert held is not None
        found = reads.versions(session, row.assembly_id, row.member_id)
        standing = reads.standing(session, row.assembly_id, row.member_id)
        items = reads.agenda(session, row.assembly_id, member_id=row.member_id)
        member = db.session.get_one(Member, row.member_id)
        words = title_of(held)
        about = [
            ("総会", link(words, "assemblies.details_view", held.id, Permission.ASSEMBLY_SEE)),
            ("会員", link(member.current_name, "members.details_view", member.id, Permission.MEMBER_SEE)),
        ]
        parts: list[Facts | Table] = [Facts("対象", about)]
        for one in found:
            stands = standing is not None and standing.reply.id == one.id
            late = held.reply_until is not None and one.received_at >= held.reply_until
            title = f"第{one.no}版{'（有効）' if stands else ''}{'　締切後' if late else ''}"
            parts.append(Facts(title, self._facts(one, items)))
        return parts

    def _facts(self, one: Version, items: Sequence[Item]) -> list[tuple[str, Any]]:
        answer = one.answer
        rows: list[tuple[str, Any]] = [
            ("出欠", LABELS[answer.attendance]),
            ("受け取った日時", f"{format_instant(one.received_at)}（{label(one.channel)}）"),
            ("入力", f"{format_instant(one.entered_at)}　{one.by or ''}"),
            ("回答番号", one.number),
        ]
        if answer.proxy_kind is not None:
            rows.append(("委任する相手", f"{PROXY_LABELS[answer.proxy_kind]}　{_proxy(one)}"))
        for person in answer.attendees:
            contact = "　".join(filter(None, (person.email, person.phone)))
            votes = "（議決権を行使する方）" if person.voting else ""
            rows.append(("出席者", f"{person.title}　{person.name} 様{votes}　{contact}".rstrip()))
        rows += self._choices(one, items)
        if answer.opinion:
            rows.append(("ご意見", answer.opinion))
        if one.reason:
            rows.append(("入力の理由", one.reason))
        if one.document_id is not None and not _sees_choices(one.channel, one.entered_by_id):
            rows.append(("書面", "保管しています。賛否を見る権限のある方だけが開けます。"))
        elif one.document_id is not None:
            words = Markup('<a href="{}">書面の写し</a>').format(url_for("replies.file", id=one.document_id))
            rows.append(("書面", words))
        return rows

    def _choices(self, one: Version, items: Sequence[Item]) -> list[tuple[str, str]]:
        """Choices of one member: for whoever may see them, and for whoever keyed them in."""
        lines = reads.choices_in_words(one.answer, items, on_paper_at=one.on_paper_at)
        if lines and not _sees_choices(one.channel, one.entered_by_id):
            return [("議案への賛否", HIDDEN)]
        return lines


def _sees_choices(channel: ReplyChannel, entered_by_id: int | None) -> bool:
    """Whether the viewer sees the choices of one member: by permission, or because it keyed them in."""
    own = channel is not ReplyChannel.ELECTRONIC and entered_by_id == viewer.user_id
    return own or viewer.can(Permission.REPLY_CHOICES_SEE)


def _proxy(one: Version) -> str:
    if one.answer.proxy_kind is ProxyKind.MEMBER:
        member = db.session.get(Member, one.answer.proxy_member_id or 0)
        return member.current_name if member is not None else ""
    return one.answer.proxy_name or ""
