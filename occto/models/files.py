"""Attachments: kept in the database in chunks, so that no local file is state and a backup has them."""

from datetime import datetime

from sqlalchemy import CheckConstraint, LargeBinary, Text
from sqlalchemy.orm import Mapped, mapped_column

from occto.domain.codes import AttachmentKind, ScanState
from occto.extensions import Base
from occto.models.shared import Instant, Key, refers
from occto.types import BigId, UtcDateTime, bounded, code


class Attachment(Base):
    """A file of one case: application, change request, account request, import, assembly, or the record of a member.

    Its name is for people only and never a path.
    """

    __tablename__ = "attachments"
    __table_args__ = (
        bounded("name", 120),
        CheckConstraint("length(sha256) = 64", name="sha256"),
        CheckConstraint("size > 0", name="size"),
        CheckConstraint(
            "CASE WHEN application_id IS NULL THEN 0 ELSE 1 END + CASE WHEN change_request_id IS NULL THEN 0 ELSE 1 END"
            " + CASE WHEN account_request_id IS NULL THEN 0 ELSE 1 END + CASE WHEN import_id IS NULL THEN 0 ELSE 1 END"
            " + CASE WHEN assembly_id IS NULL THEN 0 ELSE 1 END + CASE WHEN member_id IS NULL THEN 0 ELSE 1 END = 1",
            name="one_case",
        ),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[Key]
    application_id: Mapped[int | None] = mapped_column(BigId, refers("applications.id"), index=True)
    change_request_id: Mapped[int | None] = mapped_column(BigId, refers("change_requests.id"), index=True)
    account_request_id: Mapped[int | None] = mapped_column(BigId, refers("account_requests.id"), index=True)
    import_id: Mapped[int | None] = mapped_column(BigId, refers("imports.id"), index=True)
    assembly_id: Mapped[int | None] = mapped_column(BigId, refers("assemblies.id"), index=True)
    member_id: Mapped[int | None] = mapped_column(
        BigId,
        refers("members.id"),
        index=True,
        comment="of the office, about this member: standing 届出, 権利の停止・制限",
    )
    kind: Mapped[AttachmentKind] = mapped_column(code(AttachmentKind, name="kind"))
    name: Mapped[str] = mapped_column(Text)
    media_type: Mapped[str] = mapped_column(Text, comment="by content, never by name")
    size: Mapped[int] = mapped_column(BigId, comment="bytes")
    sha256: Mapped[str] = mapped_column(Text)
    scan_state: Mapped[ScanState] = mapped_column(code(ScanState, name="scan_state"))
    added_at: Mapped[Instant]
    removed_at: Mapped[datetime | None] = mapped_column(
        UtcDateTime, comment="taken out of the draft; revisions still show it"
    )


class AttachmentChunk(Base):
    """A piece of an attachment, at most 256 KiB."""

    __tablename__ = "attachment_chunks"

    attachment_id: Mapped[int] = mapped_column(BigId, refers("attachments.id"), primary_key=True)
    no: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    bytes: Mapped[bytes] = mapped_column(LargeBinary)
