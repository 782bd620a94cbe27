"""Reads of attachments."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from occto.domain.codes import ScanState
from occto.domain.errors import NotFound
from occto.domain.joining import ApplicationState
from occto.models import Application, Attachment, AttachmentChunk


def attachment_of(session: Session, attachment_id: int, *, application_id: int) -> Attachment:
    """The attachment, where it belongs to this application; NotFound otherwise."""
    found = session.get(Attachment, attachment_id) if 0 < attachment_id < 2**63 else None
    if found is None or found.application_id != application_id:
        raise NotFound
    return found


def file_content(session: Session, attachment_id: int) -> tuple[Attachment, bytes]:
    """An attachment and its bytes. NotFound where there is none, the virus scanner refused it or its draft was removed.

    Whose file it is, is for the caller to ask.
    """
    attachment = session.get(Attachment, attachment_id) if 0 < attachment_id < 2**63 else None
    if attachment is None or attachment.scan_state is ScanState.REFUSED:
        raise NotFound
    state = session.scalar(select(Application.state).where(Application.id == attachment.application_id))
    if state is ApplicationState.REMOVED:
        raise NotFound
    pieces = session.scalars(
        select(AttachmentChunk.bytes).where(AttachmentChunk.attachment_id == attachment_id).order_by(AttachmentChunk.no)
    )
    return attachment, b"".join(pieces)
