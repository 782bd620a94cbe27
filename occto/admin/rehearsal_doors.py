"""リハーサル: begun from the real assembly; arrivals and end at the copy. No rule stands here."""

from collections.abc import Callable
from typing import Any

from flask_admin import expose
from sqlalchemy.orm import Session

from occto import clock
from occto.access import permit
from occto.admin.sent import sent_form
from occto.domain.dates import today_jst
from occto.domain.permissions import Permission
from occto.forms.base import BaseForm
from occto.forms.rehearsals import INVENTED, ArrivalsForm, RehearsalForm
from occto.services import rehearsals

_BOTH = ("GET", "POST")


class RehearsalDoors:
    """Pages of `assemblies.AssembliesView`, which finds the assembly and answers."""

    row_asked: Callable[[], Any]
    _through: Callable[..., Any]

    @expose("/rehearse/", methods=_BOTH)
    @permit(Permission.ASSEMBLY_EDIT)
    def rehearse(self) -> Any:
        """リハーサルを始める."""
        row = self.row_asked()
        form = RehearsalForm(sent_form(), data={"replies": INVENTED}, today=today_jst(clock.now()))
        lead = (
            "この総会の議案、確定した議決権、出欠の回答を写して、受付から結果の公表までを試せます。賛否は写さず、架空に作ります。"
            "写しは【リハーサル】と表示され、会員には見えず、メールも送られません。この総会には何も残りません。"
        )

        def verb(session: Session, number: int, **stamp: Any) -> int:
            return rehearsals.start_rehearsal(
                session, number, invent=form.replies.data == INVENTED, **stamp
            ).assembly_id

        return self._through(
            row,
            "",
            form,
            verb,
            title="リハーサルを始める",
            done="リハーサルを始めました。受付票は、まもなく用意されます。",
            lead=lead,
            to_result=True,
        )

    @expose("/arrivals/", methods=_BOTH)
    @permit(Permission.ASSEMBLY_EDIT)
    def arrivals(self) -> Any:
        """架空の来場を進める."""
        row = self.row_asked()
        form = ArrivalsForm(sent_form(), data={"count": 50}, today=today_jst(clock.now()))
        arrived: list[int] = []

        def verb(session: Session, number: int, *, seen_version: int, **stamp: Any) -> None:  # noqa: ARG001 - arrivals decide nothing
            arrived[:] = [rehearsals.invent_arrivals(session, number, count=form.count.data, **stamp)]

        def done() -> str:
            return f"{arrived[0]:,}名が来場しました。" if arrived and arrived[0] else "まだ来場していない方はいません。"

        lead = (
            "受付票を持つ方のうち、まだ来場していない方を選んで、受付を済ませたことにします。リハーサルだけの操作です。"
        )
        return self._through(row, "", form, verb, title="架空の来場を進める", done=done, lead=lead)

    @expose("/end-rehearsal/", methods=_BOTH)
    @permit(Permission.ASSEMBLY_EDIT)
    def end_rehearsal(self) -> Any:
        """リハーサルを終える."""
        row = self.row_asked()
        form = BaseForm(sent_form(), today=today_jst(clock.now()))
        lead = "リハーサルを終えます。この写しは使えなくなり、記録として一覧に残ります。もとの総会は変わりません。"
        return self._through(
            row,
            "",
            form,
            rehearsals.end_rehearsal,
            title="リハーサルを終える",
            done="リハーサルを終えました。",
            lead=lead,
        )
