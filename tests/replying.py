"""出欠・議決権の回答 as rows, in any channel: what tests of counting stand on. No verb is asked."""

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import func, select

from occto.domain.codes import AttachmentKind, ScanState
from occto.domain.replies import Attendance, ProxyKind, ReplyChannel
from occto.domain.tally import Choice
from occto.models import AgendaItem, Assembly, Attachment, Ballot, Member, Reply, StandingReply
from occto.unit_of_work import unit_of_work
from tests.factories import NOW, Factory


def reply(
    make: Factory,
    held: Assembly,
    member: Member,
    attendance: Attendance = Attendance.ELECTRONIC,
    *,
    choices: Mapping[AgendaItem, Choice] | None = None,
    channel: ReplyChannel = ReplyChannel.ELECTRONIC,
    received_at: datetime = NOW,
    stands: bool = True,
    **changes: Any,
) -> Reply:
    """The next version of a member's reply, with a ballot for each of `choices`; it stands unless told otherwise."""
    serial = make.serial()
    values: dict[str, Any] = {
        "assembly_id": held.id,
        "member_id": member.id,
        "number": f"{serial:08d}",
        "receipt_code": f"R{serial:09d}",
        "digest": hashlib.sha256(str(serial).encode()).hexdigest(),
        "channel": channel,
        "attendance": attendance,
        "received_at": received_at,
        "entered_at": received_at,
    }
    if attendance is Attendance.PROXY:
        values |= {"proxy_kind": ProxyKind.PERSON, "proxy_name": "代理 太郎"}
    if channel is not ReplyChannel.ELECTRONIC:
        values |= {"entered_by_id": make.user().id, "reason": "電話での回答"}
    if channel is ReplyChannel.PAPER:
        values |= {"document_id": _scan(held, serial).id, "reason": None}
    with unit_of_work() as session:
        newest = select(func.max(Reply.no)).where(Reply.assembly_id == held.id, Reply.member_id == member.id)
        made = Reply(**({"no": (session.scalar(newest) or 0) + 1} | values | changes))
        session.add(made)
        session.flush()
        session.add_all(
            Ballot(reply_id=made.id, item_id=one.id, choice=choice) for one, choice in (choices or {}).items()
        )
        standing = session.get(StandingReply, (held.id, member.id))
        if stands and standing is None:
            session.add(StandingReply(assembly_id=held.id, member_id=member.id, reply_id=made.id))
        elif stands and standing is not None:
            standing.reply_id = made.id
            standing.version += 1
    return made


def _scan(held: Assembly, serial: int) -> Attachment:
    """The scan that a reply on paper cannot be without; nothing of it is read."""
    found = Attachment(
        assembly_id=held.id,
        kind=AttachmentKind.REPLY_PAPER,
        name=f"回答書{serial}.pdf",
        media_type="application/pdf",
        size=1,
        sha256="0" * 64,
        scan_state=ScanState.NOT_CONFIGURED,
        added_at=NOW,
    )
    with unit_of_work() as session:
        session.add(found)
    return found
