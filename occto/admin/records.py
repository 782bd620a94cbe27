"""規約 and 記録: screens that only show."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from flask import request
from markupsafe import Markup
from sqlalchemy import ColumnElement, select

from occto.admin.base import Facet, Facts, Order, StaffView, Table, link
from occto.admin.trail import payload_in_words, subject_in_words, subject_of_words
from occto.domain.audit_tags import AUDIT_TAGS, FIELDS, field_of, tags_of
from occto.domain.permissions import Permission
from occto.extensions import db
from occto.models import AuditDetail, AuditEvent, AuditLink, Member, TermsVersion, User
from occto.queries.mandates import by_contractor, contractor_of

_SUBJECT_PAGES = {
    "APPLICATION": ("applications.details_view", Permission.APPLICATION_SEE),
    "MEMBER": ("members.details_view", Permission.MEMBER_SEE),
    "USER": ("users.details_view", Permission.USER_SEE),
    "MANDATE": ("contractors.details_view", Permission.MANDATE_REVIEW_SEE),
    "CONTRACTOR": ("contractors.company", Permission.MANDATE_REVIEW_SEE),
    "MAIL": ("mails.details_view", Permission.MAIL_SEE),
}


def _version(_view: Any, _context: Any, row: TermsVersion, _name: str) -> str:
    return f"第{row.no}版"


def _text(_view: Any, _context: Any, row: TermsVersion, _name: str) -> Markup:
    return Markup('<span class="pre">{}</span>').format(row.text)


class TermsView(StaffView):
    """規約: every version of the 利用規約 (利用規約 1.3)."""

    see = Permission.TERMS_SEE
    title = "規約"
    column_list = ("no", "effective_on", "published_at")
    column_details_list = ("no", "effective_on", "published_at", "sha256", "text")
    column_labels: ClassVar[dict[str, str]] = {
        "no": "版",
        "effective_on": "効力の生じる日",
        "published_at": "公表",
        "sha256": "内容のハッシュ値（SHA-256）",
        "text": "本文",
    }
    column_formatters = {"no": _version, "text": _text}
    orders = {"new": Order("新しい順", TermsVersion.no, descending=True)}

    def heading(self, row: TermsVersion) -> str:
        return f"利用規約 第{row.no}版"


def _tag(_view: Any, _context: Any, row: AuditEvent, _name: str) -> str:
    return AUDIT_TAGS[row.tag][0] if row.tag in AUDIT_TAGS else row.tag


def _subject(_view: Any, _context: Any, row: AuditEvent, _name: str) -> Any:
    kind, _, number = row.subject.partition(":")
    words = subject_in_words(row.subject)
    if kind in _SUBJECT_PAGES and number.isdigit():
        endpoint, permission = _SUBJECT_PAGES[kind]
        return link(words, endpoint, int(number), permission)
    return words


def _actor(_view: Any, _context: Any, row: Any, _name: str) -> str:
    return by_contractor(row.actor_name or "", row.contractor)


def _subject_words(_view: Any, _context: Any, row: AuditEvent, _name: str) -> str:
    return subject_in_words(row.subject)


class RecordsView(StaffView):
    """記録: what was done, by whom, to what. Rows are only ever added."""

    see = Permission.AUDIT_SEE
    title = "記録"
    subject_kind, personal = "AUDIT", True
    search_hint = "対象（例：加入申請 12、ユーザ 3）"
    column_list = ("at", "tag", "actor_name", "subject", "id")
    reads = ("at", "tag", "subject")
    column_details_list = ("at", "tag", "subject", "clause", "request_id", "detail_hash")
    column_labels: ClassVar[dict[str, str]] = {
        "id": "番号",
        "at": "日時",
        "tag": "操作",
        "actor_name": "操作した方",
        "subject": "対象",
        "clause": "根拠（利用規約）",
        "request_id": "要求の番号",
        "detail_hash": "詳細のハッシュ値",
    }
    column_formatters = {"tag": _tag, "subject": _subject_words, "actor_name": _actor}
    column_formatters_detail = {"tag": _tag, "subject": _subject}
    orders = {"new": Order("新しい順", AuditEvent.id, descending=True), "old": Order("古い順", AuditEvent.id)}
    extras: ClassVar[dict[str, Any]] = {
        "actor_name": select(User.name).where(User.id == AuditEvent.actor_id).correlate(AuditEvent).scalar_subquery(),
        "contractor": contractor_of(AuditEvent.mandate_id),
    }

    @property
    def facets(self) -> Mapping[str, Facet]:  # type: ignore[override]
        """The field first; then its acts alone, because all of them together are longer than the list itself."""
        fields = Facet(
            "分野",
            AuditEvent.tag,
            [(name, words) for name, (words, _kinds) in FIELDS.items()],
            groups={name: tags_of(name) for name in FIELDS},
        )
        about = request.values.get("about", "")
        chosen = about if about in FIELDS else field_of(request.values.get("tag", ""))
        if chosen is None:
            return {"about": fields}
        acts = Facet("操作", AuditEvent.tag, [(tag, AUDIT_TAGS[tag][0]) for tag in tags_of(chosen)])
        return {"about": fields, "tag": acts}

    def search(self, term: str) -> ColumnElement[bool]:
        return AuditEvent.subject == subject_of_words(term)

    def heading(self, row: AuditEvent) -> str:
        return f"{_tag(self, None, row, self.title)}（記録 {row.id}）"

    def below(self, row: AuditEvent) -> Sequence[Facts | Table]:
        found = db.session.execute(
            select(
                AuditDetail.payload,
                AuditLink.position,
                User.name,
                Member.current_name,
                contractor_of(AuditEvent.mandate_id),
            )
            .select_from(AuditEvent)
            .join(AuditDetail, AuditDetail.event_id == AuditEvent.id)
            .outerjoin(AuditLink, AuditLink.event_id == AuditEvent.id)
            .outerjoin(User, User.id == AuditEvent.actor_id)
            .outerjoin(Member, Member.id == AuditEvent.member_id)
            .where(AuditEvent.id == row.id)
        ).one()
        payload, position, name, company, contractor = found
        who = [
            ("操作した方", by_contractor(name, contractor) if name else "申請者" if row.application_id else "システム"),
            ("会社", company),
            ("記録の鎖での位置", position if position is not None else "まもなく連結します"),
        ]
        detail = payload_in_words(payload or {})
        return [
            Facts("操作した方と記録の鎖", who),
            Facts("詳細" if payload is not None else "詳細（消去済み）", detail),
        ]
