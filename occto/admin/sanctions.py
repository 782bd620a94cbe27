"""権利の停止・制限: decisions under the 定款, proposed by one of the staff and entered when another confirms."""

from collections.abc import Sequence
from typing import Any

from flask import abort, request, url_for
from flask_admin import expose
from markupsafe import Markup
from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from occto import clock, sanction_words
from occto.access import actor, permit, viewer
from occto.admin.base import Facet, Facts, Order, StaffView, Table, link
from occto.admin.picking import OwnDetails, PicksMember, scan_of, send_document, sent
from occto.admin.verb_view import Door, Doors
from occto.domain.codes import AttachmentKind, ChangeAct, SanctionScope
from occto.domain.dates import format_date, today_jst
from occto.domain.permissions import Permission
from occto.domain.proposals import ProposalKind
from occto.extensions import db
from occto.forms.sanctions import SanctionEndForm, SanctionForm, day_after
from occto.labels import choices, label
from occto.models import Member, SanctionFact
from occto.queries.sanctions import sanctions_of
from occto.queries.search import members_named
from occto.services import sanctions
from occto.services.proposals import open_proposal
from occto.services.sanctions import Decision

_BOTH = ("GET", "POST")
_STANDS, _VOIDED = "stands", "voided"
PROPOSED = "二人目の確認を依頼しました。確認されるまで、登録は変わりません。"


def _state(_view: Any, _context: Any, row: Any, _name: str) -> str:
    if row.voided_id is not None:
        return "訂正・取消し済み"
    return sanction_words.standing(row.effective_on, row.ended_on, today=today_jst(clock.now()))


def _last(_view: Any, _context: Any, row: Any, _name: str) -> str:
    return sanction_words.period(row.effective_on, row.ended_on)


def _by_record(value: str) -> ColumnElement[bool]:
    return SanctionFact.voided_id.is_(None) if value == _STANDS else SanctionFact.voided_id.is_not(None)


class SanctionsView(OwnDetails, PicksMember, Doors, StaffView):
    """権利の停止・制限. On the member's rights under the 定款; the system stays open to it."""

    see, under = Permission.MEMBER_SEE, "members"
    title = "権利の停止・制限"
    list_template, details_template = "admin/sanctions.html", "admin/sanction.html"
    search_hint = "会員の商号、フリガナ、事業者コード"
    column_list = ("company", "voided_id", "scope", "effective_on", "decided_by", "decided_on")
    column_labels = {
        "company": "会員",
        "voided_id": "状態",
        "scope": "権利",
        "effective_on": "期間",
        "decided_by": "決定した機関",
        "decided_on": "決定した日",
    }
    column_formatters = {"voided_id": _state, "effective_on": _last}
    orders = {"new": Order("登録の新しい順", SanctionFact.id, descending=True)}
    tagged = ("voided_id",)
    facets = {
        "scope": Facet("権利", SanctionFact.scope, choices(SanctionScope)),
        "record": Facet("登録", None, [(_STANDS, "いまの登録"), (_VOIDED, "訂正・取消し済み")], condition=_by_record),
    }
    extras = {
        "company": select(Member.current_name)
        .where(Member.id == SanctionFact.member_id)
        .correlate(SanctionFact)
        .scalar_subquery()
    }
    reads = ("member_id", "scope", "effective_on", "ended_on", "decided_by", "decided_on", "voided_id")

    def search(self, term: str) -> ColumnElement[bool]:
        return SanctionFact.member_id.in_(members_named(db.session(), term))

    def heading(self, row: SanctionFact) -> str:
        return f"{db.session.get_one(Member, row.member_id).current_name} の権利の停止・制限"

    def details_page(self, row: SanctionFact) -> str:
        waiting = open_proposal(db.session(), ProposalKind.SANCTION_END, f"SANCTION:{row.id}")
        stands = row.voided_id is None
        self._template_args["state"] = _state(self, None, row, "")
        self._template_args["waiting"] = waiting
        self._template_args["may_end"] = stands and waiting is None and viewer.can(Permission.SANCTION_PROPOSE)
        return super().details_page(row)

    def below(self, row: SanctionFact) -> Sequence[Facts | Table]:
        member = db.session.get_one(Member, row.member_id)
        facts = [
            ("会員", link(member.current_name, "members.details_view", member.id, Permission.MEMBER_SEE)),
            *sanction_words.facts(row),
        ]
        if row.document_id is not None:
            words = Markup('<a href="{}">決定を示す文書</a>').format(url_for("sanctions.file", id=row.document_id))
            facts.append(("文書", words))
        facts.append(("名簿の変更の番号", str(row.entered_id)))
        if row.voided_id is not None:
            facts.append(("訂正・取消しの変更の番号", str(row.voided_id)))
        return [Facts("決定の内容", facts)]

    @expose("/file/")
    def file(self) -> Any:
        """A document, as a download only."""
        return send_document(lambda one: one.kind is AttachmentKind.SANCTION)

    @expose("/propose/", methods=_BOTH)
    @permit(Permission.SANCTION_PROPOSE)
    def propose(self) -> Any:
        """A decision that shall be entered: the member, then what was decided."""
        back = ("権利の停止・制限の一覧へ戻る", url_for("sanctions.index_view"))
        title, member = "権利の停止・制限を登録する", self.member_asked()
        if member is None:
            return self.pick(title, "停止・制限を受ける会員を探してください。", endpoint="sanctions.propose", back=back)
        member_id, now = member.id, clock.now()
        form = sent(SanctionForm, today=today_jst(now))
        there = [
            (sanction_words.period(one.effective_on, one.ended_on), one.decided_by)
            for one in sanctions_of(db.session(), member_id)
        ]
        door = Door(
            title,
            "二人目の確認を依頼する",
            back,
            lead="別の方が確認すると、会員の登録に加わります。基準日が期間にある総会では、議決権を数えません（議決権の停止のとき）。",
            caption=member.current_name,
            facts=[("いまの登録", [" ".join(one) for one in there])],
            multipart=True,
            hidden={"member": member_id},
        )
        scan, fine = scan_of(form, needed="決定を示す文書のファイルを選んでください。")
        if not fine:
            return self.entry(door, form, version=None), 422

        def act(session: Session) -> str:
            assert scan is not None
            made = sanctions.propose_sanction(
                session,
                member_id,
                decision=_decision(form),
                scan=scan,
                reason=form.reason.data,
                actor=actor(),
                now=now,
            )
            return url_for("proposals.details_view", id=made)

        return self.go_through(door, form, act, done=PROPOSED)

    @expose("/end/", methods=_BOTH)
    @permit(Permission.SANCTION_PROPOSE)
    def end(self) -> Any:
        """The end, a correction or a void of one that is on record."""
        row = self.get_one(request.values.get("id", ""))
        if row is None or row.voided_id is not None:
            abort(404)
        number, now = row.id, clock.now()
        shown = {name: getattr(row, name) for name in ("scope", "decided_by", "decided_on", "ground", "effective_on")}
        form = sent(SanctionEndForm, shown, today=today_jst(now))
        door = Door(
            "終了・訂正・取消しをする",
            "二人目の確認を依頼する",
            ("権利の停止・制限の画面へ戻る", url_for("sanctions.details_view", id=number)),
            lead="別の方が確認すると、登録が変わります。直す前の登録も記録として残ります。",
            caption=self.heading(row),
            facts=sanction_words.facts(row),
            multipart=True,
            hidden={"id": number},
        )
        scan, fine = scan_of(form)
        if not fine:
            return self.entry(door, form, version=None), 422

        def act(session: Session) -> str:
            kind = ChangeAct(form.act.data)
            made = sanctions.propose_end(
                session,
                number,
                act=kind,
                ended_on=day_after(form.last_on.data),
                correction=_decision(form) if kind is ChangeAct.CORRECT else None,
                scan=scan,
                reason=form.reason.data,
                actor=actor(),
                now=now,
            )
            return url_for("proposals.details_view", id=made)

        return self.go_through(door, form, act, done=PROPOSED)


def _decision(form: Any) -> Decision:
    return Decision(
        scope=SanctionScope(form.scope.data),
        decided_by=form.decided_by.data,
        decided_on=form.decided_on.data,
        ground=form.ground.data,
        effective_on=form.effective_on.data,
        ended_on=day_after(form.last_on.data),
    )


def sanction_table(session: Session, member_id: int) -> Table:
    """What stands on the page of a member."""
    rows = [
        (
            link(sanction_words.period(one.effective_on, one.ended_on), "sanctions.details_view", one.id, Permission.MEMBER_SEE),
            label(one.scope),
            f"{one.decided_by}　{format_date(one.decided_on)}",
        )
        for one in sanctions_of(session, member_id)
    ]  # fmt: skip
    return Table("権利の停止・制限", ("期間", "権利", "決定"), rows)
