"""The page of a contractor: its persons, every member that it serves, and the doors of the office to it."""

from collections.abc import Sequence
from typing import Any

from flask import abort, request, url_for
from flask_admin import expose
from sqlalchemy import select
from sqlalchemy.orm import Session

from occto import clock
from occto.access import actor, permit, viewer
from occto.admin import access_log
from occto.admin.base import Table, clamped_id, link
from occto.admin.mandate_words import served_by
from occto.admin.sent import sent_form
from occto.admin.verb_view import Door, Doors
from occto.domain.dates import format_instant, today_jst
from occto.domain.permissions import Permission
from occto.extensions import db
from occto.forms.mandates import LeaveForm, RenameForm
from occto.labels import label
from occto.models import Affiliation, Contractor, User
from occto.queries import mandates as reads
from occto.services.mandates import persons
from occto.unit_of_work import run


class ContractorPage(Doors):
    """What the screen 受託者 shows and does about one contractor."""

    @expose("/company/")
    def company(self) -> Any:
        """A contractor: its persons, and every member that it serves or served."""
        number = clamped_id(request.args.get("id")) or 0
        found = db.session.get(Contractor, number)
        if found is None:
            abort(404)
        name, corporate_number = found.name, found.corporate_number
        lines = reads.of_contractor(db.session(), number)
        people = db.session.execute(
            select(User, Affiliation)
            .join(Affiliation, Affiliation.user_id == User.id)
            .where(Affiliation.contractor_id == number)
            .order_by(Affiliation.ended_at.is_not(None), User.id)
        ).all()
        ids = [user.id for user, _at in people]
        body = self.render(
            "admin/contractor.html",
            heading=name,
            number=number,
            may_rename=viewer.can(Permission.ACCOUNT_ENTER),
            facts=[("商号", name), ("法人番号", corporate_number)],
            parts_below=[_own_people(people), served_by(lines, today_jst(clock.now()))],
        )
        if ids:
            run(access_log.shown, ids, kind="USER", details=True)
        return body

    @expose("/rename/", methods=("GET", "POST"))
    @permit(Permission.ACCOUNT_ENTER)
    def rename(self) -> Any:
        """The 商号 of a contractor, corrected."""
        number = clamped_id(request.values.get("id")) or 0
        found = db.session.get(Contractor, number)
        if found is None:
            abort(404)
        form = RenameForm(sent_form())

        def act(session: Session) -> str:
            persons.rename_contractor(
                session,
                number,
                name=form.contractor_name.data,
                reason=form.reason.data,
                actor=actor(),
                now=clock.now(),
            )
            return url_for("contractors.company", id=number)

        door = Door(
            "受託者の商号を訂正する",
            "商号を訂正する",
            ("受託者の画面へ戻る", url_for("contractors.company", id=number)),
            caption=found.name,
            facts=[("いまの商号", found.name), ("法人番号", found.corporate_number)],
            hidden={"id": number},
        )
        return self.go_through(door, form, act, done="受託者の商号を訂正しました。")

    @expose("/leave/", methods=("GET", "POST"))
    @permit(Permission.USER_STOP)
    def leave(self) -> Any:
        """A person is no longer with its contractor; `id` is the row of the affiliation."""
        there = db.session.get(Affiliation, clamped_id(request.values.get("id")) or 0)
        if there is None or there.contractor_id is None or there.ended_at is not None:
            abort(404)
        number, contractor_id, user_id = there.id, there.contractor_id, there.user_id
        company = db.session.get(Contractor, contractor_id)
        user = db.session.get(User, user_id)
        assert company is not None
        assert user is not None
        form = LeaveForm(sent_form())

        def act(session: Session) -> str:
            persons.end_affiliation(
                session, contractor_id, user_id=user_id, reason=form.reason.data, actor=actor(), now=clock.now()
            )
            return url_for("contractors.company", id=contractor_id)

        door = Door(
            "受託者の方の所属を終える",
            "所属を終える",
            ("受託者の画面へ戻る", url_for("contractors.company", id=contractor_id)),
            lead="この方は、この受託者のすべての委託で、次の操作から使えなくなります。ほかの会社での役割は変わりません。",
            caption=company.name,
            facts=[("氏名", user.name), ("メールアドレス", user.email)],
            danger=True,
            hidden={"id": number},
        )
        return self.go_through(door, form, act, done="所属を終えました。")


def _own_people(people: Sequence[Any]) -> Table:
    lines = []
    for user, at in people:
        state = "終了" if at.ended_at else "停止中" if at.stopped_at else label(user.state)
        lines.append(
            (
                link(user.name, "users.details_view", user.id, Permission.USER_SEE),
                user.email,
                state,
                format_instant(user.last_signed_in_at) if user.last_signed_in_at else "まだありません",
                link("所属を終える", "contractors.leave", at.id, Permission.USER_STOP) if not at.ended_at else "",
            )
        )
    return Table("この受託者の方", ("氏名", "メールアドレス", "状態", "最後のサインイン", "操作"), lines)
