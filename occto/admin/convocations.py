"""招集通知 of an assembly: how far it has come for each member, with what remains to be done."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any, ClassVar

from flask import g, request, url_for
from flask_admin import expose
from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from occto import clock
from occto.access import actor, permit, viewer
from occto.admin.assembly_menu import assembly_asked, pages_of
from occto.admin.base import Facet, Facts, Order, StaffView, Table, link
from occto.admin.exports import Exported, instant
from occto.admin.lists import Asked, Listing
from occto.admin.sent import sent_version
from occto.admin.verb_view import Door, Doors
from occto.domain.assembly import ASSEMBLY, AssemblyState, title_of
from occto.domain.convocation import (
    ConvocationState,
    NoticeKind,
    NoticeState,
    NoticeTiming,
    day_held,
    last_lawful_day,
    timing,
    too_late_from,
)
from occto.domain.dates import format_date_weekday, format_instant, today_jst
from occto.domain.permissions import Permission
from occto.domain.searching import wanted
from occto.extensions import db
from occto.forms.base import BaseForm
from occto.forms.notices import ResendForm
from occto.labels import choices, label
from occto.models import Assembly, Convocation, Member
from occto.queries import convocation as reads
from occto.queries.assembly_recipients import recipients
from occto.queries.notice_letters import number_to_post
from occto.queries.search import member_ids
from occto.services.convocation import resending, sending
from occto.services.convocation.resending import RUNNING
from occto.services.convocation.writing import WRITTEN_IN

MISSED_SHOWN = 100


def _state(_view: Any, _context: Any, row: Any, _name: str) -> str:
    return label(ConvocationState(row.state))


def _votes(_view: Any, _context: Any, row: Any, _name: str) -> str:
    return f"{row.votes or 0:,}票"


def _timing(view: Any, _context: Any, row: Any, _name: str) -> str:
    return label(timing(row.notified_at, held_at=view.assembly().held_at, now=clock.now()))


def _timing_word(held_at: datetime, now: datetime, notified_at: datetime | None) -> str:
    return label(timing(notified_at, held_at=held_at, now=now))


class ConvocationsView(Doors, StaffView):
    """A row is a member on the frozen roll of the assembly that `id` names; in details `id` is the member."""

    see = Permission.ASSEMBLY_SEE
    title, under = "招集通知", "assemblies"
    subject_kind, personal = "MEMBER", True
    list_template, details_template = "admin/convocations.html", "admin/convocation.html"
    search_hint = "商号、フリガナ、事業者コード"
    column_list = ("operator_code", "current_name", "votes", "state", "channel", "notified_at", "timing")
    column_labels: ClassVar[dict[str, str]] = {
        "operator_code": "事業者コード",
        "current_name": "会員",
        "votes": "議決権",
        "state": "状態",
        "channel": "届け方",
        "notified_at": "届いた日時",
        "timing": "期限",
    }
    reads = ("operator_code", "current_name")
    column_formatters = {"state": _state, "votes": _votes, "timing": _timing}
    orders = {
        "code": Order("事業者コード順", Member.operator_code),
        "kana": Order("フリガナ順", Member.kana_key),
    }
    tagged, numeric = ("state",), ("votes",)

    def assembly(self) -> Assembly:
        """The assembly of this request; 404 where there is none."""
        found = g.get("convoked")
        if found is None:
            key = "assembly" if "assembly" in request.values else "id"
            found = assembly_asked(key)
            g.convoked = found
        return found

    def called(self) -> str:
        """How the assembly is called."""
        return title_of(self.assembly())

    @property
    def facets(self) -> Mapping[str, Facet]:  # type: ignore[override]
        """State and timing of this assembly."""
        held = self.assembly()
        now = clock.now()
        return {
            "state": Facet(
                "状態",
                None,
                choices(ConvocationState),
                condition=lambda value: reads.in_state(held.id, ConvocationState(value)),
            ),
            "timing": Facet(
                "期限",
                None,
                choices(NoticeTiming),
                condition=lambda value: reads.in_timing(held, NoticeTiming(value), now=now),
            ),
        }

    @property
    def export_columns(self) -> Sequence[Exported]:  # type: ignore[override]
        """What the list shows, of this assembly."""
        held = self.assembly()
        shown = self._shown(held.id)
        return (
            Exported("事業者コード", Member.operator_code),
            Exported("会員", Member.current_name, width=40),
            Exported("議決権", shown["votes"]),
            Exported("状態", shown["state"], dict(choices(ConvocationState)), width=18),
            Exported("届け方", shown["channel"], label),
            Exported("届いた日時", shown["notified_at"], instant, width=20),
            Exported("期限", shown["notified_at"], partial(_timing_word, held.held_at, clock.now()), width=22),
        )

    def _shown(self, assembly_id: int) -> dict[str, Any]:
        return {
            "votes": reads.votes_column(assembly_id),
            "state": reads.state_column(assembly_id),
            "channel": reads.column_of(assembly_id, Convocation.channel),
            "notified_at": reads.column_of(assembly_id, Convocation.notified_at),
        }

    def asked(self) -> Asked:
        found = super().asked()
        return replace(found, chosen={"id": str(self.assembly().id), **found.chosen})

    def in_words(self, asked: Asked) -> str:
        chosen = {key: value for key, value in asked.chosen.items() if key != "id"}
        words = super().in_words(replace(asked, chosen=chosen))
        return "、".join(filter(None, (f"総会：{self.called()}", words)))

    def conditions(self, asked: Asked) -> list[ColumnElement[bool]]:
        chosen = {key: value for key, value in asked.chosen.items() if key != "id"}
        return super().conditions(replace(asked, chosen=chosen))

    def scope(self) -> list[ColumnElement[bool]]:
        """The frozen roll of the assembly, as of its day once that is over."""
        held = self.assembly()
        return [reads.on_roll(held.id, held_on=today_jst(held.held_at))]

    def search(self, term: str) -> ColumnElement[bool]:
        return Member.id.in_(member_ids(db.session(), wanted(term)))

    def listing(self, asked: Asked) -> Listing:
        columns = [expression.label(key) for key, expression in self._shown(self.assembly().id).items()]
        return Listing(Member, (*self._columns, *columns), self.conditions(asked), self.orders[asked.order])

    def details_also(self) -> dict[str, int]:
        return {"assembly": self.assembly().id}

    @expose("/")
    def index_view(self) -> str:
        """The roll with how far the notice has come, below what remains to be done."""
        held, now, session = self.assembly(), clock.now(), db.session()
        notices = reads.notices_of(session, held.id)
        sent = [one for one in notices if one.state is NoticeState.SENT]
        writes = viewer.can(Permission.ASSEMBLY_EDIT)
        found = reads.progress(session, held, now=now)
        begun = any(one.kind is NoticeKind.NOTICE for one in sent)
        self._template_args.update(
            assembly=held,
            heading=self.called(),
            pages=pages_of(held),
            progress=found if begun else None,
            bars=_bars(found),
            notices=notices,
            last_day=format_date_weekday(last_lawful_day(day_held(held.held_at))),
            over=now >= too_late_from(held.held_at),
            to_write=[kind for kind in NoticeKind if writes and held.state in WRITTEN_IN[kind]],
            to_post=[(one, count) for one in sent if (count := number_to_post(session, one.id))],
            missed=reads.missed(session, held, now=now, limit=MISSED_SHOWN + 1) if begun else [],
            missed_shown=MISSED_SHOWN,
            unsent=found.states[ConvocationState.UNSENT] if begun and held.state in RUNNING else 0,
            may_open=held.state is AssemblyState.NOTIFIED and viewer.can(Permission.ASSEMBLY_NOTIFY),
            may_send=viewer.can(Permission.ASSEMBLY_NOTIFY),
        )
        page: str = super().index_view()
        return page

    def heading(self, row: Member) -> str:
        return row.current_name

    def details_page(self, row: Member) -> str:
        held, session = self.assembly(), db.session()
        columns = (expression.label(key) for key, expression in self._shown(held.id).items())
        shown = session.execute(select(*columns).where(Member.id == row.id)).one()
        notice = reads.sent_notice(session, held.id)
        waits = notice is not None and reads.waits_for_post(session, notice.id, row.id)
        facts = [
            ("総会", self.called()),
            ("状態", label(ConvocationState(shown.state))),
            ("届け方", label(shown.channel)),
            ("届いた日時", format_instant(shown.notified_at) if shown.notified_at else ""),
            ("期限", label(timing(shown.notified_at, held_at=held.held_at, now=clock.now()))),
            ("議決権", f"{shown.votes or 0:,}票"),
            ("会員", link("会員の画面", "members.details_view", row.id, Permission.MEMBER_SEE)),
        ]
        page: str = self.render(
            self.details_template,
            row=row,
            heading=self.heading(row),
            facts=facts,
            parts_below=self.below(row),
            assembly=held,
            notice=notice,
            waits=waits,
            may_resend=notice is not None and held.state in RUNNING and viewer.can(Permission.ASSEMBLY_EDIT),
        )
        return page

    def below(self, row: Member) -> Sequence[Facts | Table]:
        lines = [
            (
                format_instant(one.at),
                label(one.kind),
                label(one.channel),
                one.recipient,
                link(one.address, "mails.details_view", one.outbox_id, Permission.MAIL_SEE)
                if one.outbox_id
                else one.address,
                _outcome(one),
            )
            for one in reads.sendings_of(db.session(), self.assembly().id, row.id)
        ]
        heads = ("登録", "通知", "届け方", "宛先", "アドレス", "結果")
        return [Table("この会員に送ったもの", heads, lines, "まだ送っていません。")]

    @expose("/resend/", methods=("GET", "POST"))
    @permit(Permission.ASSEMBLY_EDIT)
    def resend(self) -> Any:
        """The notice once more, to one contact of the member's record."""
        row = self.row_asked()
        number, held = row.id, self.assembly()
        assembly_id = held.id
        form = ResendForm(request.form if request.method == "POST" else None)
        people = recipients(db.session(), [number], today=today_jst(clock.now())).get(number, [])
        form.email.choices = [(one.email, f"{one.name}（{label(one.kind)}）{one.email}") for one in people]

        def act(session: Session) -> str:
            resending.resend_notice(
                session, assembly_id, member_id=number, email=form.email.data, actor=actor(), now=clock.now()
            )
            return url_for("convocations.details_view", id=number, assembly=assembly_id)

        lead = (
            "会員の登録にある通知先から、送る相手を選んでください。アドレスが変わっているときは、先に登録を改めてください。"
            if people
            else "この会員には、メールで送れる通知先がありません（紙対応）。手紙を印刷して郵送してください。"
        )
        door = Door(
            "招集通知をもう一度送る",
            "送る",
            ("会員の状況へ戻る", url_for("convocations.details_view", id=number, assembly=assembly_id)),
            lead=lead,
            caption=row.current_name,
            hidden={"id": number, "assembly": assembly_id},
        )
        return self.go_through(door, form, act, done="招集通知を送信の列に入れました。")

    @expose("/rest/", methods=("GET", "POST"))
    @permit(Permission.ASSEMBLY_NOTIFY)
    def rest(self) -> Any:
        """The notice to members that came onto the roll after it was sent."""
        held = self.assembly()
        lead = "議決権を確定し直したあとに名簿に加わり、まだ招集通知を送っていない会員に、送ったときと同じ通知を、追加の通知とともに送ります。"

        def act(session: Session, number: int) -> None:
            resending.send_to_rest(session, number, actor=actor(), now=clock.now())

        return self._move(held, "残りの会員に送る", lead, act, done="招集通知を送信の列に入れました。")

    @expose("/open_replies/", methods=("GET", "POST"))
    @permit(Permission.ASSEMBLY_NOTIFY)
    def open_replies(self) -> Any:
        """回答受付."""
        held = self.assembly()
        version = sent_version(held.version)
        until = f"締切（{format_instant(held.reply_until)}）まで、" if held.reply_until else ""
        lead = f"会員の画面で、出欠と議決権の回答の受付を始めます。{until}何度でも回答を改められます。"

        def act(session: Session, number: int) -> None:
            sending.open_replies(session, number, seen_assembly=version, actor=actor(), now=clock.now())

        words = ASSEMBLY.step("open_replies").label
        return self._move(held, words, lead, act, done="回答の受付を始めました。", version=version)

    def _move(self, held: Assembly, title: str, lead: str, act: Any, *, done: str, version: int | None = None) -> Any:
        number = held.id

        def do(session: Session) -> str:
            act(session, number)
            return url_for("convocations.index_view", id=number)

        door = Door(
            title,
            title,
            ("招集通知の画面へ戻る", url_for("convocations.index_view", id=number)),
            lead=lead,
            caption=self.called(),
            hidden={"id": number},
        )
        form = BaseForm(request.form if request.method == "POST" else None)
        return self.go_through(
            door, form, do, done=done, version=version, now_version=lambda: db.session.get_one(Assembly, number).version
        )


def _outcome(one: reads.SentTo) -> str:
    if one.accepted_at is not None:
        return f"{format_instant(one.accepted_at)} 届いた"
    if one.failed_at is not None:
        return f"{format_instant(one.failed_at)} 不達"
    return "送信中" if one.outbox_id else "郵送待ち"


def _bars(found: reads.Progress) -> list[tuple[str, int, int]]:
    """States as (words, members, all members), for bars."""
    return [(label(state), found.states[state], found.members) for state in ConvocationState]
