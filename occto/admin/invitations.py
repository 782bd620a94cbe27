"""招待: the administrators of members, how far the invitation of each is, waves of mails, and letters for the others."""

from collections.abc import Sequence
from typing import Any, ClassVar

from flask import abort, current_app, request
from flask_admin import expose
from sqlalchemy import ColumnElement, and_, case, or_, select
from sqlalchemy.orm import Session

from occto import clock
from occto.access import actor, permit, viewer
from occto.admin.base import Facet, Facts, Order, StaffView, Table, link
from occto.admin.bulk import BulkAct
from occto.admin.exports import Exported, attached, instant
from occto.domain.codes import UserState
from occto.domain.dates import format_instant, today_jst
from occto.domain.errors import Refusal
from occto.domain.invitations import LABELS, LOST, PAUSE, TEMPLATES, WAVE, InvitationState
from occto.domain.jobs import JobKind
from occto.domain.numbers import clamped_id
from occto.domain.permissions import Permission, Role
from occto.extensions import db
from occto.labels import choices, label
from occto.letters import MOST_LETTERS, letters
from occto.models import Affiliation, Member, OutboxMail, User
from occto.queries.invitations import letters_to_administrators, letters_to_members
from occto.services import audit
from occto.unit_of_work import run

CHOSEN, FIRST, REST = "chosen", "first", "rest"
_SETTLED = (UserState.ACTIVE,)


def _of(column: Any, model: Any, key: Any) -> Any:
    return select(column).where(model.id == key).correlate(Affiliation).scalar_subquery()


def _newest(column: Any) -> Any:
    """A column of the newest mail that invited the person."""
    return (
        select(column)
        .where(OutboxMail.user_id == Affiliation.user_id, OutboxMail.template.in_(TEMPLATES))
        .order_by(OutboxMail.id.desc())
        .limit(1)
        .correlate(Affiliation)
        .scalar_subquery()
    )


_MAIL = _newest(OutboxMail.state)
_SENT_AT = _newest(OutboxMail.queued_at)
_USER_STATE = _of(User.state, User, Affiliation.user_id)
_S = InvitationState
_CONDITIONS: dict[str, ColumnElement[bool]] = {
    _S.SET_UP: _USER_STATE.in_(_SETTLED),
    _S.BOUNCED: and_(_USER_STATE.not_in(_SETTLED), _MAIL.in_(LOST)),
    _S.SENT: and_(_USER_STATE.not_in(_SETTLED), _MAIL.is_not(None), _MAIL.not_in(LOST)),
    _S.NOT_SENT: and_(_USER_STATE.not_in(_SETTLED), _MAIL.is_(None)),
}
_STATE = case(*((condition, LABELS[state]) for state, condition in _CONDITIONS.items()), else_="")


def _due() -> ColumnElement[bool]:
    """Whoever may be reminded: not set up, and the last mail lost or seven days old."""
    waiting = and_(_CONDITIONS[_S.SENT], clock.now() - PAUSE >= _SENT_AT)
    return or_(_CONDITIONS[_S.BOUNCED], waiting)


class InvitationsView(StaffView):
    """招待. A row is an administrator at a member; one person at several members has several rows and gets one mail."""

    see = Permission.USER_INVITE
    title, under = "招待", "imports"
    subject_kind, personal = "USER", True
    list_template = "admin/invitations.html"
    search_hint = "商号、氏名、メールアドレス"
    column_list = ("company", "person", "email", "state", "sent_at")
    column_details_list = ("person", "email", "state", "sent_at", "started_at")
    reads = ("user_id", "member_id", "started_at")
    column_labels: ClassVar[dict[str, str]] = {
        "company": "会員",
        "person": "管理者",
        "email": "メールアドレス",
        "state": "状態",
        "sent_at": "最後の招待",
        "started_at": "管理者になった日時",
    }
    tagged = ("state",)
    orders = {"old": Order("登録順", Affiliation.id), "new": Order("新しい順", Affiliation.id, descending=True)}
    facets = {"state": Facet("状態", None, choices(InvitationState), condition=lambda value: _CONDITIONS[value])}
    extras: ClassVar[dict[str, Any]] = {
        "company": _of(Member.current_name, Member, Affiliation.member_id),
        "person": _of(User.name, User, Affiliation.user_id),
        "email": _of(User.email, User, Affiliation.user_id),
        "state": _STATE,
        "sent_at": _SENT_AT,
    }
    export_columns = (
        Exported("会員", extras["company"], width=40),
        Exported("事業者コード", _of(Member.operator_code, Member, Affiliation.member_id)),
        Exported("管理者", extras["person"], width=24),
        Exported("メールアドレス", extras["email"], width=36),
        Exported("状態", _STATE),
        Exported("最後の招待", _SENT_AT, instant, width=20),
    )

    @property
    def bulk(self) -> dict[str, BulkAct]:  # type: ignore[override]
        """Invitations and reminders; who may be reminded depends on the day."""
        return {
            "invite": BulkAct(
                JobKind.INVITE,
                "まだ招待していない管理者の方に、ログインIDをお知らせし、パスワードを決めるリンクを送ります。数社の管理者を兼ねる方には、1通だけ送ります。",
                Permission.USER_INVITE,
                only=(_CONDITIONS[_S.NOT_SENT],),
                words="未送付の管理者に招待メールを送る",
            ),
            "remind": BulkAct(
                JobKind.INVITE,
                "招待してから7日たっても設定していない方と、メールが届かなかった方に、もう一度お願いを送ります。",
                Permission.USER_INVITE,
                only=(_due(),),
                words="設定していない管理者に、もう一度お願いを送る",
            ),
        }

    def scope(self) -> list[ColumnElement[bool]]:
        """Administrators of members, those stopped or closed left out."""
        return [
            Affiliation.role == Role.ADMINISTRATOR,
            Affiliation.ended_at.is_(None),
            Affiliation.stopped_at.is_(None),
            _USER_STATE.in_((UserState.INVITED, UserState.ACTIVE)),
        ]

    def search(self, term: str) -> ColumnElement[bool]:
        people = select(User.id).where(
            or_(User.name.contains(term, autoescape=True), User.email_key.contains(term.lower(), autoescape=True))
        )
        members = select(Member.id).where(
            or_(Member.current_name.contains(term, autoescape=True), Member.operator_code == term)
        )
        return or_(Affiliation.user_id.in_(people), Affiliation.member_id.in_(members))

    def heading(self, row: Affiliation) -> str:
        return db.session.scalar(select(Member.current_name).where(Member.id == row.member_id)) or ""

    def details_page(self, row: Affiliation) -> str:
        shown = db.session.execute(
            select(*(expression.label(key) for key, expression in self.extras.items())).where(Affiliation.id == row.id)
        ).one()
        for key in self.extras:
            setattr(row, key, getattr(shown, key))
        return super().details_page(row)

    def below(self, row: Affiliation) -> Sequence[Facts | Table]:
        mails = db.session.execute(
            select(OutboxMail.id, OutboxMail.queued_at, OutboxMail.state, OutboxMail.last_error)
            .where(OutboxMail.user_id == row.user_id, OutboxMail.template.in_(TEMPLATES))
            .order_by(OutboxMail.id.desc())
        )
        lines = [
            (
                link(format_instant(mail.queued_at), "mails.details_view", mail.id, Permission.MAIL_SEE),
                label(mail.state),
                mail.last_error or "",
            )
            for mail in mails
        ]
        pages = [
            ("会員", link("会員の画面", "members.details_view", row.member_id or 0, Permission.MEMBER_SEE)),
            ("ユーザ", link("ユーザの画面", "users.details_view", row.user_id, Permission.USER_SEE)),
        ]
        return [Table("招待のメール", ("登録", "状態", "相手のサーバの応答"), lines), Facts("関わる画面", pages)]

    @expose("/wave/")
    @permit(Permission.USER_INVITE)
    def wave(self) -> str:
        """The next administrators to be invited, to be picked for a test wave, and the doors of the further waves."""
        asked = self.asked()
        conditions = [*self.conditions(asked), _CONDITIONS[_S.NOT_SENT]]
        rows = db.session.execute(
            select(Affiliation.id, *(self.extras[key].label(key) for key in ("company", "person", "email")))
            .where(*conditions)
            .order_by(Affiliation.id)
            .limit(WAVE)
        ).all()
        page: str = self.render(
            "admin/invitation_wave.html", rows=rows, wave=WAVE, conditions=self.in_words(asked), asked=asked.values
        )
        self.note([], ids=[row.id for row in rows], term=asked.term)
        return page

    def _wave_asked(self) -> tuple[str, list[int]]:
        kind = request.values.get("wave", "")
        picked = request.values.getlist("row") + request.values.get("rows", "").split(",")
        numbers = sorted({number for text in picked[:1000] if (number := clamped_id(text)) is not None})
        return (kind if kind in (CHOSEN, FIRST, REST) else ""), numbers

    def narrowed(self, ids: list[int]) -> list[int]:
        kind, picked = self._wave_asked()
        if kind == CHOSEN:
            return [number for number in ids if number in set(picked)]
        return ids[:WAVE] if kind == FIRST else ids

    def kept_in_the_form(self) -> dict[str, str]:
        kind, picked = self._wave_asked()
        return {"wave": kind, "rows": ",".join(map(str, picked))} if kind else {}

    def names_of(self, session: Session, ids: list[int]) -> list[str]:
        rows = session.execute(
            select(self.extras["company"].label("company"), self.extras["person"].label("person"))
            .where(Affiliation.id.in_(ids))
            .order_by(Affiliation.id)
        )
        return [f"{row.company}　{row.person} 様" for row in rows]

    @expose("/export-letters/")
    @permit(Permission.EXPORT)
    def export_letters(self) -> Any:
        """Letters as PDF: to the administrators that match and have not set up, or to members without any administrator."""
        if not viewer.can(self.see):
            abort(403)
        session, asked = db.session(), self.asked()
        if request.args.get("to") == "members":
            found, words = (
                letters_to_members(session, today=today_jst(clock.now()), limit=MOST_LETTERS + 1),
                "管理者のいない会員",
            )
        else:
            waiting = [*self.conditions(asked), _USER_STATE.not_in(_SETTLED)]
            found = letters_to_administrators(session, waiting, today=today_jst(clock.now()), limit=MOST_LETTERS + 1)
            words = self.in_words(asked) or "なし（すべて）"
        if not found:
            raise Refusal("no_letters", "手紙を送る相手がいません。条件を変えてお試しください。")
        if len(found) > MOST_LETTERS:
            raise Refusal(
                "too_many_letters", f"一度に作れる手紙は {MOST_LETTERS} 通までです。条件で絞り込んでください。"
            )
        content = letters(
            found,
            base_url=current_app.config["BASE_URL"],
            telephone=current_app.config["CONTACT_PHONE"],
            now=clock.now(),
        )
        run(_note_letters, [one.member_id for one in found], conditions=words)
        return attached(iter([content]), name="管理者への手紙.pdf", media_type="application/pdf")


def _note_letters(session: Session, member_ids: list[int], *, conditions: str) -> None:
    now = clock.now()
    audit.record_access(
        session,
        screen="invitations.export_letters",
        subject_kind="MEMBER",
        subject_ids=member_ids,
        details=False,
        actor=actor(),
        now=now,
        search_key=conditions,
    )
    detail = {"conditions": conditions, "count": len(member_ids)}
    audit.record(session, "invitation.letters", subject="LIST:招待", actor=actor(), now=now, detail=detail)
