"""総会の通知: a text with fields, looked at as each recipient gets it, tried out, sent; its letters."""

from collections.abc import Sequence
from typing import Any, ClassVar

from flask import abort, request, url_for
from flask_admin import expose
from sqlalchemy.orm import Session

from occto import clock
from occto.access import actor, permit, viewer
from occto.admin.base import Facet, Facts, Order, Table, clamped_id
from occto.admin.notice_doors import LetterDoors
from occto.admin.notice_words import look_through, shown_to, what_follows
from occto.admin.sent import sent_version
from occto.admin.verb_view import Door, Preview, VerbView
from occto.domain.assembly import title_of
from occto.domain.convocation import NoticeKind, NoticeState
from occto.domain.dates import today_jst
from occto.domain.merge_fields import FIELDS
from occto.domain.notice_texts import BODIES, SUBJECTS
from occto.domain.permissions import Permission
from occto.extensions import db
from occto.forms.base import BaseForm
from occto.forms.notices import OPEN, NoticeForm, SendForm
from occto.labels import choices, label
from occto.models import Assembly, Notice, User
from occto.queries.notice_values import member_for_preview
from occto.services.convocation import reminding, sending, writing
from occto.views.tools import new_form_id

_SENT = {
    NoticeKind.NOTICE: "招集通知を送信の列に入れました。届いた状況は、この画面で確かめられます。",
    NoticeKind.ADDENDUM: "追加の通知を送信の列に入れました。",
    NoticeKind.REMINDER: "回答のお願いを送信の列に入れました。",
}


def _title(_view: Any, _context: Any, row: Notice, _name: str) -> str:
    return label(row.kind)


class NoticesView(LetterDoors, VerbView):
    """通知. A draft is written by whoever prepares the assembly; an approver sends it, once."""

    see, write = Permission.ASSEMBLY_SEE, Permission.ASSEMBLY_EDIT
    title, under = "総会の通知", "assemblies"
    details_template = "admin/notice.html"
    column_list = ("kind", "subject", "state", "edited_at", "sent_at")
    column_details_list = ("state", "edited_at", "tested_at", "sent_at")
    column_labels: ClassVar[dict[str, str]] = {
        "kind": "種類",
        "subject": "件名",
        "state": "状態",
        "edited_at": "最後の変更",
        "tested_at": "最後の試し送り",
        "sent_at": "送付",
    }
    column_formatters = {"kind": _title}
    orders = {"new": Order("新しい順", Notice.id, descending=True)}
    tagged = ("state",)
    facets = {
        "kind": Facet("種類", Notice.kind, choices(NoticeKind)),
        "state": Facet("状態", Notice.state, choices(NoticeState)),
    }
    form = NoticeForm
    form_columns = ("subject", "body")
    create_verb = staticmethod(writing.create_notice)
    update_verb = staticmethod(writing.update_notice)
    delete_verb = staticmethod(writing.drop_notice)
    edit_title, updated = "通知の文を変更する", "下書きを保存しました。"

    def heading(self, row: Notice) -> str:
        return f"{label(row.kind)}（{self._assembly(row.assembly_id)[1]}）"

    def _assembly(self, assembly_id: int) -> tuple[Assembly, str]:
        found = db.session.get(Assembly, assembly_id)
        if found is None:
            abort(404)
        return found, title_of(found)

    def create_form(self, obj: Any = None) -> Any:  # noqa: ARG002 - Flask-Admin calls it so
        kind = _kind_asked()
        usual = {"subject": SUBJECTS[kind], "body": BODIES[kind]}
        sent = request.form if request.method == "POST" else None
        return NoticeForm(sent, data=usual, today=today_jst(clock.now()))

    def create_model(self, form: Any) -> Any:
        """A draft of the kind that the address names, beginning with the usual words."""
        kind, number = _kind_asked(), clamped_id(request.values.get("assembly")) or 0
        _row, name = self._assembly(number)

        def act(session: Session) -> str:
            made = writing.create_notice(
                session, number, kind=kind, actor=actor(), now=clock.now(), **self._values(form)
            )
            return url_for("notices.details_view", id=made)

        title = f"{label(kind)}の文を作る"
        door = Door(
            title,
            "下書きを保存する",
            ("招集通知の画面へ戻る", url_for("convocations.index_view", id=number)),
            lead="まだ送りません。保存したあと、宛先ごとの内容を確かめ、自分あてに試し送りができます。",
            caption=name,
            facts=[(f"{{{field}}}", words) for field, words in FIELDS.items()],
            facts_title="差込み項目",
            hidden={"assembly": number, "kind": kind.value},
        )
        return self.go_through(door, form, act, done="下書きを保存しました。宛先ごとの内容を確かめてください。")

    def _door_of(self, row: Notice, title: str) -> Door:
        back = ("通知の画面へ戻る", url_for("notices.details_view", id=row.id))
        facts = [(f"{{{field}}}", words) for field, words in FIELDS.items()]
        caption, hidden = self.heading(row), {"id": row.id}
        return Door(title, title, back, caption=caption, facts=facts, facts_title="差込み項目", hidden=hidden)

    def delete_model(self, model: Notice) -> Any:
        number, version = model.id, sent_version()

        def act(session: Session) -> str:
            assembly_id = writing.drop_notice(session, number, seen_version=version, actor=actor(), now=clock.now())
            return url_for("convocations.index_view", id=assembly_id)

        door = self._door_of(model, "下書きを削除する")
        return self.go_through(door, BaseForm(request.form), act, done="下書きを削除しました。", version=version)

    def details_page(self, row: Notice) -> str:
        draft = row.state is NoticeState.DRAFT
        self._template_args.update(
            may_edit=draft and viewer.can(self.write),
            may_send=draft and viewer.can(Permission.ASSEMBLY_NOTIFY),
            look=look_through(db.session(), row, request.args, now=clock.now()),
            to_post=self.waiting(row),
            new_form_id=new_form_id,
            back=url_for("convocations.index_view", id=row.assembly_id),
        )
        return super().details_page(row)

    def below(self, row: Notice) -> Sequence[Facts | Table]:
        names = {number: db.session.get(User, number) for number in (row.edited_by_id, row.sent_by_id) if number}
        people = [
            (words, user.name)
            for words, number in (("最後に変更した方", row.edited_by_id), ("送った方", row.sent_by_id))
            if number and (user := names.get(number)) is not None
        ]
        return [Facts("担当", people)] if people else []

    @expose("/trial/", methods=("POST",))
    @permit(Permission.ASSEMBLY_EDIT)
    def trial(self) -> Any:
        """A mail to oneself, as the member that is looked at would get it."""
        row = self.row_asked()
        number, version = row.id, sent_version()
        member = member_for_preview(db.session(), row.assembly_id, shown_to(request.form))
        if member is None:
            abort(404)

        def act(session: Session) -> str:
            writing.send_trial(session, number, seen_version=version, member=member, actor=actor(), now=clock.now())
            return url_for("notices.details_view", id=number, member=member.operator_code)

        door = self._door_of(row, "自分あてに試しに送る")
        return self.go_through(
            door,
            BaseForm(request.form),
            act,
            done="あなたのメールアドレスに、試しのメールを送りました。",
            version=version,
            now_version=lambda: self.get_one(number).version,
        )

    @expose("/send/", methods=("GET", "POST"))
    @permit(Permission.ASSEMBLY_NOTIFY)
    def send(self) -> Any:
        """Sending: what follows is shown first, with numbers; done once."""
        row = self.row_asked()
        number, kind = row.id, row.kind
        assembly, _name = self._assembly(row.assembly_id)
        assembly_id = assembly.id
        posted = request.method == "POST"
        sent = request.form if posted else None
        form: Any = SendForm(sent, data={"open_replies": OPEN}) if kind is NoticeKind.NOTICE else BaseForm(sent)
        version = sent_version(row.version)
        seen = (clamped_id(request.form.get("assembly_version")) or 0) if posted else assembly.version

        def act(session: Session) -> str:
            given: dict[str, Any] = {"seen_version": version, "actor": actor(), "now": clock.now()}
            if kind is NoticeKind.NOTICE:
                opens = form.open_replies.data == OPEN
                sending.send_notice(session, number, open_replies=opens, seen_assembly=seen, **given)
            elif kind is NoticeKind.ADDENDUM:
                sending.send_addendum(session, number, seen_assembly=seen, **given)
            else:
                reminding.send_reminder(session, number, **given)
            return url_for("convocations.index_view", id=assembly_id)

        title = f"{label(kind)}を送る"
        door = Door(
            title,
            title,
            ("通知の画面へ戻る", url_for("notices.details_view", id=number)),
            lead="送る相手の数と内容を次の画面で確かめてから、送ります。送った通知は取り消せません。",
            caption=self.heading(row),
            hidden={"id": number, "assembly_version": seen},
        )
        return self.go_through(
            door,
            form,
            act,
            done=_SENT[kind],
            preview=lambda: self._what_follows(number, assembly_id),
            version=version,
            now_version=lambda: self.get_one(number).version,
        )

    def _what_follows(self, number: int, assembly_id: int) -> Preview:
        return what_follows(db.session(), self.get_one(number), self._assembly(assembly_id)[0], now=clock.now())


def _kind_asked() -> NoticeKind:
    asked = request.values.get("kind", "")
    if asked not in NoticeKind.__members__:
        abort(404)
    return NoticeKind(asked)
