"""加入証跡: the code of a member's certificate, and the keys that printed ones are signed with."""

from datetime import datetime

from sqlalchemy import CheckConstraint, Text
from sqlalchemy.orm import Mapped, mapped_column

from occto.extensions import Base
from occto.models.shared import Instant, Key, refers
from occto.types import BigId, SortText, UtcDateTime, bounded


class Certificate(Base):
    """加入証跡 of a member: one code, for as long as the membership lasts. What it says is read from the register."""

    __tablename__ = "certificates"
    __table_args__ = (
        CheckConstraint("length(code) = 12", name="code"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[Key]
    member_id: Mapped[int] = mapped_column(BigId, refers("members.id"), unique=True)
    code: Mapped[str] = mapped_column(
        SortText, unique=True, comment="12 characters of Crockford's base 32, the last a check"
    )
    issued_at: Mapped[Instant]


class SigningKey(Base):
    """An Ed25519 key. The public half is published for good; the newest key that is not retired signs."""

    __tablename__ = "signing_keys"
    __table_args__ = (
        bounded("kid", 40),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[Key]
    kid: Mapped[str] = mapped_column(SortText, unique=True, comment="name of the key in a signature (RFC 7517)")
    public_key: Mapped[str] = mapped_column(Text, comment="32 bytes, base64url")
    private_key_enc: Mapped[str] = mapped_column(Text, comment="encrypted with DATA_KEY")
    created_at: Mapped[Instant]
    retired_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
