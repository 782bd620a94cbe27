"""The content of attachments, put together from its chunks."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from occto.domain.errors import NotFound
from occto.models import Attachment, AttachmentChunk


def attachment_of(session: Session, attachment_id: int, *, application_id: int) -> Attachment:
    """The attachment, where it belongs to this application; NotFound otherwise."""
    found = session.get(Attachment, attachment_id) if 0 < attachment_id < 2**63 else None
    if found is None or found.application_id != application_id:
        raise NotFound
    return found


def file_content(session: Session, attachment_id: int) -> bytes:
    """All bytes of an attachment (10 MiB at most)."""
    chunks = (
        select(AttachmentChunk.bytes).where(AttachmentChunk.attachment_id == attachment_id).order_by(AttachmentChunk.no)
    )
    return b"".join(session.scalars(chunks))
