"""Links by mail: made when the mail is rendered, single use, hashed. Opening one changes nothing."""

from datetime import datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from occto.domain.codes import LinkPurpose
from occto.domain.errors import Refusal
from occto.models import Link, OutboxMail

_AGAIN = "お手数ですが、新しいリンクをお受け取りください。"


def mint(
    session: Session, mail: OutboxMail, *, purpose: LinkPurpose, token_hash: str, hours: int, now: datetime
) -> Link:
    """Make the link that `mail` carries; its `hours` begin now, at delivery."""
    link = Link(
        token_hash=token_hash,
        purpose=purpose,
        application_id=mail.application_id,
        user_id=mail.user_id,
        email_key=mail.to_address.lower(),
        outbox_id=mail.id,
        created_at=now,
        expires_at=now + timedelta(hours=hours),
    )
    session.add(link)
    session.flush()
    return link


def inspect(session: Session, token_hash: str, *, purpose: LinkPurpose, now: datetime, lock: bool = False) -> Link:
    """The usable link with this hash. Refusals: link_unknown, link_used, link_revoked, link_expired."""
    query = select(Link).where(Link.token_hash == token_hash, Link.purpose == purpose)
    link = session.scalar(query.with_for_update() if lock else query)
    if link is None:
        raise Refusal(
            "link_unknown", f"このリンクは確認できませんでした。途中で切れていないか、お確かめください。{_AGAIN}"
        )
    if link.used_at is not None:
        raise Refusal("link_used", f"このリンクは、すでに使われています。リンクは一度だけ使えます。{_AGAIN}")
    if link.revoked_at is not None:
        raise Refusal("link_revoked", f"このリンクは、あとから送ったリンクに置き換えられました。{_AGAIN}")
    if link.expires_at <= now:
        raise Refusal("link_expired", f"このリンクは、有効な期間が過ぎました。{_AGAIN}")
    return link


def use(session: Session, token_hash: str, *, purpose: LinkPurpose, now: datetime) -> Link:
    """Use the link up, and with it every other open link of the same purpose that the same mail or address had."""
    link = inspect(session, token_hash, purpose=purpose, now=now, lock=True)
    link.used_at = now
    same_target = (
        (Link.application_id == link.application_id) if link.application_id else (Link.email_key == link.email_key)
    )
    session.execute(
        update(Link)
        .where(
            Link.purpose == purpose, Link.id != link.id, Link.used_at.is_(None), Link.revoked_at.is_(None), same_target
        )
        .values(revoked_at=now)
    )
    session.flush()
    return link
