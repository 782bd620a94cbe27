"""Attachments: kept in chunks, for cases of every kind alike."""

import hashlib
from collections.abc import Iterator
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from occto.domain.codes import AttachmentKind, ScanState
from occto.domain.errors import Refusal
from occto.domain.files import check_party_total
from occto.domain.text import InputError
from occto.models import Attachment, AttachmentChunk

CHUNK = 256 * 1024
FILES_LIMIT = 40


def store_file(
    session: Session,
    *,
    kind: AttachmentKind,
    name: str,
    media_type: str,
    content: bytes,
    scan_state: ScanState,
    now: datetime,
    application_id: int | None = None,
    change_request_id: int | None = None,
    account_request_id: int | None = None,
    import_id: int | None = None,
    assembly_id: int | None = None,
    member_id: int | None = None,
) -> Attachment:
    """Keep a file of one case, whose kind was checked by content. Refusals: too_many_files, and the limit per Party
    (too_large); what the office itself keeps with an assembly or a member has neither limit.
    """
    case = {
        "application_id": application_id,
        "change_request_id": change_request_id,
        "account_request_id": account_request_id,
        "import_id": import_id,
        "assembly_id": assembly_id,
        "member_id": member_id,
    }
    of_the_office = assembly_id is not None or member_id is not None
    owned = next(getattr(Attachment, name) == number for name, number in case.items() if number is not None)
    stored = session.execute(
        select(func.count(), func.coalesce(func.sum(Attachment.size), 0)).where(owned, Attachment.removed_at.is_(None))
    ).one()
    if stored[0] >= FILES_LIMIT and not of_the_office:
        raise Refusal(
            "too_many_files", f"添付書類は{FILES_LIMIT}個までです。不要な書類を取り外してください。", field="file"
        )
    try:
        check_party_total(0 if of_the_office else int(stored[1]), adding=len(content))
    except InputError as error:
        raise Refusal("too_large", str(error), field="file") from error
    attachment = Attachment(
        **case,
        kind=kind,
        name=name,
        media_type=media_type,
        size=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
        scan_state=scan_state,
        added_at=now,
    )
    session.add(attachment)
    session.flush()
    session.add_all(
        AttachmentChunk(attachment_id=attachment.id, no=no, bytes=piece) for no, piece in enumerate(_pieces(content), 1)
    )
    session.flush()
    return attachment


def _pieces(content: bytes) -> Iterator[bytes]:
    return (content[start : start + CHUNK] for start in range(0, len(content), CHUNK))
