"""採決 of one assembly: the agenda with its state, the sheet of an item, its decision, and the result. No rule stands here."""

from collections.abc import Callable
from typing import Any

from flask import url_for
from flask_admin import BaseView, expose
from sqlalchemy import select
from sqlalchemy.orm import Session

from occto import clock
from occto.access import actor, permit, viewer
from occto.admin.assembly_menu import about, pages_of
from occto.admin.base import Facts, Screen, Table, clamped_id
from occto.admin.sent import sent_form, sent_version
from occto.admin.verb_view import Door, Preview
from occto.admin.voting_items import VotingItems, last_of, unsettled_of, unsettled_sentences
from occto.admin.voting_words import outcome_words
from occto.desk_words import unsettled_words
from occto.domain.agenda import ItemKind, item_title
from occto.domain.assembly import ASSEMBLY, title_of
from occto.domain.dates import format_instant, today_jst
from occto.domain.hall import day_of
from occto.domain.outcomes import NOT_YET_DECIDED, WITHDRAWN
from occto.domain.permissions import Permission
from occto.domain.quorum import Quorum
from occto.domain.reception import ADMITTING
from occto.domain.resolutions import kept_quorum
from occto.extensions import db
from occto.forms.base import BaseForm
from occto.forms.voting import CorrectForm, FixForm
from occto.labels import label
from occto.models import AgendaItem, Assembly, AssemblyResult, ItemDecision
from occto.queries.assembly_page import agenda_of
from occto.queries.desks import unsettled
from occto.queries.hall_board import hall_of, quorum_now
from occto.queries.late_arrivals import late_arrivals
from occto.services import resolutions

_BOTH = ("GET", "POST")
FOUND, LISTED = 20, 200
UNSENT = "確定すると受付の端末は使えなくなります。先に、すべての受付の端末で「送信待ち 0件」の表示をお確かめください。"
LATE = (
    "採決のあとに届いた受付があり、採決の票数と定足数に入っていません：{items}。"
    "入れるときは、確定する前に、議案の画面の「採決を訂正する」で理由を入力して採決し直してください。"
)
_MOVES = ("start_voting", "fix_result", "publish", "correct_result")


class VotingView(VotingItems, Screen, BaseView):
    """One assembly at a time, or one item of it, named by `id`."""

    see, under = Permission.VOTE_RECORD, "assemblies"

    def __init__(self) -> None:
        super().__init__(name="採決", endpoint="voting", url="voting")

    def get_one(self, id: Any) -> Assembly | None:
        number = clamped_id(str(id))
        found = db.session.get(Assembly, number) if number is not None else None
        return about(found) if found is not None else None

    def heading(self, row: Assembly) -> str:
        return title_of(row)

    @expose("/")
    def index(self) -> str:
        """Where 採決 stands: the quorum of this moment, every item, and the next step."""
        session, row = db.session(), self.row_asked()
        hall = hall_of(session, row, day=day_of(row.held_at, now=clock.now()))
        result = session.scalar(
            select(AssemblyResult)
            .where(AssemblyResult.assembly_id == row.id)
            .order_by(AssemblyResult.no.desc())
            .limit(1)
        )
        lines = [(line.item, last_of(session, line.item.id), line.conflicts) for line in agenda_of(session, row.id)]
        return self.render(
            "admin/voting.html",
            row=row,
            heading=title_of(row),
            pages=pages_of(row),
            quorum=quorum_now(session, hall) if hall is not None else None,
            lines=lines,
            outcome_words=outcome_words,
            undecided=NOT_YET_DECIDED,
            withdrawn=WITHDRAWN,
            result=_result_facts(result) if result is not None else [],
            moves=self._moves(row, open_items=any(_is_open(item, last) for item, last, _conflicts in lines)),
            at_hall=row.state in ADMITTING,
            unsettled=unsettled_of(row),
            may_withdraw=viewer.can(Permission.ASSEMBLY_EDIT) and row.state in ASSEMBLY.step("withdraw_item").sources,
        )

    def _moves(self, row: Assembly, *, open_items: bool) -> list[tuple[str, str, str]]:
        """The steps that are open: words, address, and how their buttons look. While items wait, the result is not the next."""
        steps = [step for step in ASSEMBLY.open_steps(row.state, viewer.permissions) if step.name in _MOVES]
        looks = {"correct_result": " btn-danger", "fix_result": "" if open_items else " btn-primary"}
        return [
            (step.label, url_for(f"voting.{step.name}", id=row.id), looks.get(step.name, " btn-primary"))
            for step in steps
        ]

    @expose("/start/", methods=_BOTH)
    def start_voting(self) -> Any:
        """採決 begins; the page shows the quorum of the moment."""
        row = self.row_asked()
        lead = (
            "採決に入ります。遅れて来場した方の受付は続けられます。採決を終えた議案には、そのあとの来場は影響しません。"
        )
        return self._move(row, "start_voting", resolutions.start_voting, BaseForm, lead, "採決に入りました。")

    @expose("/fix/", methods=_BOTH)
    @permit(Permission.RESULT_FIX)
    def fix_result(self) -> Any:
        """結果確定."""
        row = self.row_asked()
        lead = "すべての議案の結果を確定します。定足数は、それぞれの議案を採決したときの出席で判定します。"
        lead += UNSENT
        return self._move(row, "fix_result", resolutions.fix_result, FixForm, lead, "結果を確定しました。")

    @expose("/correct/", methods=_BOTH)
    @permit(Permission.RESULT_FIX)
    def correct_result(self) -> Any:
        """訂正: back to 採決."""
        row = self.row_asked()
        lead = "結果を訂正するため、採決に戻します。確定・公表した結果は、記録として残ります。"
        done = "採決に戻しました。訂正する議案を、もう一度採決してください。"
        return self._move(row, "correct_result", resolutions.correct_result, CorrectForm, lead, done, danger=True)

    @expose("/publish/", methods=_BOTH)
    @permit(Permission.RESULT_FIX)
    def publish(self) -> Any:
        """公表."""
        row = self.row_asked()
        told: list[Any] = []

        def verb(session: Session, number: int, **stamp: Any) -> None:
            told[:] = [resolutions.publish_result(session, number, **stamp)]

        def done() -> str:
            paper = (
                f"郵送でお知らせいただく会員が {len(told[0].on_paper):,}社あります。"
                if told and told[0].on_paper
                else ""
            )
            mails = f"会員へのメール {told[0].mails:,}通を送信待ちにしました。" if told and told[0].mails else ""
            return f"結果を公表しました。{mails}{paper}"

        lead = "結果を会員に公表し、招集通知を送った会員にメールで知らせます。"
        return self._move(row, "publish", verb, BaseForm, lead, done)

    def _move(
        self,
        row: Assembly,
        step: str,
        verb: Callable[..., Any],
        form_class: type[BaseForm],
        lead: str,
        done: str | Callable[[], str],
        *,
        danger: bool = False,
    ) -> Any:
        """A step of the flow: entry page with the quorum, check page, act."""
        number, version, words = row.id, sent_version(row.version), ASSEMBLY.step(step).label
        begins = step == "start_voting"
        hall = hall_of(db.session(), row, day=day_of(row.held_at, now=clock.now())) if begins else None
        quorum = quorum_now(db.session(), hall) if hall is not None else None
        form: Any = form_class(sent_form(), today=today_jst(clock.now()))
        if step == "fix_result":
            now = clock.now()
            desks = unsettled(db.session(), number, now=now)
            form.ask_about([(str(one.id), unsettled_words(one, now=now)) for one in desks])

        def act(session: Session) -> str:
            values = {one.name: one.data for one in form}
            if "desks_checked" in values:
                values["desks_checked"] = [int(one) for one in values["desks_checked"]]
            verb(session, number, **values, seen_version=version, actor=actor(), now=clock.now())
            return url_for("voting.index", id=number)

        def preview() -> Preview:
            sentences = [] if quorum is None or quorum.met else [_short(quorum)]
            if step == "fix_result":
                sentences += [UNSENT, *unsettled_sentences(row)]
                if late := {f"第{one.item_no}号議案" for one in late_arrivals(db.session(), number)}:
                    sentences.append(LATE.format(items="、".join(sorted(late))))
            now = [Facts("いまの定足数", _quorum_facts(quorum))] if quorum is not None else []
            return Preview(sentences, [*now, self._items_table(number)])

        door = Door(
            words,
            words,
            ("採決の画面へ戻る", url_for("voting.index", id=number)),
            lead=lead,
            caption=title_of(row),
            facts=[("状態", label(row.state)), *_quorum_facts(quorum)],
            danger=danger,
            hidden={"id": number},
        )
        return self.go_through(
            door,
            form,
            act,
            done=done,
            preview=preview,
            version=version,
            now_version=lambda: self.row_asked().version,
        )

    def _items_table(self, assembly_id: int) -> Table:
        session = db.session()
        rows = []
        for line in agenda_of(session, assembly_id):
            decision = last_of(session, line.item.id)
            words, quorum = NOT_YET_DECIDED, ""
            if decision is not None:
                words = outcome_words(decision)
                quorum = "満たす" if decision.quorum["met"] else "満たさない"
            if line.item.withdrawn_at is not None:
                words = WITHDRAWN
            elif line.item.kind is ItemKind.REPORT:
                words = "議決しません"
            rows.append((item_title(line.item), words, quorum))
        return Table("議案", ("議案", "状態", "採決のときの定足数"), rows)


def _quorum_facts(quorum: Quorum | None) -> list[tuple[str, Any]]:
    if quorum is None:
        return []
    counts = [
        f"{one.label}：出席 {one.in_words(one.present)} / 必要 {one.in_words(one.required)}（{'満たす' if one.met else '満たさない'}）"
        for one in quorum.counts
    ]
    return [("定足数", "満たす" if quorum.met else "満たさない"), ("数え方ごと", counts), ("判定", quorum.rule)]


def _short(quorum: Quorum) -> str:
    main = quorum.main
    return f"いまは定足数に足りません。{main.label}であと {main.in_words(main.lacking)}が必要です。{main.formula}。"


def _is_open(item: AgendaItem, last: ItemDecision | None) -> bool:
    """Whether the item is still to be decided."""
    return item.kind is not ItemKind.REPORT and item.withdrawn_at is None and last is None


def _result_facts(result: AssemblyResult) -> list[tuple[str, Any]]:
    found: list[tuple[str, Any]] = [
        ("確定した日時", f"{format_instant(result.fixed_at)}（{result.no}回目）"),
        ("定足数", "満たす" if kept_quorum(result.quorum).met else "満たさない"),
    ]
    if result.override_reason:
        found.append(("満たさないまま確定した理由", result.override_reason))
    published = format_instant(result.published_at) if result.published_at else "まだ公表していません"
    return [*found, ("公表", published), ("ハッシュ値（SHA-256）", result.sha256)]
