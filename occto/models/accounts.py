"""管理者の申請・変更 and the recovery of a lost second factor (利用規約 3.1/3.2.1, 3.1/3.2.2): requests that OCCTO decides."""

from datetime import datetime

from sqlalchemy import CheckConstraint, Index, Text
from sqlalchemy.orm import Mapped, mapped_column

from occto.domain.account_requests import AccountRequestKind, AccountRequestState
from occto.domain.codes import Channel
from occto.extensions import Base
from occto.models.shared import Instant, Key, Version, refers
from occto.types import BigId, SortText, UtcDateTime, bounded, code


class AccountRequest(Base):
    """What a company asks of OCCTO about its IDs. The person named may not have an ID yet; nobody but OCCTO grants it."""

    __tablename__ = "account_requests"
    __table_args__ = (
        CheckConstraint(
            "(state IN ('APPROVED', 'WITHDRAWN', 'DECLINED')) = (decided_at IS NOT NULL)", name="decided_at"
        ),
        CheckConstraint("(called_by_id IS NULL) = (called_at IS NULL)", name="called"),
        CheckConstraint(
            "state <> 'APPROVED' OR (called_by_id IS NOT NULL AND decided_by_id IS NOT NULL AND called_by_id <> decided_by_id)",
            name="two_persons",
        ),
        CheckConstraint("kind <> 'SECOND_FACTOR' OR user_id IS NOT NULL OR state = 'SUBMITTED'", name="whose_factor"),
        CheckConstraint("(channel = 'PAPER') = (entered_by_id IS NOT NULL)", name="entered_by"),
        bounded("person_name", 80),
        bounded("person_kana", 120),
        bounded("person_title", 120),
        bounded("person_email", 254),
        bounded("person_phone", 20),
        bounded("reason", 2000),
        bounded("called_number", 20),
        bounded("called_words", 2000),
        bounded("decision_reason", 2000),
        Index("ix_account_requests_state", "state", "submitted_at"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[Key]
    number: Mapped[str] = mapped_column(SortText, unique=True, comment="A-2026-00042")
    kind: Mapped[AccountRequestKind] = mapped_column(code(AccountRequestKind, name="kind"))
    state: Mapped[AccountRequestState] = mapped_column(code(AccountRequestState, name="state"))
    channel: Mapped[Channel] = mapped_column(code(Channel, name="channel"))
    member_id: Mapped[int | None] = mapped_column(
        BigId, refers("members.id"), index=True, comment="none: what was typed on the public page named no member yet"
    )
    company_typed: Mapped[str | None] = mapped_column(Text, comment="事業者コード and 商号 as typed on the public page")
    user_id: Mapped[int | None] = mapped_column(
        BigId, refers("users.id"), index=True, comment="whose second factor is lost, or who became 管理者"
    )
    replaces_user_id: Mapped[int | None] = mapped_column(
        BigId, refers("users.id"), index=True, comment="the 管理者 who gives the role up"
    )
    person_name: Mapped[str] = mapped_column(Text)
    person_kana: Mapped[str | None] = mapped_column(Text)
    person_title: Mapped[str | None] = mapped_column(Text)
    person_email: Mapped[str] = mapped_column(Text)
    person_phone: Mapped[str | None] = mapped_column(Text)
    reason: Mapped[str] = mapped_column(Text)
    submitted_at: Mapped[Instant]
    received_at: Mapped[datetime | None] = mapped_column(UtcDateTime, comment="when the paper reached the office")
    started_by_id: Mapped[int | None] = mapped_column(
        BigId, refers("users.id"), index=True, comment="the member's user; none: from the public page or on paper"
    )
    entered_by_id: Mapped[int | None] = mapped_column(BigId, refers("users.id"), index=True)
    called_by_id: Mapped[int | None] = mapped_column(
        BigId, refers("users.id"), index=True, comment="who confirmed by call-back: first person"
    )
    called_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    called_number: Mapped[str | None] = mapped_column(Text, comment="the number on record that was called")
    called_words: Mapped[str | None] = mapped_column(Text, comment="whom the call reached and what was said")
    decided_by_id: Mapped[int | None] = mapped_column(BigId, refers("users.id"), index=True)
    decided_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    decision_reason: Mapped[str | None] = mapped_column(Text)
    version: Mapped[Version]
