"""受領証の一覧: the codes of all standing replies with the root of their hash tree, published after closing."""

from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from occto.domain.actor import SYSTEM, Actor
from occto.domain.receipts import leaf_of, root_of
from occto.models import ReceiptList, Reply, StandingReply
from occto.services import audit


def publish_list(session: Session, assembly_id: int, *, now: datetime, actor: Actor = SYSTEM) -> ReceiptList | None:
    """Publish the list as the replies stand now; None where it says the same as the last one.

    The caller holds the lock of the assembly, so that no reply is under way.
    """
    rows = session.execute(
        select(Reply.receipt_code, Reply.digest)
        .join(StandingReply, StandingReply.reply_id == Reply.id)
        .where(StandingReply.assembly_id == assembly_id)
        .order_by(Reply.receipt_code)
    )
    leaves = [[row.receipt_code, leaf_of(row.receipt_code, row.digest)] for row in rows]
    root = root_of([leaf for _, leaf in leaves])
    last = session.scalar(select(func.max(ReceiptList.no)).where(ReceiptList.assembly_id == assembly_id)) or 0
    if last:
        before = select(ReceiptList.root).where(ReceiptList.assembly_id == assembly_id, ReceiptList.no == last)
        if session.scalar(before) == root:
            return None
    made = ReceiptList(assembly_id=assembly_id, no=last + 1, made_at=now, count=len(leaves), root=root, leaves=leaves)
    session.add(made)
    detail = {"no": made.no, "count": made.count, "root": root}
    audit.record(session, "receipts.published", subject=f"ASSEMBLY:{assembly_id}", actor=actor, now=now, detail=detail)
    session.flush()
    return made
