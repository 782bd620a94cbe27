"""管理者の申請・変更 and the recovery of a lost second factor (利用規約 3.1/3.2.1, 3.1/3.2.2): requests that OCCTO decides."""

from datetime import datetime

from sqlalchemy import CheckConstraint, Index, Text
from sqlalchemy.orm import Mapped, mapped_column

from occto.domain.account_requests import AccountRequestKind, AccountRequestState
from occto.domain.codes import Channel
from occto.domain.permissions import Role
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
        CheckConstraint(
            "state <> 'APPROVED' OR entered_by_id IS NULL OR decided_by_id <> entered_by_id", name="not_the_enterer"
        ),
        CheckConstraint("state <> 'CONFIRMED' OR called_by_id IS NOT NULL", name="confirmed_by"),
        CheckConstraint(
            "kind <> 'SECOND_FACTOR' OR user_id IS NOT NULL OR state NOT IN ('MATCHED', 'CONFIRMED', 'APPROVED')",
            name="whose_factor",
        ),
        CheckConstraint(
            "kind = 'SECOND_FACTOR' OR member_id IS NOT NULL OR state NOT IN ('MATCHED', 'CONFIRMED', 'APPROVED')",
            name="which_member",
        ),
        CheckConstraint(
            "replaced_role IS NULL OR (kind = 'CHANGE' AND replaced_role <> 'ADMINISTRATOR')",
            name="kept_role",
        ),
        CheckConstraint("(objected_at IS NULL) = (objected_by IS NULL)", name="objected"),
        CheckConstraint(
            "(settled_at IS NULL) = (settled_by_id IS NULL) AND (settled_at IS NULL OR objected_at IS NOT NULL)",
            name="settled",
        ),
        CheckConstraint("(channel = 'PAPER') = (entered_by_id IS NOT NULL)", name="entered_by"),
        bounded("typed_code", 20),
        bounded("typed_company", 200),
        bounded("typed_old_name", 80),
        bounded("person_name", 80),
        bounded("person_kana", 120),
        bounded("person_title", 120),
        bounded("person_email", 254),
        bounded("person_phone", 20),
        bounded("reason", 2000),
        bounded("called_number", 20),
        bounded("called_words", 2000),
        bounded("objected_by", 254),
        bounded("objection", 2000),
        bounded("settled_words", 2000),
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
    typed_code: Mapped[str | None] = mapped_column(Text, comment="事業者コード as typed on the public page")
    typed_company: Mapped[str | None] = mapped_column(Text, comment="商号 as typed on the public page")
    typed_old_name: Mapped[str | None] = mapped_column(
        Text, comment="前の管理者 as typed on the public page or on paper"
    )
    user_id: Mapped[int | None] = mapped_column(
        BigId, refers("users.id"), index=True, comment="whose second factor is lost, or who became 管理者"
    )
    replaces_user_id: Mapped[int | None] = mapped_column(
        BigId, refers("users.id"), index=True, comment="the 管理者 who gives the role up"
    )
    replaced_role: Mapped[Role | None] = mapped_column(
        code(Role, name="replaced_role"), comment="what that 管理者 is afterwards; none: no role at all"
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
    objected_at: Mapped[datetime | None] = mapped_column(
        UtcDateTime, comment="somebody on record says that the request is not the company's"
    )
    objected_by: Mapped[str | None] = mapped_column(Text, comment="the address on record that objected")
    objection: Mapped[str | None] = mapped_column(Text)
    settled_by_id: Mapped[int | None] = mapped_column(
        BigId, refers("users.id"), index=True, comment="who found out that the objection does not stand"
    )
    settled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    settled_words: Mapped[str | None] = mapped_column(Text)
    decided_by_id: Mapped[int | None] = mapped_column(BigId, refers("users.id"), index=True)
    decided_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    decision_reason: Mapped[str | None] = mapped_column(Text)
    version: Mapped[Version]
