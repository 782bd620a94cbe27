"""The doors of one assembly: arrangements, conditions, and every move of its life cycle. No rule stands here."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from flask import url_for
from flask_admin import expose
from sqlalchemy.orm import Session

from occto import clock
from occto.access import actor, permit
from occto.admin.base import Facts
from occto.admin.sent import sent_form, sent_version
from occto.admin.verb_view import Door, Preview
from occto.domain.assembly import ASSEMBLY, TOLD, assembly_title, fiscal_year, record_date, title_of, usual_deadline
from occto.domain.assembly_settings import AssemblySettings, read_settings
from occto.domain.dates import JST, format_date_weekday, format_instant, today_jst
from occto.domain.permissions import Permission
from occto.extensions import db
from occto.forms.assemblies import ArrangementsForm, CancelForm, ConditionsForm, FollowForm, PostponeForm
from occto.forms.base import BaseForm
from occto.holidays import is_holiday
from occto.labels import label
from occto.models import Assembly
from occto.queries.desks import desks_of, issued
from occto.services import assemblies
from occto.services.assemblies.telling import NOBODY, Told

_BOTH = ("GET", "POST")
_EDIT, _NOTIFY = Permission.ASSEMBLY_EDIT, Permission.ASSEMBLY_NOTIFY
TELLS = "招集通知を送った会員に、理由を添えてメールで知らせます。メールの届かない会員には、郵送でお知らせください。"


def arranged_values(row: Assembly) -> dict[str, Any]:
    """What the form shows of place, reception and deadline on record."""
    reception = row.reception_from.astimezone(JST) if row.reception_from else None
    until = row.reply_until.astimezone(JST) if row.reply_until else None
    return {
        "place": row.place,
        "reception_time": reception.time() if reception else None,
        "reply_on": until.date() if until else None,
        "reply_time": until.time() if until else None,
    }


def deadline_of(form: Any, settings: AssemblySettings) -> datetime:
    """The deadline that the form asks for, what was left out filled in as the verb will."""
    usual = usual_deadline(form.held_on.data, at=settings.reply_time, is_holiday=is_holiday)
    return datetime.combine(form.reply_on.data or usual.date(), form.reply_time.data or usual.time(), JST)


def done_and_told(done: str, told: Told = NOBODY) -> str:
    """What was done, and who is told of it: by mail, and whom the office has to write to."""
    if not (told.mails or told.on_paper):
        return done
    paper = f"郵送でお知らせいただく会員が {len(told.on_paper):,}社あります。" if told.on_paper else ""
    return f"{done}会員へのメール {told.mails:,}通を送信待ちにしました。{paper}"


class AssemblyDoors:
    """Pages of `assemblies.AssembliesView`, which finds the assembly and answers."""

    get_one: Callable[[Any], Any]
    row_asked: Callable[[], Any]
    go_through: Callable[..., Any]

    @expose("/arrange/", methods=_BOTH)
    @permit(_EDIT)
    def arrange(self) -> Any:
        """Place, reception and deadline; in preparation the day too, through the form of the assembly."""
        row = self.row_asked()
        form = ArrangementsForm(sent_form(), data=arranged_values(row), today=today_jst(clock.now()))

        def verb(session: Session, number: int, **stamp: Any) -> None:
            values = {name: form[name].data for name in ("place", "reception_time", "reply_on", "reply_time")}
            assemblies.arrange_assembly(session, number, is_holiday=is_holiday, **values, **stamp)

        return self._through(row, "edit", form, verb, done="内容を変更しました。")

    @expose("/rules/change/", methods=_BOTH)
    @permit(_EDIT)
    def change_rules(self) -> Any:
        """定足数・回答の決まり."""
        row = self.row_asked()
        held = read_settings(row.settings)
        data = {
            "quorum_basis": held.quorum_basis,
            "quorum_source": held.quorum_source,
            "max_attendees": held.max_attendees,
            "proxies": held.proxies,
            "blank_choice": held.blank_choice,
            "no_show": held.no_show,
            "chair": held.chair,
            "notice_days": held.notice_days,
        }
        form = ConditionsForm(sent_form(), data=data, today=today_jst(clock.now()))

        def verb(session: Session, number: int, **stamp: Any) -> None:
            assemblies.change_conditions(session, number, **{name: form[name].data for name in data}, **stamp)

        return self._through(
            row,
            "edit",
            form,
            verb,
            done="定足数・回答の決まりを変更しました。",
            title="定足数・回答の決まりを変更する",
            back=("定足数・回答の決まりへ戻る", "assemblies.rules"),
            lead="この総会だけの決まりです。招集通知を送ると、変えられません。",
        )

    @expose("/count/", methods=_BOTH)
    @permit(_EDIT)
    def count(self) -> Any:
        """基準日集計."""
        lead = (
            "基準日の終わりの登録で、議決権を数え始めます。会員は、自社の議決権の案を見て、異議を述べられるようになります。"
            "開催日は変えられなくなります。"
        )
        return self._move("count", assemblies.start_counting, done="基準日集計を始めました。", lead=lead)

    @expose("/close-replies/", methods=_BOTH)
    @permit(_EDIT)
    def close_replies(self) -> Any:
        """回答締切."""
        lead = "会員からの回答の受付を締め切ります。締め切ったあとの回答は、職員が理由を添えて入力します。"
        return self._move("close_replies", assemblies.close_replies, done="回答を締め切りました。", lead=lead)

    @expose("/open-hall/", methods=_BOTH)
    @permit(_EDIT)
    def open_hall(self) -> Any:
        """当日受付, after a page that shows who is expected and which desks are ready."""
        row = self.row_asked()
        form = BaseForm(sent_form(), today=today_jst(clock.now()))
        number = row.id

        def preview() -> Preview:
            tickets = issued(db.session(), number)
            desks = [desk for desk in desks_of(db.session(), number) if desk.ended_at is None]
            paired = sum(desk.paired_at is not None for desk in desks)
            rows = [
                *((f"受付票（{label(kind)}）", f"{count:,}枚") for kind, count in tickets.items()),
                ("受付の端末", f"{len(desks):,}台（接続済み {paired:,}台）"),
            ]
            warned = [] if paired else ["接続した受付の端末がありません。始めたあとでも、端末を登録して接続できます。"]
            return Preview(warned, [Facts("当日の準備", rows)])

        return self._through(
            row,
            "open_hall",
            form,
            assemblies.open_hall,
            done="当日受付を始めました。端末で受け付けられます。",
            lead="受付の端末で、来場した方の受付ができるようになります。開催日になってから始めてください。",
            preview=preview,
        )

    @expose("/finish/", methods=_BOTH)
    @permit(_EDIT)
    def finish(self) -> Any:
        """完了."""
        lead = "総会を完了にします。これより後に分かった変更は、この総会の「基準日後判明」には記録されません。"
        return self._move("finish", assemblies.finish_assembly, done="総会を完了にしました。", lead=lead)

    @expose("/postpone/", methods=_BOTH)
    @permit(_NOTIFY)
    def postpone(self) -> Any:
        """延期."""
        lead = (
            "総会を延期します。この総会は終わり、元に戻せません。いただいた回答は記録として残ります。"
            "日を改めるときは、延期のあとに、議案と決まりを引き継いだ新しい総会を登録できます。"
        )
        return self._end("postpone", assemblies.postpone_assembly, PostponeForm, "総会を延期にしました。", lead)

    @expose("/cancel/", methods=_BOTH)
    @permit(_NOTIFY)
    def cancel(self) -> Any:
        """中止."""
        lead = "総会を中止にします。この総会は終わり、元に戻せません。いただいた回答は記録として残ります。"
        return self._end("cancel", assemblies.cancel_assembly, CancelForm, "総会を中止にしました。", lead)

    @expose("/follow/", methods=_BOTH)
    @permit(_EDIT)
    def follow(self) -> Any:
        """日を改めて: a new assembly with the agenda of a postponed one."""
        row = self.row_asked()
        kind, settings = row.kind, read_settings(row.settings)
        form = FollowForm(sent_form(), data={"no": row.no, "place": row.place}, today=today_jst(clock.now()))
        names = ("no", "held_on", "held_time", "place", "reception_time", "reply_on", "reply_time")

        def verb(session: Session, number: int, **stamp: Any) -> int:
            values = {name: form[name].data for name in names}
            return assemblies.follow_postponed(session, number, is_holiday=is_holiday, **values, **stamp)

        def preview() -> Preview:
            held_on = form.held_on.data
            rows = [
                ("総会", assembly_title(kind, fiscal_year(held_on), form.no.data)),
                ("開催日時", f"{format_date_weekday(held_on)}{form.held_time.data:%H:%M}"),
                (
                    "基準日",
                    f"{format_date_weekday(record_date(held_on, days=settings.record_days))}の終わりの登録で、議決権を数えます。",
                ),
                ("場所", form.place.data),
                ("回答の締切", format_instant(deadline_of(form, settings))),
                ("引き継ぐもの", "取り下げていない議案と、定足数・回答・議決権の決まり"),
                ("引き継がないもの", "資料、回答、委任状、招集通知（新しい日で、もう一度ご用意ください）"),
            ]
            return Preview((), [Facts("登録する内容", rows)])

        return self._through(
            row, "follow", form, verb, done="日を改めた総会を登録しました。", preview=preview, to_result=True
        )

    def _move(self, step: str, verb: Callable[..., Any], *, done: str, lead: str) -> Any:
        row = self.row_asked()
        form = BaseForm(sent_form(), today=today_jst(clock.now()))
        return self._through(row, step, form, verb, done=done, lead=lead)

    def _end(self, step: str, verb: Callable[..., Any], form_class: type[BaseForm], done: str, lead: str) -> Any:
        row = self.row_asked()
        form: Any = form_class(sent_form(), today=today_jst(clock.now()))
        told: list[Any] = []

        def act(session: Session, number: int, **stamp: Any) -> None:
            told[:] = [verb(session, number, reason=form.reason.data, **stamp)]

        lead = lead + TELLS if row.state in TOLD else lead
        return self._through(row, step, form, act, done=lambda: done_and_told(done, *told), lead=lead, danger=True)

    def _through(
        self,
        row: Any,
        step: str,
        form: BaseForm,
        verb: Callable[..., Any],
        *,
        done: str | Callable[[], str],
        title: str = "",
        lead: str = "",
        back: tuple[str, str] = ("総会の画面へ戻る", "assemblies.details_view"),
        danger: bool = False,
        preview: Callable[[], Preview] | None = None,
        to_result: bool = False,
    ) -> Any:
        """Answer a request to a door; `to_result`: the verb returns the row number that the answer leads to."""
        number, words = row.id, title or ASSEMBLY.step(step).label
        version = sent_version(row.version)

        def act(session: Session) -> str:
            made = verb(session, number, seen_version=version, actor=actor(), now=clock.now())
            return url_for(back[1], id=made if to_result else number)

        facts = [
            ("開催日時", format_instant(row.held_at)),
            ("場所", row.place),
            ("状態", label(row.state)),
            ("回答の締切", format_instant(row.reply_until) if row.reply_until else None),
        ]
        door = Door(
            words,
            words,
            (back[0], url_for(back[1], id=number)),
            lead=lead,
            caption=title_of(row),
            facts=facts,
            danger=danger,
            hidden={"id": number},
        )
        return self.go_through(
            door,
            form,
            act,
            done=done,
            version=version,
            preview=preview,
            now_version=lambda: self.get_one(number).version,
        )
