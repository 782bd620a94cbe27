"""回答の入力: a member of the roll is found, its paper keyed in, and the next one is a search away."""

from collections.abc import Callable, Mapping
from typing import Any

from flask import abort, redirect, request, url_for
from flask_admin import expose
from sqlalchemy.orm import Session

from occto import clock
from occto.access import actor, permit
from occto.admin.assembly_menu import about
from occto.admin.base import clamped_id, search_term
from occto.admin.picking import scan_of
from occto.admin.sent import sent_version
from occto.admin.verb_view import Door, Doors
from occto.domain.agenda import item_title
from occto.domain.assembly import ENTRY_BY_STAFF, title_of
from occto.domain.assembly_settings import BlankChoice
from occto.domain.dates import JST, format_date, format_instant, today_jst
from occto.domain.permissions import Permission
from occto.domain.replies import LABELS, SHORT_LABELS, ReplyChannel
from occto.extensions import db
from occto.forms.paper_replies import PaperReplyForm, reply_form
from occto.labels import label
from occto.queries import replies as reads
from occto.queries import replies_staff as staff_reads
from occto.queries.replies import Meeting, OnRoll
from occto.services.replies.entering import key_in

_BOTH = ("GET", "POST")
FOUND = 20
_NO_SCAN = "書面で受けたときは、回答書や委任状の写しのファイルを選んでください。"


class ReplyEntry(Doors):
    """The doors of `admin/replies.RepliesView` that write."""

    note: Callable[..., None]

    def meeting_asked(self) -> Meeting:
        """The assembly in the address or form, where staff may key in now; 404 for any other."""
        number = clamped_id(request.values.get("assembly"))
        held = reads.meeting(db.session(), number) if number else None
        if held is None or held.state not in ENTRY_BY_STAFF:
            abort(404)
        return about(held)

    @expose("/enter/", methods=_BOTH)
    @permit(Permission.REPLY_ENTER)
    def enter(self) -> Any:
        """Find a member, then key in what it answered."""
        held = self.meeting_asked()
        number = clamped_id(request.values.get("member"))
        return self._pick(held) if number is None else self._key_in(held, number)

    def _pick(self, held: Meeting) -> Any:
        session, term = db.session(), search_term()
        found = staff_reads.on_roll_named(session, held.id, term, limit=FOUND) if term else []
        kept: dict[str, Any] = {"assembly": held.id, "on": request.args.get("on", "")[:20]}
        if found and (len(found) == 1 or found[0].code == term):
            return redirect(url_for("replies.enter", member=found[0].member_id, **kept), 303)
        replied, on_roll = staff_reads.entered_counts(session, held.id)
        rows = [
            (
                one.code,
                one.name,
                f"{one.votes:,}票" if one.votes else "なし",
                f"{SHORT_LABELS[one.attendance]}（{label(one.channel)}）" if one.attendance else "未回答",
                url_for("replies.enter", member=one.member_id, **kept),
            )
            for one in found
        ]
        return self.render(
            "admin/reply_pick.html",
            title=title_of(held),
            back=url_for("replies.index_view", assembly=held.id),
            term=term,
            rows=rows,
            kept=kept,
            replied=replied,
            on_roll=on_roll,
        )

    def _key_in(self, held: Meeting, member_id: int) -> Any:
        session, now = db.session(), clock.now()
        today = today_jst(now)
        seat = reads.on_roll(session, held.id, member_id, today=today)
        if seat is None:
            abort(404)
        standing = reads.standing(session, held.id, member_id)
        form = self._form(held, member_id, seat, replied=standing is not None, today=today)
        posted = request.method == "POST"
        version = sent_version(standing.version if standing else 0)
        on = request.values.get("on", "")[:20]
        door = Door(
            "回答を入力する",
            "この内容で入力する",
            ("ほかの会員を探す", url_for("replies.enter", assembly=held.id, on=on)),
            lead="受け取った日時がいちばん遅い回答が有効になります。入力すると、会員に控えをメールで送ります。",
            caption=f"{title_of(held)}　{seat.name}",
            facts=_facts(held, seat, standing),
            note=_deadline(held),
            multipart=True,
            hidden={"assembly": held.id, "member": member_id},
        )
        on_paper = form["channel"].data == ReplyChannel.PAPER
        scan, fine = scan_of(form, needed=_NO_SCAN if on_paper else "")
        proxy = self._proxy(form) if posted else None
        if posted and (not fine or form.errors):
            return self.entry(door, form, version=version), 422
        told: list[str] = []

        def act(writing: Session) -> str:
            taken = key_in(
                writing,
                assembly_id=held.id,
                member_id=member_id,
                answer=form.answer(proxy_member_id=proxy),
                channel=ReplyChannel(form["channel"].data),
                received_at=form.received_at(),
                scan=scan,
                reason=form["reason"].data,
                seen_version=version,
                actor=actor(),
                now=now,
                left_open=form.left_open(),
            )
            counts = "" if taken.standing else "あとに受け取った回答があるため、そちらが有効のままです。"
            told.append(f"{seat.name} の回答を入力しました。回答番号は {taken.number} です。{counts}")
            return url_for("replies.enter", assembly=held.id, on=form["received_on"].data.isoformat())

        return self.go_through(
            door,
            form,
            act,
            done=lambda: told[0] if told else "この回答は、すでに入力しています。",
            version=version,
            now_version=lambda: reads.standing_version(db.session(), held.id, member_id),
        )

    def _form(self, held: Meeting, member_id: int, seat: OnRoll, *, replied: bool, today: Any) -> PaperReplyForm:
        items = reads.agenda(db.session(), held.id, member_id=member_id)
        put = [(one.id, item_title(one)) for one in items if one.put_to_vote and not one.conflict]
        made = reply_form(
            items=put,
            holder=seat.holder,
            replied=replied,
            max_attendees=held.settings.max_attendees,
            all_needed=held.settings.blank_choice is BlankChoice.NOT_ALLOWED,
        )
        if request.method == "POST":
            return made(request.form, today=today)
        first: Mapping[str, Any] = {"channel": ReplyChannel.PAPER.value, "received_on": _on() or today}
        return made(data=dict(first), today=today)

    def _proxy(self, form: PaperReplyForm) -> int | None:
        """The member that stands in, by its operator code."""
        code = form["proxy_member"].data if "proxy_member" in form else None
        if not code:
            return None
        found = staff_reads.member_with_code(db.session(), code)
        if found is None:
            form.add_error("proxy_member", "この事業者コードの会員が見つかりません。コードをお確かめください。")
        return found


def _on() -> Any:
    """The day of receipt of the paper before, which the next one of the same pile shares."""
    from datetime import date

    try:
        return date.fromisoformat(request.values.get("on", ""))
    except ValueError:
        return None


def _facts(held: Meeting, seat: OnRoll, standing: Any) -> list[tuple[str, Any]]:
    rows: list[tuple[str, Any]] = [
        ("議決権", f"{seat.votes:,}票" if seat.votes else "なし（出席か欠席だけを回答できます）"),
        ("回答の締切", format_instant(held.reply_until) if held.reply_until else "未定"),
    ]
    if standing is None:
        return [*rows, ("いまの回答", "未回答")]
    reply = standing.reply
    return [
        *rows,
        ("いまの回答", LABELS[reply.answer.attendance]),
        ("受け取った日時", f"{format_instant(reply.received_at)}（{label(reply.channel)}）"),
        ("回答番号", reply.number),
    ]


def _deadline(held: Meeting) -> str:
    if held.reply_until is None:
        return ""
    local = held.reply_until.astimezone(JST)
    return (
        f"{format_date(local.date())} {local:%H:%M} より前に受け取ったものは、締切に間に合った回答です。"
        "あとに受け取ったものは「締切後」と記録します。"
    )
