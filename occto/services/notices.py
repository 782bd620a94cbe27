"""Mails to a member: whom the office writes to, asked in one place."""

from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from occto.domain.clauses import Clause
from occto.domain.dates import today_jst
from occto.queries.people import notice_addresses
from occto.services import outbox


def tell_member(
    session: Session,
    member_id: int,
    template: str,
    *,
    now: datetime,
    clause: Clause | None = None,
    change_request_id: int | None = None,
    also: str | None = None,
    dedupe_key: str | None = None,
    **params: Any,
) -> int:
    """Queue the mail for the 会員担当 on record and every 管理者, and for `also`, each address once.

    Returns how many were queued; 0 means that the member has no address and is told by post (紙対応).
    """
    addresses = notice_addresses(session, member_id, today=today_jst(now))
    if also:
        addresses.setdefault(also.lower(), also)
    queued = 0
    for key, address in addresses.items():
        mail = outbox.queue(
            session,
            template,
            to=address,
            params=params,
            member_id=member_id,
            change_request_id=change_request_id,
            clause=clause,
            dedupe_key=f"{dedupe_key}:{key}" if dedupe_key else None,
            now=now,
        )
        queued += mail is not None
    return queued
