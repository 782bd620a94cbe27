"""Letters of a notice: printed with their labels, marked as posted or handed over, one by one or all that wait."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, ClassVar

from flask import abort, current_app, request, url_for
from flask_admin import expose
from sqlalchemy import select
from sqlalchemy.orm import Session

from occto import clock, notice_letters
from occto.access import actor, permit, viewer
from occto.admin.base import Facts, clamped_id
from occto.admin.exports import attached
from occto.admin.verb_view import Door, Preview
from occto.domain.canonical import digest
from occto.domain.convocation import NoticeChannel, NoticeState, too_late_from
from occto.domain.dates import JST, format_instant, today_jst
from occto.domain.errors import Refusal, Stale
from occto.domain.permissions import Permission
from occto.extensions import db
from occto.forms.notices import PostedForm
from occto.labels import label
from occto.models import Assembly, Member, Notice
from occto.queries.convocation import to_post
from occto.queries.notice_letters import PART, NoticeLetter, letters_of, number_to_post
from occto.services import audit
from occto.services.convocation import posting
from occto.unit_of_work import run


class LetterDoors:
    """Doors of a notice that is sent: letters, labels, posted."""

    get_one: Callable[[Any], Any]
    go_through: Callable[..., Any]
    heading: Callable[[Any], str]
    see: ClassVar[Permission]

    def waiting(self, row: Notice) -> list[tuple[int, int, int]]:
        """Parts of the letters that wait: number of the part, its first and last letter."""
        if row.state is not NoticeState.SENT:
            return []
        count = number_to_post(db.session(), row.id)
        return [
            (part, first + 1, min(first + PART, count)) for part, first in enumerate(range(0, count, PART), start=1)
        ]

    @expose("/letters/")
    @permit(Permission.EXPORT)
    def letters(self) -> Any:
        """The letters that wait, as PDF."""
        row, found = self._letters()
        content = notice_letters.letters(
            found,
            subject=row.subject,
            body=row.body,
            assembly_id=row.assembly_id,
            telephone=current_app.config["CONTACT_PHONE"],
            now=clock.now(),
        )
        return self._handed_out(row, found, content, name="総会の通知.pdf", kind="letters")

    @expose("/labels/")
    @permit(Permission.EXPORT)
    def labels(self) -> Any:
        """The labels of the letters that wait, as PDF."""
        row, found = self._letters()
        content = notice_letters.labels(found, telephone=current_app.config["CONTACT_PHONE"], now=clock.now())
        return self._handed_out(row, found, content, name="宛名ラベル.pdf", kind="labels")

    def _letters(self) -> tuple[Notice, list[NoticeLetter]]:
        if not viewer.can(self.see):
            abort(403)
        row = self._sent()
        found = letters_of(
            db.session(),
            row.id,
            row.assembly_id,
            today=today_jst(clock.now()),
            part=min(clamped_id(request.args.get("part")) or 1, 10_000),
            member_id=clamped_id(request.args.get("member")) if "member" in request.args else None,
        )
        if not found:
            raise Refusal("no_letters", "郵送を待っている手紙がありません。通知の画面で状況をお確かめください。")
        return row, found

    def _sent(self) -> Notice:
        row: Notice | None = self.get_one(request.values.get("id", ""))
        if row is None or row.state is not NoticeState.SENT:
            abort(404)
        return row

    def _handed_out(self, row: Notice, found: list[NoticeLetter], content: bytes, *, name: str, kind: str) -> Any:
        run(_note, row.id, row.assembly_id, [one.member_id for one in found], kind=kind)
        return attached(iter([content]), name=name, media_type="application/pdf")

    @expose("/posted/", methods=("GET", "POST"))
    @permit(Permission.ASSEMBLY_EDIT)
    def posted(self) -> Any:
        """郵送した・手渡した: one member, or all whose letter waits."""
        row = self._sent()
        number, assembly_id = row.id, row.assembly_id
        only = clamped_id(request.values.get("member")) if request.values.get("member") else None
        members = self._waiting_for_post(row, only)
        # who bounced since has no letter in the pile: nobody is recorded that was not on the check page
        waiting, seen = digest(members), request.form.get("waiting", "")[:64]
        now = clock.now()
        local = now.astimezone(JST)
        usual = {"channel": NoticeChannel.POST.value, "posted_on": local.date(), "posted_time": local.time()}
        sent = request.form if request.method == "POST" else None
        form = PostedForm(sent, data=usual, today=today_jst(now))

        def act(session: Session) -> str:
            if seen != waiting:
                raise Stale
            posting.mark_posted(
                session,
                number,
                member_ids=members,
                channel=NoticeChannel(form.channel.data),
                posted_at=_instant(form),
                actor=actor(),
                now=clock.now(),
            )
            if only is not None:
                return url_for("convocations.details_view", id=only, assembly=assembly_id)
            return url_for("convocations.index_view", id=assembly_id)

        door = Door(
            "郵送・手渡しを記録する",
            "記録する",
            ("通知の画面へ戻る", url_for("notices.details_view", id=number)),
            lead=f"手紙を待っている{len(members):,}社について、郵便局に出した（または手渡した）日時を記録します。"
            "その日時に通知したものとして扱い、記録は取り消せません。",
            caption=self.heading(row),
            hidden={"id": number, "waiting": waiting, **({"member": only} if only is not None else {})},
        )
        return self.go_through(
            door, form, act, done="郵送・手渡しを記録しました。", preview=lambda: _preview(form, members, assembly_id)
        )

    def _waiting_for_post(self, row: Notice, only: int | None) -> list[int]:
        query = to_post(row.id)
        found = sorted(db.session.scalars(query))
        return [one for one in found if one == only] if only is not None else found


def _instant(form: PostedForm) -> datetime:
    return datetime.combine(form.posted_on.data, form.posted_time.data, JST)


def _preview(form: PostedForm, members: list[int], assembly_id: int) -> Preview:
    posted_at = _instant(form)
    late = posted_at >= too_late_from(db.session.get_one(Assembly, assembly_id).held_at)
    names = list(
        db.session.scalars(
            select(Member.current_name).where(Member.id.in_(members[:50])).order_by(Member.operator_code)
        )
    )
    more = [f"ほか{len(members) - len(names):,}社"] if len(members) > len(names) else []
    warnings = (
        ["通知できる最後の日（総会の6日前）を過ぎています。「期限後に届いた」会員として記録します。"] if late else []
    )
    rows = [
        ("届け方", label(NoticeChannel(form.channel.data))),
        ("日時", format_instant(posted_at)),
        ("会員", f"{len(members):,}社"),
        ("会員の名前", [*names, *more]),
    ]
    return Preview(warnings, [Facts("記録する内容", rows)])


def _note(session: Session, notice_id: int, assembly_id: int, member_ids: list[int], *, kind: str) -> None:
    now = clock.now()
    audit.record_access(
        session,
        screen=f"notices.{kind}",
        subject_kind="MEMBER",
        subject_ids=member_ids,
        details=False,
        actor=actor(),
        now=now,
    )
    detail = {"notice_id": notice_id, "count": len(member_ids), "format": kind}
    audit.record(session, "notice.letters", subject=f"ASSEMBLY:{assembly_id}", actor=actor(), now=now, detail=detail)
