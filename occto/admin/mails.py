"""送信メール: every mail, where it stands, the doors to send a failed one again and to record one that came back."""

from collections.abc import Sequence
from typing import Any, ClassVar

from flask import abort, current_app, flash, request, url_for
from flask_admin import expose
from markupsafe import Markup
from sqlalchemy import ColumnElement, or_
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from occto import clock
from occto.access import actor, permit, viewer
from occto.admin.base import Facet, Facts, Order, StaffView, Table, clamped_id, link
from occto.admin.bulk import BulkAct
from occto.admin.exports import Exported, instant
from occto.admin.verb_view import Door, Doors
from occto.domain.codes import MailState
from occto.domain.dates import format_instant
from occto.domain.errors import Refusal
from occto.domain.jobs import JobKind
from occto.domain.joining import Stage
from occto.domain.permissions import Permission
from occto.forms.notices import ReturnedForm
from occto.labels import choices, label
from occto.models import OutboxMail
from occto.queries.staff import UNDELIVERED
from occto.services import audit, outbox
from occto.views.tools import new_form_id, once, see_other


def subject_in_words(mail: OutboxMail) -> str:
    """The subject as sent, or as it will read."""
    if mail.subject:
        return mail.subject
    values = dict(mail.params)
    if "stage" in values:
        values["stage_label"] = label(Stage(values["stage"]))
    return current_app.jinja_env.get_template(f"mail/{mail.template}/subject.txt").render(values).strip()


def _subject(_view: Any, _context: Any, row: OutboxMail, _name: str) -> str:
    return subject_in_words(row)


def _next(_view: Any, _context: Any, row: OutboxMail, _name: str) -> str:
    return format_instant(row.next_at) if row.state is MailState.PENDING else ""


_WITH_CHOICES = frozenset({"assemblies/replied"})
"""Mails that say how a member votes."""


def _body(_view: Any, _context: Any, row: OutboxMail, _name: str) -> Any:
    if row.template in _WITH_CHOICES and not viewer.can(Permission.REPLY_CHOICES_SEE):
        return "議案への賛否が含まれるため、本文は賛否を見る権限のある方だけが見られます。"
    return Markup('<span class="pre">{}</span>').format(row.body_masked) if row.body_masked else "まだ送っていません"


class MailsView(Doors, StaffView):
    """送信メール. Bodies are shown with their links masked."""

    see = Permission.MAIL_SEE
    title, gap, counter = "送信メール", True, "mails"
    subject_kind, personal = "MAIL", True
    details_template = "admin/mail.html"
    search_hint = "宛先のメールアドレス、件名"
    column_list = ("subject", "to_address", "state", "queued_at", "sent_at")
    reads = ("subject", "to_address", "state", "queued_at", "sent_at", "template", "params")
    column_details_list = (
        "state", "to_address", "subject", "body_masked", "queued_at", "sent_at", "attempts", "next_at", "last_error", "clause", "message_id",
    )  # fmt: skip
    column_labels: ClassVar[dict[str, str]] = {
        "subject": "件名",
        "to_address": "宛先",
        "state": "状態",
        "body_masked": "本文（リンクは伏せています）",
        "queued_at": "登録",
        "sent_at": "送信",
        "attempts": "送信を試みた回数",
        "next_at": "次に送る時刻",
        "last_error": "相手のサーバの応答",
        "clause": "根拠（利用規約）",
        "message_id": "Message-ID",
    }
    column_formatters = {"subject": _subject, "body_masked": _body, "next_at": _next}
    orders = {"new": Order("新しい順", OutboxMail.id, descending=True), "old": Order("古い順", OutboxMail.id)}
    tagged = ("state",)
    facets = {
        "state": Facet(
            "状態",
            OutboxMail.state,
            [("UNDELIVERED", "届かないもの"), *choices(MailState)],
            groups={"UNDELIVERED": UNDELIVERED},
        )
    }

    bulk = {
        "again": BulkAct(
            JobKind.MAIL_RESEND,
            "不達になったメールを、もう一度送信の列に入れます。送信結果不明のメールは自動で送り直されるため、対象に含みません。",
            Permission.MAIL_RESEND,
            only=(OutboxMail.state.in_(UNDELIVERED),),
        )
    }
    bulk_name = "to_address"
    export_columns = (
        Exported("件名", OutboxMail.subject, width=44),
        Exported("宛先", OutboxMail.to_address, width=36),
        Exported("状態", OutboxMail.state, dict(choices(MailState)), width=20),
        Exported("登録", OutboxMail.queued_at, instant, width=20),
        Exported("送信", OutboxMail.sent_at, instant, width=20),
        Exported("送信を試みた回数", OutboxMail.attempts),
        Exported("相手のサーバの応答", OutboxMail.last_error, width=50),
    )

    def search(self, term: str) -> ColumnElement[bool]:
        return or_(
            OutboxMail.to_address.icontains(term, autoescape=True), OutboxMail.subject.contains(term, autoescape=True)
        )

    def heading(self, row: OutboxMail) -> str:
        return subject_in_words(row)

    def details_page(self, row: OutboxMail) -> str:
        self._template_args["again"] = row.state in UNDELIVERED and viewer.can(Permission.MAIL_RESEND)
        self._template_args["returnable"] = row.state is MailState.SENT and viewer.can(Permission.MAIL_RESEND)
        self._template_args["form_id"] = new_form_id()
        return super().details_page(row)

    def below(self, row: OutboxMail) -> Sequence[Facts | Table]:
        about = (
            ("加入申請", "applications.details_view", row.application_id, Permission.APPLICATION_SEE),
            ("会員", "members.details_view", row.member_id, Permission.MEMBER_SEE),
            ("ユーザ", "users.details_view", row.user_id, Permission.USER_SEE),
        )
        found = [(words, link(f"{words}の画面", where, number, may)) for words, where, number, may in about if number]
        return [Facts("このメールに関わる画面", found)] if found else []

    @expose("/again/", methods=("POST",))
    @permit(Permission.MAIL_RESEND)
    def again(self) -> Response:
        """Put a mail that did not arrive back into the queue."""
        mail_id = clamped_id(request.form.get("id"))
        if mail_id is None:
            abort(404)

        def act(session: Session) -> str:
            outbox.send_again(session, mail_id, now=clock.now())
            audit.record(
                session,
                "mail.queued_again",
                subject=f"MAIL:{mail_id}",
                actor=actor(),
                now=clock.now(),
                detail={"outbox_id": mail_id},
            )
            return url_for("mails.details_view", id=mail_id)

        try:
            answer = once(act)
        except Refusal as refusal:
            flash(refusal.sentence, "danger")
            return see_other("mails.details_view", id=mail_id)
        flash("送り直しの列に入れました。まもなく送信します。", "success")
        return answer

    @expose("/returned/", methods=("GET", "POST"))
    @permit(Permission.MAIL_RESEND)
    def returned(self) -> Any:
        """不達, of a mail that came back after the server had taken it."""
        row = self.get_one(request.values.get("id", ""))
        if row is None:
            abort(404)
        number = row.id
        form: Any = ReturnedForm(request.form if request.method == "POST" else None)

        def act(session: Session) -> str:
            now, reason = clock.now(), form.reason.data
            sent_at = outbox.mark_returned(session, number, words=reason, now=now)
            detail = {"outbox_id": number, "sent_at": sent_at, "reason": reason}
            audit.record(session, "mail.returned", subject=f"MAIL:{number}", actor=actor(), now=now, detail=detail)
            return url_for("mails.details_view", id=number)

        door = Door(
            "戻ってきたと記録する",
            "不達として記録する",
            ("メールの画面へ戻る", url_for("mails.details_view", id=number)),
            lead="相手のサーバが受け取ったあとに、届かなかったと知らせてきたメールを、不達にします。招集通知であれば、"
            "ほかの宛先に届いていないかぎり、その会員には届いていないものとして扱います。",
            caption=self.heading(row),
            facts=[("宛先", row.to_address), ("送信", format_instant(row.sent_at) if row.sent_at else "")],
            hidden={"id": number},
        )
        return self.go_through(door, form, act, done="不達として記録しました。")
