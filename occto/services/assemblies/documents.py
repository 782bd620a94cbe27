"""Documents of an assembly: 招集通知, 議案書 and what else members read before they answer."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from occto.domain.actor import Actor
from occto.domain.codes import AttachmentKind, ScanState
from occto.domain.errors import NotFound
from occto.domain.files import FileKind, plain_name
from occto.models import Attachment
from occto.services.assemblies.case import locked, note
from occto.services.files import store_file

_SLASHES = str.maketrans("/\\", "／＼")
_ENDINGS = {kind.media_type: kind.extension for kind in FileKind}


def add_document(
    session: Session,
    assembly_id: int,
    *,
    title: str,
    media_type: str,
    content: bytes,
    scan_state: ScanState,
    actor: Actor,
    now: datetime,
) -> int:
    """Keep a document, whose kind was checked by content, under its title; returns its row number.

    Refusals: not_allowed, not_found, illegal_step.
    """
    assembly = locked(session, assembly_id, step="documents", seen_version=None, actor=actor)
    kept = store_file(
        session,
        kind=AttachmentKind.ASSEMBLY_FILE,
        name=plain_name(title.translate(_SLASHES), extension=_ENDINGS[media_type]),
        media_type=media_type,
        content=content,
        scan_state=scan_state,
        assembly_id=assembly.id,
        now=now,
    )
    detail = {"attachment_id": kept.id, "name": kept.name, "sha256": kept.sha256, "size": kept.size}
    note(session, assembly, "assembly.document_added", actor=actor, now=now, detail=detail)
    return kept.id


def remove_document(session: Session, assembly_id: int, attachment_id: int, *, actor: Actor, now: datetime) -> None:
    """Show a document no longer; it is kept. Refusals: not_allowed, not_found (also one removed already), illegal_step."""
    assembly = locked(session, assembly_id, step="documents", seen_version=None, actor=actor)
    held = session.scalar(
        select(Attachment).where(
            Attachment.id == attachment_id,
            Attachment.assembly_id == assembly.id,
            Attachment.kind == AttachmentKind.ASSEMBLY_FILE,
            Attachment.removed_at.is_(None),
        )
    )
    if held is None:
        raise NotFound
    held.removed_at = now
    detail = {"attachment_id": held.id, "name": held.name}
    note(session, assembly, "assembly.document_removed", actor=actor, now=now, detail=detail)
