"""停止 and its end: the two doors of an ID, on the screens of users and of staff."""

from typing import Any, ClassVar

from flask import abort, request, url_for
from flask_admin import expose
from sqlalchemy.orm import Session

from occto import clock
from occto.access import actor, permit, viewer
from occto.admin.sent import sent_version
from occto.admin.verb_view import Door, Doors
from occto.domain.codes import UserKind, UserState
from occto.domain.dates import today_jst
from occto.domain.permissions import Permission
from occto.forms.base import BaseForm
from occto.forms.id_stops import ResumeForm, StopForm
from occto.labels import label
from occto.models import User
from occto.services import id_stops

_STOPPABLE = frozenset({UserState.ACTIVE, UserState.INVITED})


def _may(row: User) -> bool:
    """Whether this viewer may stop the ID: staff are the system administrators' matter, nobody stops oneself."""
    needed = Permission.STAFF_MANAGE if row.kind is UserKind.STAFF else Permission.USER_STOP
    return viewer.can(needed) and row.id != viewer.user_id


class IdDoors(Doors):
    """The doors; what the details page offers of them is in `may_stop` and `may_resume`."""

    endpoint: str
    title: ClassVar[str]
    _template_args: dict[str, Any]

    def offer_id_doors(self, row: User) -> None:
        """Tell the template which doors are open for this viewer."""
        may = _may(row)
        self._template_args["may_stop"] = may and row.state in _STOPPABLE
        self._template_args["may_resume"] = may and row.state is UserState.STOPPED

    @expose("/stop/", methods=("GET", "POST"))
    @permit(Permission.USER_SEE)
    def stop(self) -> Any:
        """停止."""
        return self._through(
            StopForm,
            "ユーザIDを停止する",
            lead="停止するとすぐに、この方のサインインがすべて終わり、停止を解除するまでサインインできません。"
            "ご本人と会社にメールで知らせます（利用規約 3.3(3.4.4)）。会員の資格、議決権、総会当日の受付には影響しません。",
            done="ユーザIDを停止しました。ご本人と会社にメールで知らせます。",
            verb=lambda session, number, form, version: id_stops.stop_id(
                session, number, ground=form.ground.data, seen_version=version, actor=actor(), now=clock.now()
            ),
            danger=True,
        )

    @expose("/resume/", methods=("GET", "POST"))
    @permit(Permission.USER_SEE)
    def resume(self) -> Any:
        """停止の解除."""
        return self._through(
            ResumeForm,
            "停止を解除する",
            lead="解除すると、この方はこれまでと同じパスワードでサインインできます。ご本人と会社にメールで知らせます。",
            done="停止を解除しました。ご本人と会社にメールで知らせます。",
            verb=lambda session, number, form, version: id_stops.resume_id(
                session, number, reason=form.reason.data, seen_version=version, actor=actor(), now=clock.now()
            ),
        )

    def _through(
        self, form_class: type[BaseForm], title: str, *, lead: str, done: str, verb: Any, danger: bool = False
    ) -> Any:
        row = self.row_asked()
        if not _may(row):
            abort(404)
        number, posted = row.id, request.method == "POST"
        form = form_class(request.form if posted else None, today=today_jst(clock.now()))
        version = sent_version(row.version)
        back = url_for(f"{self.endpoint}.details_view", id=number)

        def act(session: Session) -> str:
            verb(session, number, form, version)
            return back

        door = Door(
            title,
            title,
            (f"{self.title}の画面へ戻る", back),
            lead=lead,
            caption=row.name,
            facts=[("メールアドレス", row.email), ("種別", label(row.kind)), ("状態", label(row.state))],
            danger=danger,
            hidden={"id": number},
        )
        return self.go_through(
            door,
            form,
            act,
            done=done,
            version=version,
            now_version=lambda: self.get_one(number).version,
        )
