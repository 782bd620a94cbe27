"""Notices as staff write them: drafts with fields, tried out by a mail to oneself."""

from datetime import datetime

from sqlalchemy.orm import Session

from occto.domain.actor import Actor
from occto.domain.assembly import LABELS, UNTIL_THE_NOTICE, AssemblyState
from occto.domain.convocation import KIND_LABELS, NoticeKind, NoticeState
from occto.domain.errors import IllegalStep, NotAllowed, NotFound, Refusal, Stale
from occto.domain.merge_fields import check_fields, fill
from occto.domain.notice_texts import BODY_LIMIT, NO_PERSON, SUBJECT_LIMIT
from occto.domain.permissions import Permission
from occto.models import Assembly, Notice, User
from occto.queries.notice_values import OnRoll, shared_values
from occto.services import audit, outbox

TEMPLATE = "assemblies/notice"
TRIAL = "【試し送り】"
S = AssemblyState
WRITTEN_IN: dict[NoticeKind, frozenset[AssemblyState]] = {
    NoticeKind.NOTICE: UNTIL_THE_NOTICE,
    NoticeKind.ADDENDUM: frozenset({S.NOTIFIED, S.REPLIES_OPEN}),
    NoticeKind.REMINDER: frozenset({S.NOTIFIED, S.REPLIES_OPEN}),
}
"""When a text of each kind can be written; when it can be sent is asked of the assembly's flow."""


def create_notice(
    session: Session, assembly_id: int, *, kind: NoticeKind, subject: str, body: str, actor: Actor, now: datetime
) -> int:
    """Keep a new draft; returns its row number.

    Refusals: not_allowed, not_found, illegal_step (no time for this kind), text_missing, text_too_long, unknown_field,
    unclosed_field.
    """
    require(actor, Permission.ASSEMBLY_EDIT)
    assembly = session.get(Assembly, assembly_id, with_for_update=True)
    if assembly is None:
        raise NotFound
    _require_time(assembly, kind)
    check_text(subject, body)
    notice = Notice(
        assembly_id=assembly.id,
        kind=kind,
        state=NoticeState.DRAFT,
        subject=subject,
        body=body,
        edited_by_id=actor.user_id,
        edited_at=now,
    )
    session.add(notice)
    session.flush()
    _record(session, "notice.saved", notice, actor=actor, now=now)
    return notice.id


def update_notice(
    session: Session, notice_id: int, *, seen_version: int, subject: str, body: str, actor: Actor, now: datetime
) -> None:
    """Change a draft; it has to be tried out anew.

    Refusals: not_allowed, not_found, notice_sent, stale, text_missing, text_too_long, unknown_field, unclosed_field.
    """
    require(actor, Permission.ASSEMBLY_EDIT)
    _assembly, notice = locked_draft(session, notice_id, seen_version=seen_version)
    check_text(subject, body)
    if (notice.subject, notice.body) == (subject, body):
        return
    notice.subject, notice.body = subject, body
    notice.edited_by_id, notice.edited_at, notice.tested_at = actor.user_id, now, None
    notice.version += 1
    _record(session, "notice.saved", notice, actor=actor, now=now)


def drop_notice(session: Session, notice_id: int, *, seen_version: int, actor: Actor, now: datetime) -> int:
    """Remove a draft; returns its assembly. Refusals: not_allowed, not_found, notice_sent, stale."""
    require(actor, Permission.ASSEMBLY_EDIT)
    assembly, notice = locked_draft(session, notice_id, seen_version=seen_version)
    _record(session, "notice.dropped", notice, actor=actor, now=now)
    session.delete(notice)
    session.flush()
    return assembly.id


def send_trial(
    session: Session, notice_id: int, *, seen_version: int, member: OnRoll, actor: Actor, now: datetime
) -> str:
    """Send the draft, as `member` would get it, to whoever asks; returns the address.

    Refusals: not_allowed, not_found, notice_sent, stale.
    """
    require(actor, Permission.ASSEMBLY_EDIT)
    assembly, notice = locked_draft(session, notice_id, seen_version=seen_version)
    user = session.get_one(User, actor.user_id)
    shared = shared_values(session, assembly)
    outbox.queue(
        session,
        TEMPLATE,
        to=user.email,
        user_id=user.id,
        assembly_id=assembly.id,
        params={
            "notice_id": notice.id,
            "notice_subject": TRIAL + fill(notice.subject, shared),
            "notice_body": fill(notice.body, shared),
            "fields": member.values() | {"担当者名": NO_PERSON},
        },
        now=now,
    )
    notice.tested_at = now
    _record(session, "notice.tried", notice, actor=actor, now=now)
    return user.email


def require(actor: Actor, permission: Permission) -> None:
    """Refusal not_allowed for whoever may not; the system itself writes to nobody."""
    if not actor.can(permission) or actor.user_id is None:
        raise NotAllowed


def locked_draft(session: Session, notice_id: int, *, seen_version: int) -> tuple[Assembly, Notice]:
    """The draft with its assembly, both under their locks. Refusals: not_found, notice_sent, stale."""
    found = session.get(Notice, notice_id)
    if found is None:
        raise NotFound
    assembly = session.get(Assembly, found.assembly_id, with_for_update=True, populate_existing=True)
    notice = session.get(Notice, notice_id, with_for_update=True, populate_existing=True)
    if assembly is None or notice is None:
        raise NotFound
    if notice.state is NoticeState.SENT:
        raise Refusal(
            "notice_sent", "この通知は、すでに送りました。送った内容と届いた状況を、通知の画面でお確かめください。"
        )
    if notice.version != seen_version:
        raise Stale
    return assembly, notice


def check_text(subject: str, body: str) -> None:
    """Refusals beside their fields: text_missing, text_too_long, unknown_field, unclosed_field."""
    for field, words, text, most in (("subject", "件名", subject, SUBJECT_LIMIT), ("body", "本文", body, BODY_LIMIT)):
        if not text.strip():
            raise Refusal("text_missing", f"{words}を入力してください。", field=field)
        if len(text) > most:
            raise Refusal("text_too_long", f"{words}は {most:,} 文字以内で入力してください。", field=field)
        check_fields(text, field=field, words=words)


def _require_time(assembly: Assembly, kind: NoticeKind) -> None:
    if assembly.state not in WRITTEN_IN[kind]:
        raise IllegalStep(
            kind.value,
            assembly.state.value,
            f"いまの総会の状態は「{LABELS[assembly.state]}」のため、「{KIND_LABELS[kind]}」は作れません。",
        )


def _record(session: Session, tag: str, notice: Notice, *, actor: Actor, now: datetime) -> None:
    subject = f"ASSEMBLY:{notice.assembly_id}"
    audit.record(
        session, tag, subject=subject, actor=actor, now=now, detail={"notice_id": notice.id, "kind": notice.kind}
    )
    session.flush()
