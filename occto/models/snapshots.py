"""議決権の集計: the division of votes as it was calculated, kept row by row; a frozen one never changes."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, Date, Index, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from occto.domain.codes import SnapshotState
from occto.domain.votes import Group, Reason
from occto.extensions import Base
from occto.models.shared import Instant, Key, refers
from occto.types import BigId, Document, SortText, UtcDateTime, bounded, code


class Snapshot(Base):
    """集計. Drafts are kept to be compared; the FROZEN one decides, with the SHA-256 of all that it rests on."""

    __tablename__ = "snapshots"
    __table_args__ = (
        Index("uq_snapshots_no", "assembly_id", "no", unique=True),
        Index(
            "uq_snapshots_frozen",
            "assembly_id",
            unique=True,
            postgresql_where=text("state = 'FROZEN'"),
            sqlite_where=text("state = 'FROZEN'"),
        ),
        CheckConstraint("length(sha256) = 64", name="sha256"),
        CheckConstraint("(state = 'SUPERSEDED') = (superseded_at IS NOT NULL)", name="superseded"),
        CheckConstraint(
            "state = 'DRAFT' OR (made_by_id IS NOT NULL AND second_by_id IS NOT NULL AND second_by_id <> made_by_id)",
            name="two_persons",
        ),
        CheckConstraint("total >= 0 AND per_group_total >= 0", name="totals"),
        bounded("reason", 2000),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[Key]
    assembly_id: Mapped[int] = mapped_column(BigId, refers("assemblies.id"))
    no: Mapped[int]
    state: Mapped[SnapshotState] = mapped_column(code(SnapshotState, name="state"))
    record_on: Mapped[date] = mapped_column(Date)
    known_change_id: Mapped[int] = mapped_column(BigId, comment="the newest register change that it knows")
    per_group_total: Mapped[int] = mapped_column(BigId)
    total: Mapped[int] = mapped_column(BigId)
    basis: Mapped[dict[str, Any]] = mapped_column(Document, comment="elections, policies and findings")
    sha256: Mapped[str] = mapped_column(Text, comment="of the canonical form of everything in it")
    reason: Mapped[str | None] = mapped_column(Text, comment="why it was made, or frozen again")
    made_at: Mapped[Instant]
    made_by_id: Mapped[int | None] = mapped_column(BigId, refers("users.id"), index=True)
    second_by_id: Mapped[int | None] = mapped_column(BigId, refers("users.id"), index=True)
    superseded_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class SnapshotMember(Base):
    """A member on the roll of the record date, with all its votes. Whoever has none is on the roll too."""

    __tablename__ = "snapshot_members"
    __table_args__ = (
        CheckConstraint("votes = votes_n + votes_r + votes_g", name="votes"),
        CheckConstraint("votes_n >= 0 AND votes_r >= 0 AND votes_g >= 0", name="not_negative"),
        CheckConstraint("NOT sanctioned OR votes = 0", name="sanctioned"),
        bounded("name", 120),
        Index("ix_snapshot_members_roster", "snapshot_id", "roster_no", "member_id"),
    )

    snapshot_id: Mapped[int] = mapped_column(BigId, refers("snapshots.id"), primary_key=True)
    member_id: Mapped[int] = mapped_column(BigId, refers("members.id"), primary_key=True, index=True)
    body_id: Mapped[int] = mapped_column(BigId, refers("bodies.id"), index=True)
    name: Mapped[str] = mapped_column(Text)
    roster_no: Mapped[int | None]
    capital: Mapped[int | None] = mapped_column(BigId, comment="yen")
    licences: Mapped[str] = mapped_column(Text, comment="in force on the record date, comma separated")
    sanctioned: Mapped[bool] = mapped_column(comment="権利の停止・制限 of scope VOTES: on the roll, without votes")
    votes_n: Mapped[int] = mapped_column(BigId)
    votes_r: Mapped[int] = mapped_column(BigId)
    votes_g: Mapped[int] = mapped_column(BigId)
    votes: Mapped[int] = mapped_column(BigId)


class SnapshotUnit(Base):
    """みなし会員: one voter of a group, a company or a family deemed one member."""

    __tablename__ = "snapshot_units"
    __table_args__ = (
        Index("uq_snapshot_units_holder", "snapshot_id", "vote_group", "holder_id", unique=True),
        CheckConstraint("votes >= 0", name="votes"),
    )

    snapshot_id: Mapped[int] = mapped_column(BigId, refers("snapshots.id"), primary_key=True)
    vote_group: Mapped[Group] = mapped_column(code(Group, name="vote_group"), primary_key=True)
    unit_no: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    holder_id: Mapped[int] = mapped_column(BigId, refers("members.id"), index=True)
    root_body_id: Mapped[int] = mapped_column(BigId, refers("bodies.id"), index=True, comment="the ultimate parent")
    votes: Mapped[int] = mapped_column(BigId)
    reason: Mapped[Reason] = mapped_column(code(Reason, name="reason"))


class UnitMember(Base):
    """To which unit of a group a member belongs: to one, by key."""

    __tablename__ = "unit_members"
    __table_args__ = (Index("ix_unit_members_unit", "snapshot_id", "vote_group", "unit_no"),)

    snapshot_id: Mapped[int] = mapped_column(BigId, refers("snapshots.id"), primary_key=True)
    vote_group: Mapped[Group] = mapped_column(code(Group, name="vote_group"), primary_key=True)
    member_id: Mapped[int] = mapped_column(BigId, refers("members.id"), primary_key=True, index=True)
    unit_no: Mapped[int]


class SnapshotRelation(Base):
    """A controlling relation of the record date: the facts behind the reasons."""

    __tablename__ = "snapshot_relations"
    __table_args__ = (bounded("child_name", 120), bounded("parent_name", 120))

    snapshot_id: Mapped[int] = mapped_column(BigId, refers("snapshots.id"), primary_key=True)
    child_body_id: Mapped[int] = mapped_column(BigId, refers("bodies.id"), primary_key=True, index=True)
    parent_body_id: Mapped[int] = mapped_column(BigId, refers("bodies.id"), index=True)
    child_name: Mapped[str] = mapped_column(Text)
    parent_name: Mapped[str] = mapped_column(Text)
    ratio_bp: Mapped[int | None] = mapped_column(comment="議決権割合 in basis points")
    since: Mapped[date] = mapped_column(Date)


class FreezeCheck(Base):
    """確認済: an undecided case that could still change the votes, looked at before the freeze and left, with reason."""

    __tablename__ = "freeze_checks"
    __table_args__ = (bounded("case_key", 40), bounded("reason", 2000))

    assembly_id: Mapped[int] = mapped_column(BigId, refers("assemblies.id"), primary_key=True)
    case_key: Mapped[str] = mapped_column(SortText, primary_key=True, comment="such as CHANGE:12 with its revision")
    reason: Mapped[str] = mapped_column(Text)
    checked_by_id: Mapped[int] = mapped_column(BigId, refers("users.id"), index=True)
    at: Mapped[Instant]
