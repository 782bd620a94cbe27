"""加入証跡: every member has one code for as long as its membership lasts; and the keys that printed ones are signed with."""

import secrets
from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from occto.domain.actor import SYSTEM, Actor
from occto.domain.certificates import RANDOM_BITS, code_of
from occto.domain.codes import MemberState
from occto.models import Certificate, Member, SigningKey
from occto.services import audit


def issue(session: Session, member_ids: Iterable[int], *, now: datetime) -> int:
    """Give each of these members its certificate, those that have one left aside; how many were made.

    No event of its own: what made the member stands in the trail.
    """
    ids = sorted(set(member_ids))
    having = set(session.scalars(select(Certificate.member_id).where(Certificate.member_id.in_(ids))))
    new = [member_id for member_id in ids if member_id not in having]
    session.add_all(Certificate(member_id=one, code=_new_code(), issued_at=now) for one in new)
    session.flush()
    return len(new)


def issue_missing(session: Session, *, limit: int, now: datetime) -> int:
    """Give up to `limit` members without a certificate theirs, those of an earlier release; how many were made."""
    without = (
        select(Member.id)
        .outerjoin(Certificate, Certificate.member_id == Member.id)
        .where(Certificate.id.is_(None), Member.current_state != MemberState.LEFT)
        .order_by(Member.id)
        .limit(limit)
    )
    made = issue(session, session.scalars(without).all(), now=now)
    if made:
        audit.record(session, "certificates.issued", subject="SYSTEM:1", actor=SYSTEM, now=now, detail={"count": made})
    return made


def enter_signing_key(
    session: Session, *, kid: str, public_key: str, private_key_enc: str, actor: Actor, now: datetime
) -> int:
    """Let a new key sign from now on; earlier ones sign no more and stay published. How many were retired."""
    retired = session.execute(update(SigningKey).where(SigningKey.retired_at.is_(None)).values(retired_at=now))
    count = int(retired.rowcount)  # type: ignore[attr-defined]
    session.add(SigningKey(kid=kid, public_key=public_key, private_key_enc=private_key_enc, created_at=now))
    session.flush()
    detail = {"kid": kid, "retired": count}
    audit.record(session, "signing_key.made", subject="SYSTEM:1", actor=actor, now=now, detail=detail)
    return count


def enter_first_signing_key(
    session: Session, *, kid: str, public_key: str, private_key_enc: str, actor: Actor, now: datetime
) -> bool:
    """Enter the key where none signs yet; whether it was."""
    if session.scalar(select(SigningKey.id).where(SigningKey.retired_at.is_(None)).limit(1)) is not None:
        return False
    enter_signing_key(session, kid=kid, public_key=public_key, private_key_enc=private_key_enc, actor=actor, now=now)
    return True


def _new_code() -> str:
    """55 random bits: nobody finds a member's code by trying."""
    return code_of(secrets.randbits(RANDOM_BITS))
