"""会員の登録: the dated register. Facts are entered and voided by numbered changes and never updated."""

from datetime import date
from typing import Any

from sqlalchemy import CheckConstraint, Date, Index, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from occto.domain.codes import Act, ChangeSource, ControlBasis, EndReason, Holding, Licence, MemberState
from occto.extensions import Base
from occto.models.shared import Instant, Key, Version, refers
from occto.types import BigId, Document, SortText, bounded, code

_LIVE, _GONE = "voided_id IS NULL", "voided_id IS NOT NULL"


def _live_unique(name: str, *columns: str, where: str = _LIVE) -> Index:
    return Index(name, *columns, unique=True, postgresql_where=text(where), sqlite_where=text(where))


def _voided(name: str) -> Index:
    """By the change that voided: only facts that were. SQLite would take a whole index for the way to all that stand."""
    return Index(name, "voided_id", postgresql_where=text(_GONE), sqlite_where=text(_GONE))


class RegisterHead(Base):
    """The one row that every write of the register locks, so that numbers of changes commit in order."""

    __tablename__ = "register_head"
    __table_args__ = (CheckConstraint("id = 1", name="one_row"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=False)
    last_change_id: Mapped[int] = mapped_column(BigId)


class RegisterChange(Base):
    """A numbered change of the register: the second time axis («as known at change N»)."""

    __tablename__ = "register_changes"
    __table_args__ = (CheckConstraint("second_actor_id IS NULL OR actor_id <> second_actor_id", name="two_persons"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=False, comment="next of register_head")
    at: Mapped[Instant]
    source_kind: Mapped[ChangeSource] = mapped_column(code(ChangeSource, name="source_kind"))
    source_id: Mapped[int | None] = mapped_column(BigId, comment="row of the source, such as the application")
    actor_id: Mapped[int | None] = mapped_column(BigId, refers("users.id"), index=True)
    second_actor_id: Mapped[int | None] = mapped_column(BigId, refers("users.id"), index=True)
    clause: Mapped[str | None] = mapped_column(Text)


class Body(Base):
    """A company of the control graph, member or not."""

    __tablename__ = "bodies"
    __table_args__ = (
        bounded("name", 120),
        CheckConstraint("corporate_number IS NULL OR length(corporate_number) = 13", name="corporate_number"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[Key]
    name: Mapped[str] = mapped_column(Text)
    corporate_number: Mapped[str | None] = mapped_column(SortText, unique=True)


class Member(Base):
    """会員: an electricity business. `current_*` is a rebuildable copy for lists; the facts decide."""

    __tablename__ = "members"
    __table_args__ = (
        CheckConstraint("length(operator_code) = 5", name="operator_code"),
        CheckConstraint("succeeded_by_id IS NULL OR succeeded_by_id <> id", name="succeeded_by"),
        bounded("current_name", 120),
        Index("ix_members_name", "name_key", "id"),
        Index("ix_members_kana", "kana_key", "id"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[Key]
    body_id: Mapped[int] = mapped_column(BigId, refers("bodies.id"), unique=True)
    operator_code: Mapped[str] = mapped_column(
        SortText, unique=True, comment="事業者コード: 5 digits, leading zeros kept, never reissued"
    )
    succeeded_by_id: Mapped[int | None] = mapped_column(BigId, refers("members.id"), index=True)
    current_name: Mapped[str] = mapped_column(Text)
    current_kana: Mapped[str] = mapped_column(Text)
    name_key: Mapped[str] = mapped_column(SortText, comment="normalised for search and order")
    kana_key: Mapped[str] = mapped_column(SortText)
    current_licences: Mapped[str] = mapped_column(
        Text, comment="categories in force, comma separated, in the order of the enum"
    )
    current_state: Mapped[MemberState] = mapped_column(code(MemberState, name="current_state"))
    current_member_on: Mapped[date | None] = mapped_column(Date)
    version: Mapped[Version]


class FormerCode(Base):
    """事業者コード that a member had in an earlier membership. It still finds the member and is never given again."""

    __tablename__ = "former_codes"
    __table_args__ = (CheckConstraint("length(operator_code) = 5", name="operator_code"),)

    operator_code: Mapped[str] = mapped_column(SortText, primary_key=True)
    member_id: Mapped[int] = mapped_column(BigId, refers("members.id"), index=True)
    until_on: Mapped[date] = mapped_column(Date, comment="half-open: the first day with the next code")
    entered_id: Mapped[int] = mapped_column(BigId, refers("register_changes.id"), index=True)


class ProfileFact(Base):
    """One item of one member from a day on."""

    __tablename__ = "profile_facts"
    __table_args__ = (
        _voided("ix_profile_facts_voided_id"),
        _live_unique("uq_profile_facts_live", "member_id", "item", "effective_on"),
        Index("ix_profile_facts_member", "member_id", "item", "effective_on"),
        Index("ix_profile_facts_item", "item", "member_id", "effective_on"),
        bounded("item", 40),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[Key]
    member_id: Mapped[int] = mapped_column(BigId, refers("members.id"))
    item: Mapped[str] = mapped_column(SortText, comment="key of domain/profile.py")
    value: Mapped[Any] = mapped_column(Document, nullable=True, comment="the clean value; null: no longer any")
    effective_on: Mapped[date] = mapped_column(Date)
    entered_id: Mapped[int] = mapped_column(BigId, refers("register_changes.id"), index=True)
    voided_id: Mapped[int | None] = mapped_column(BigId, refers("register_changes.id"))


class LicenceHeld(Base):
    """電気事業者の区分 of a member: the identity whose facts are dated."""

    __tablename__ = "licences"
    __table_args__ = ({"sqlite_autoincrement": True},)

    id: Mapped[Key]
    member_id: Mapped[int] = mapped_column(BigId, refers("members.id"), index=True)
    category: Mapped[Licence] = mapped_column(code(Licence, name="category"))
    continues_id: Mapped[int | None] = mapped_column(
        BigId, refers("licences.id"), index=True, comment="the licence taken over by succession"
    )


class LicenceFact(Base):
    """The METI act behind a licence, in force from its date (half-open: from ≤ day < until)."""

    __tablename__ = "licence_facts"
    __table_args__ = (
        _voided("ix_licence_facts_voided_id"),
        _live_unique("uq_licence_facts_live", "licence_id"),
        Index("ix_licence_facts_licence", "licence_id", "effective_on"),
        CheckConstraint("ended_on IS NULL OR ended_on > effective_on", name="period"),
        CheckConstraint("(ended_on IS NULL) = (end_reason IS NULL)", name="ended"),
        bounded("number", 40),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[Key]
    licence_id: Mapped[int] = mapped_column(BigId, refers("licences.id"))
    act: Mapped[Act] = mapped_column(code(Act, name="act"))
    number: Mapped[str | None] = mapped_column(Text, comment="METI's number, such as A0123")
    effective_on: Mapped[date] = mapped_column(Date)
    ended_on: Mapped[date | None] = mapped_column(Date)
    end_reason: Mapped[EndReason | None] = mapped_column(code(EndReason, name="end_reason"))
    document_id: Mapped[int | None] = mapped_column(BigId, refers("attachments.id"), index=True)
    entered_id: Mapped[int] = mapped_column(BigId, refers("register_changes.id"), index=True)
    voided_id: Mapped[int | None] = mapped_column(BigId, refers("register_changes.id"))


class ControlFact(Base):
    """資本関係: who controls whom, from when until when."""

    __tablename__ = "control_facts"
    __table_args__ = (
        _voided("ix_control_facts_voided_id"),
        _live_unique("uq_control_facts_live", "relation_no"),
        _live_unique(
            "uq_control_facts_parent", "child_body_id", where="voided_id IS NULL AND controlling AND ended_on IS NULL"
        ),
        Index("ix_control_facts_child", "child_body_id", "effective_on"),
        Index("ix_control_facts_parent", "parent_body_id", "effective_on"),
        CheckConstraint("child_body_id <> parent_body_id", name="self_parent"),
        CheckConstraint("(parent_body_id IS NULL) <> (parent_name IS NULL)", name="one_parent"),
        CheckConstraint("ratio_bp IS NULL OR (ratio_bp >= 0 AND ratio_bp <= 10000)", name="ratio"),
        CheckConstraint("ended_on IS NULL OR ended_on > effective_on", name="period"),
        bounded("parent_name", 120),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[Key]
    relation_no: Mapped[int] = mapped_column(BigId, comment="identity of the relation; its facts replace each other")
    child_body_id: Mapped[int] = mapped_column(BigId, refers("bodies.id"))
    parent_body_id: Mapped[int | None] = mapped_column(BigId, refers("bodies.id"))
    parent_name: Mapped[str | None] = mapped_column(
        Text, comment="a parent known by name only: on the warning list, never matched"
    )
    controlling: Mapped[bool] = mapped_column(comment="the one controlling parent, as opposed to a mere holding")
    basis: Mapped[ControlBasis | None] = mapped_column(code(ControlBasis, name="basis"))
    holding: Mapped[Holding | None] = mapped_column(code(Holding, name="holding"))
    ratio_bp: Mapped[int | None] = mapped_column(comment="議決権割合 in basis points: 5500 = 55 %")
    effective_on: Mapped[date] = mapped_column(Date)
    ended_on: Mapped[date | None] = mapped_column(Date)
    entered_id: Mapped[int] = mapped_column(BigId, refers("register_changes.id"), index=True)
    voided_id: Mapped[int | None] = mapped_column(BigId, refers("register_changes.id"))


class RosterFact(Base):
    """名簿番号: explicit, unique, never implied by a sort; the order has legal effect."""

    __tablename__ = "roster_facts"
    __table_args__ = (
        _voided("ix_roster_facts_voided_id"),
        _live_unique("uq_roster_facts_no", "roster_no", where="voided_id IS NULL AND ended_on IS NULL"),
        _live_unique("uq_roster_facts_member", "member_id", where="voided_id IS NULL AND ended_on IS NULL"),
        Index("ix_roster_facts_member", "member_id", "effective_on"),
        Index("ix_roster_facts_no", "roster_no"),
        CheckConstraint("roster_no > 0", name="roster_no"),
        CheckConstraint("ended_on IS NULL OR ended_on > effective_on", name="period"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[Key]
    member_id: Mapped[int] = mapped_column(BigId, refers("members.id"))
    roster_no: Mapped[int]
    effective_on: Mapped[date] = mapped_column(Date)
    ended_on: Mapped[date | None] = mapped_column(Date)
    entered_id: Mapped[int] = mapped_column(BigId, refers("register_changes.id"), index=True)
    voided_id: Mapped[int | None] = mapped_column(BigId, refers("register_changes.id"))
