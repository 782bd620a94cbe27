"""一括処理: how far each job is, and which rows it had to leave."""

from collections.abc import Sequence
from typing import Any, ClassVar

from sqlalchemy import func, select

from occto.admin.base import Facet, Facts, Order, StaffView, Table, link
from occto.admin.exports import Exported, instant
from occto.domain.jobs import JobKind, JobState
from occto.domain.permissions import Permission
from occto.extensions import db
from occto.labels import choices, label
from occto.models import Affiliation, Job, JobLeftover, Member, OutboxMail, User

LISTED = 500
_ADMINISTRATOR = (
    select(User.name + "　" + Member.current_name)
    .where(User.id == Affiliation.user_id, Member.id == Affiliation.member_id)
    .correlate(Affiliation)
    .scalar_subquery()
)
_PAGES: dict[JobKind, tuple[Any, Any, str, Permission]] = {
    JobKind.CONFIRM_REQUEST: (Member, Member.current_name, "members.details_view", Permission.MEMBER_SEE),
    JobKind.MAIL_RESEND: (OutboxMail, OutboxMail.to_address, "mails.details_view", Permission.MAIL_SEE),
    JobKind.INVITE: (Affiliation, _ADMINISTRATOR, "invitations.details_view", Permission.USER_INVITE),
}


def _progress(_view: Any, _context: Any, row: Job, _name: str) -> str:
    return f"{row.progress:,} / {row.total:,} 件"


def _conditions(_view: Any, _context: Any, row: Job, _name: str) -> str:
    return row.conditions or "なし（すべて）"


def _requester(_view: Any, _context: Any, row: Job, _name: str) -> str:
    return db.session.scalar(select(User.name).where(User.id == row.requested_by_id)) or ""


class JobsView(StaffView):
    """一括処理. A job is started on the list whose rows it is about."""

    see = Permission.BULK_ACT
    title = "一括処理"
    subject_kind = "JOB"
    column_list = ("kind", "state", "progress", "requester", "requested_at")
    reads = ("kind", "state", "progress", "total", "requested_at")
    column_details_list = ("state", "progress", "done", "conditions", "requester", "requested_at", "finished_at")
    column_labels: ClassVar[dict[str, str]] = {
        "kind": "処理",
        "state": "状態",
        "progress": "進み具合",
        "done": "行った件数",
        "conditions": "絞り込み",
        "requester": "開始した方",
        "requested_at": "開始",
        "finished_at": "終了",
    }
    column_formatters = {"progress": _progress}
    column_formatters_detail = {"progress": _progress, "conditions": _conditions, "requester": _requester}
    orders = {"new": Order("新しい順", Job.id, descending=True)}
    tagged = ("state",)
    facets = {
        "state": Facet("状態", Job.state, choices(JobState)),
        "kind": Facet("処理", Job.kind, choices(JobKind)),
    }
    extras: ClassVar[dict[str, Any]] = {
        "requester": select(User.name).where(User.id == Job.requested_by_id).correlate(Job).scalar_subquery()
    }
    export_columns = (
        Exported("処理", Job.kind, dict(choices(JobKind)), width=40),
        Exported("状態", Job.state, dict(choices(JobState))),
        Exported("絞り込み", Job.conditions, width=40),
        Exported("対象", Job.total),
        Exported("行った件数", Job.done),
        Exported("開始した方", extras["requester"]),
        Exported("開始", Job.requested_at, instant, width=20),
        Exported("終了", Job.finished_at, instant, width=20),
    )

    def heading(self, row: Job) -> str:
        return label(row.kind)

    def below(self, row: Job) -> Sequence[Facts | Table]:
        session = db.session()
        numbers = session.execute(
            select(JobLeftover.outcome, func.count())
            .where(JobLeftover.job_id == row.id)
            .group_by(JobLeftover.outcome)
            .order_by(JobLeftover.outcome)
        ).all()
        if not numbers:
            return []
        model, name, endpoint, permission = _PAGES[row.kind]
        left = session.execute(
            select(JobLeftover.row_id, JobLeftover.outcome, name)
            .join(model, model.id == JobLeftover.row_id)
            .where(JobLeftover.job_id == row.id)
            .order_by(JobLeftover.row_id)
            .limit(LISTED)
        )
        lines = [(link(words, endpoint, number, permission), label(outcome)) for number, outcome, words in left]
        total = sum(number for _outcome, number in numbers)
        title = "行わなかったもの" if total <= LISTED else f"行わなかったもの（はじめの{LISTED}件）"
        return [
            Facts("行わなかった件数", [(label(outcome), f"{number:,}件") for outcome, number in numbers]),
            Table(title, ("名称", "理由"), lines),
        ]
