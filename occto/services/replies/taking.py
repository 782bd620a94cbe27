"""Take a reply, of whatever channel: every version is kept, the last received one stands (業務: `domain` 6, Reply).

The instant of receipt is read before any lock, so a reply that came in time is taken however long it had to wait. Replies
share the lock of the assembly and wait for nobody but another reply of the same member; who closes it waits for all.
Whatever was received before the voting person left the hall stays aside, whenever it is keyed in.
"""

import secrets
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import and_, bindparam, func, insert, or_, select, update
from sqlalchemy.orm import Session

from occto.domain.actor import Actor
from occto.domain.assembly import ENTRY_BY_STAFF, AssemblyState
from occto.domain.certificates import RANDOM_BITS, code_of
from occto.domain.codes import AttachmentKind
from occto.domain.dates import start_of_day, today_jst
from occto.domain.errors import NotAllowed, NotFound, Refusal, Stale
from occto.domain.permissions import Permission
from occto.domain.receipts import reply_digest
from occto.domain.reception import ADMITTING, CheckInEnd
from occto.domain.replies import (
    Answer,
    Attendance,
    ProxyKind,
    ReplyChannel,
    check_answer,
    content_of,
    reply_number,
    stands_over,
    with_blanks,
)
from occto.models import Attachment, Attendee, Ballot, CheckIn, Reply, StandingReply
from occto.queries.plain import current_rows_of, rows_of
from occto.queries.replies import Item, Meeting, OnRoll, agenda, asked, copy_addresses, meeting, on_roll
from occto.services import audit
from occto.services.replies.case import TakenReply
from occto.services.replies.drafts import drop_draft
from occto.services.replies.receipts import publish_list
from occto.services.replies.telling import send_copies

REASON_LIMIT = 2000
_OPEN_IN_TIME = frozenset({AssemblyState.REPLIES_OPEN, AssemblyState.REPLIES_CLOSED})
"""A reply that came before the deadline is taken though the assembly was closed while it waited."""


def take_reply(
    session: Session,
    *,
    assembly_id: int,
    member_id: int,
    answer: Answer,
    channel: ReplyChannel,
    received_at: datetime,
    seen_version: int,
    actor: Actor,
    now: datetime,
    document_id: int | None = None,
    reason: str | None = None,
    copies_to: Sequence[str] | None = None,
    left_open: Collection[int] = (),
) -> TakenReply:
    """Take a reply or a withdrawal (Attendance.WITHDRAWN). `seen_version`: that of the standing reply, 0 without one.

    `received_at`: when the request or the paper arrived. `copies_to`: the addresses for the copy, where they were read
    already; None reads them here. `left_open`: the items about which a paper says nothing.
    Refusals: not_allowed, not_found, not_open, too_late, not_on_roll, member_left, stale, nothing_to_withdraw, those of
    `check_answer`, proxy_not_on_roll; for staff also reason_missing, reason_too_long, document_missing, document_unknown,
    received_future, received_too_early.
    """
    held = _assembly(session, assembly_id, member_id, channel=channel, received_at=received_at, actor=actor)
    by_staff = channel is not ReplyChannel.ELECTRONIC
    if by_staff:
        reason = _staff_entry(
            session, held, channel, received_at=received_at, document_id=document_id, reason=reason, now=now
        )
    seat = _seat(session, held, member_id, now=now)
    items = agenda(session, assembly_id, member_id=member_id)
    ballot = asked(items)
    check_answer(
        answer,
        ballot=ballot,
        holder=seat.holder,
        settings=held.settings,
        member_id=member_id,
        left_open=left_open if by_staff else (),
    )
    _check_proxy_member(session, held, answer, now=now)
    answer = with_blanks(answer, ballot=ballot, settings=held.settings)
    before = _before(session, assembly_id, member_id, seen_version=seen_version)
    if answer.attendance is Attendance.WITHDRAWN and (before is None or before.withdrawn):
        raise Refusal("nothing_to_withdraw", "取り消す回答がありません。最新の状態をお確かめください。")
    no = before.last_no + 1 if before else 1
    taken = _write(
        session,
        answer,
        standing=before is None
        or stands_over(received_at, channel, other_at=before.received_at, other_channel=before.channel),
        first=before is None,
        values={
            "assembly_id": assembly_id,
            "member_id": member_id,
            "no": no,
            "number": reply_number(assembly_id, member_id, no),
            "channel": channel,
            "received_at": received_at,
            "entered_at": now,
            "entered_by_id": actor.user_id,
            "mandate_id": actor.mandate_id,
            "document_id": document_id,
            "reason": reason if by_staff else None,
        },
    )
    _note(session, taken, answer, held, items, seat, channel=channel, reason=reason, actor=actor, now=now,
          member_id=member_id, copies_to=copies_to)  # fmt: skip
    if held.state in ADMITTING and taken.standing:
        rows_of(session, _SET_ASIDE, {"assembly": assembly_id, "member": member_id, "received": received_at})
    if held.state is not AssemblyState.REPLIES_OPEN and taken.standing:
        publish_list(session, assembly_id, now=now, actor=actor)
    return taken


def _assembly(
    session: Session, assembly_id: int, member_id: int, *, channel: ReplyChannel, received_at: datetime, actor: Actor
) -> Meeting:
    """The assembly, kept from being closed, where this actor may reply to it now."""
    own = channel is ReplyChannel.ELECTRONIC
    allowed = actor.can(Permission.ASSEMBLIES_REPLY) and actor.member_id == member_id
    if actor.user_id is None or not (allowed if own else actor.can(Permission.REPLY_ENTER)):
        raise NotAllowed
    held = meeting(session, assembly_id, locked=True)
    if held is None:
        raise NotFound
    if held.state not in (_OPEN_IN_TIME if own else ENTRY_BY_STAFF):
        raise Refusal(
            "not_open", "この総会では、いま回答をお受けしていません。総会のページで、いまの状態をお確かめください。"
        )
    if own and (held.reply_until is None or received_at >= held.reply_until):
        raise Refusal(
            "too_late",
            "回答の締切を過ぎたため、この回答はお受けできませんでした。当日ご出席いただくか、当機関へご連絡ください。",
        )
    if held.state is not AssemblyState.REPLIES_OPEN:  # the published list changes with it, one after the other
        meeting(session, assembly_id, exclusive=True)
    return held


def _staff_entry(
    session: Session,
    held: Meeting,
    channel: ReplyChannel,
    *,
    received_at: datetime,
    document_id: int | None,
    reason: str | None,
    now: datetime,
) -> str | None:
    """What an entry by staff needs: the scan of a paper, a reason for everything else and after the deadline."""
    given = (reason or "").strip() or None
    late = held.reply_until is not None and now >= held.reply_until
    if given is None and (channel is ReplyChannel.STAFF or late):
        raise Refusal(
            "reason_missing",
            "回答の締切を過ぎたあとの入力と、書面によらない入力には、理由が必要です。理由を入力してください。",
            field="reason",
        )
    if given is not None and len(given) > REASON_LIMIT:
        raise Refusal("reason_too_long", f"理由は{REASON_LIMIT:,}文字以内で入力してください。", field="reason")
    if received_at > now:
        raise Refusal("received_future", "受け取った日時は、いまより前の日時を入力してください。", field="received_at")
    if received_at < start_of_day(held.record_on):
        raise Refusal(
            "received_too_early",
            "受け取った日時が、この総会の基準日より前です。日付をお確かめください。",
            field="received_at",
        )
    if channel is ReplyChannel.PAPER and document_id is None:
        raise Refusal("document_missing", "受け取った書面のファイルを添付してください。", field="document")
    if document_id is not None:
        known = select(Attachment.id).where(
            Attachment.id == document_id,
            Attachment.assembly_id == held.id,
            Attachment.kind == AttachmentKind.REPLY_PAPER,
            Attachment.removed_at.is_(None),
        )
        if session.scalar(known) is None:
            raise Refusal(
                "document_unknown",
                "添付した書面が見つかりません。もう一度ファイルを添付してください。",
                field="document",
            )
    return given


def _seat(session: Session, held: Meeting, member_id: int, *, now: datetime) -> OnRoll:
    seat = on_roll(session, held.id, member_id, today=today_jst(now))
    if seat is None:
        raise Refusal(
            "not_on_roll",
            "この総会の基準日の会員名簿に載っていないため、回答をお受けできません。お心当たりと違うときは、当機関へご連絡ください。",
        )
    if seat.left:
        raise Refusal("member_left", "基準日のあとに会員でなくなったため、この総会への回答はお受けできません。")
    return seat


def _check_proxy_member(session: Session, held: Meeting, answer: Answer, *, now: datetime) -> None:
    if answer.proxy_kind is not ProxyKind.MEMBER:
        return
    other = on_roll(session, held.id, answer.proxy_member_id or 0, today=today_jst(now))
    if other is None or other.left:
        raise Refusal(
            "proxy_not_on_roll",
            "委任する相手が、この総会の会員名簿に見つかりません。事業者コードをお確かめください。",
            field="proxy_member",
        )


@dataclass(frozen=True, slots=True)
class _Before:
    """The reply that stood until now, and the number of the last one entered."""

    last_no: int
    received_at: datetime
    channel: ReplyChannel
    withdrawn: bool


def _before(session: Session, assembly_id: int, member_id: int, *, seen_version: int) -> _Before | None:
    """What stood until now, locked. Refusal stale where another user of the member, or the office, was faster."""
    key = {"assembly": assembly_id, "member": member_id}
    row = current_rows_of(session, _STANDING, key).one_or_none()
    if (row.version if row else 0) != seen_version:
        raise Stale("画面を開いたあとに、この総会への別の回答が受け付けられました。新しい回答を確かめてください。")
    if row is None:
        return None
    stood = current_rows_of(session, _STOOD, key | {"reply": row.reply_id}).one()
    return _Before(stood.last_no, stood.received_at, stood.channel, stood.attendance is Attendance.WITHDRAWN)


_R, _S, _B, _A = (table.__table__ for table in (Reply, StandingReply, Ballot, Attendee))
_OF_MEMBER: Any = and_(_S.c.assembly_id == bindparam("assembly"), _S.c.member_id == bindparam("member"))
_STANDING = select(_S.c.reply_id, _S.c.version).where(_OF_MEMBER).with_for_update()
_STOOD = select(
    select(func.max(_R.c.no))
    .where(_R.c.assembly_id == bindparam("assembly"), _R.c.member_id == bindparam("member"))
    .scalar_subquery()
    .label("last_no"),
    _R.c.received_at,
    _R.c.channel,
    _R.c.attendance,
).where(_R.c.id == bindparam("reply"))
_TAKEN = insert(_R).returning(_R.c.id)  # type: ignore[arg-type]
_FIRST = insert(_S)  # type: ignore[arg-type]
_LATER = update(_S).where(_OF_MEMBER).values(version=_S.c.version + 1)  # type: ignore[arg-type]
_LATER_STANDS = _LATER.values(reply_id=bindparam("reply"))
_AT_HALL = (
    select(func.max(CheckIn.id))
    .where(
        CheckIn.assembly_id == bindparam("assembly"),
        CheckIn.member_id == bindparam("member"),
        CheckIn.voting,
        or_(CheckIn.ending.is_(None), CheckIn.ending == CheckInEnd.LEFT),
        or_(CheckIn.ended_at.is_(None), CheckIn.ended_at > bindparam("received")),
    )
    .scalar_subquery()
)
"""The last time that somebody voted for the member at the hall, unless the reply was received after the person had left."""
_SET_ASIDE = update(_S).where(_OF_MEMBER).values(set_aside_by_check_in_id=_AT_HALL)  # type: ignore[arg-type]
_CHOSEN, _COMING = insert(_B), insert(_A)  # type: ignore[arg-type]


def _write(session: Session, answer: Answer, *, standing: bool, first: bool, values: dict[str, Any]) -> TakenReply:
    """The reply with its attendees and choices, and the row that says which one stands; its version rises either way."""
    key = {"assembly_id": values["assembly_id"], "member_id": values["member_id"]}
    salt, code = secrets.token_hex(16), code_of(secrets.randbits(RANDOM_BITS))
    reply_id = current_rows_of(
        session,
        _TAKEN,
        {
            **values,
            "receipt_code": code,
            "salt": salt,
            "digest": reply_digest(content_of(answer, **key, no=values["no"]), salt=salt),
            "attendance": answer.attendance,
            "proxy_kind": answer.proxy_kind,
            "proxy_member_id": answer.proxy_member_id,
            "proxy_name": answer.proxy_name,
            "opinion": answer.opinion or None,
        },
    ).scalar_one()
    if first:
        rows_of(session, _FIRST, {**key, "reply_id": reply_id, "version": 1})
    else:
        given = {"assembly": key["assembly_id"], "member": key["member_id"]}
        rows_of(session, *((_LATER_STANDS, {**given, "reply": reply_id}) if standing else (_LATER, given)))
    if answer.choices:
        ballots = [{"reply_id": reply_id, "item_id": item, "choice": one} for item, one in answer.choices.items()]
        rows_of(session, _CHOSEN, ballots)
    if answer.attendees:
        rows_of(
            session,
            _COMING,
            [
                {
                    "reply_id": reply_id,
                    "no": number,
                    "title": person.title,
                    "name": person.name,
                    "email": person.email,
                    "phone": person.phone,
                    "voting": person.voting,
                }
                for number, person in enumerate(answer.attendees, 1)
            ],
        )
    return TakenReply(reply_id, values["no"], values["number"], code, values["received_at"], standing)


def _note(
    session: Session,
    taken: TakenReply,
    answer: Answer,
    held: Meeting,
    items: Sequence[Item],
    seat: OnRoll,
    *,
    member_id: int,
    channel: ReplyChannel,
    reason: str | None,
    actor: Actor,
    now: datetime,
    copies_to: Sequence[str] | None,
) -> None:
    """The event, which says nothing of the choices; the copies; the draft that has done its work."""
    detail = {
        "member_id": member_id,
        "number": taken.number,
        "no": taken.no,
        "channel": channel,
        "attendance": answer.attendance,
        "received_at": taken.received_at,
        "standing": taken.standing,
        "reason": reason,
    }
    audit.record(session, "reply.taken", subject=f"ASSEMBLY:{held.id}", actor=actor, now=now, detail=detail)
    own = channel is ReplyChannel.ELECTRONIC
    if copies_to is None:
        copies_to = copy_addresses(session, member_id, user_id=actor.user_id if own else None, today=today_jst(now))
    send_copies(
        session,
        taken,
        answer,
        held,
        items,
        company=seat.name,
        channel=channel,
        member_id=member_id,
        to=copies_to,
        now=now,
    )
    if own:
        drop_draft(session, assembly_id=held.id, member_id=member_id, user_id=actor.user_id or 0)
    session.flush()
