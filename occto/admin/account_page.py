"""A request about IDs in words for staff: what is asked, what is on record, what was done, and what may be done next."""

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from flask import url_for
from markupsafe import Markup

from occto.access import viewer
from occto.admin.base import Facts, Table, link
from occto.admin.mails import subject_in_words
from occto.domain.account_requests import (
    ACCOUNT_REQUESTS,
    OPEN,
    AccountRequestKind,
    AccountRequestState,
    permission_for,
)
from occto.domain.dates import format_date, format_instant
from occto.domain.permissions import Permission
from occto.labels import label
from occto.models import AccountRequest
from occto.pages import filesize
from occto.queries.account_requests_staff import RequestFile, Way
from occto.services.account_requests.approval import barred_from_approving

K, S = AccountRequestKind, AccountRequestState
NEW_NUMBER = timedelta(days=30)
"""A number on record that is younger than this is pointed out: whoever asks may have put it there."""
_DOORS = {"match": "match", "confirm": "call", "settle": "settle", "approve": "approve", "decline": "decline"}
_MAIN = {S.SUBMITTED: "match", S.MATCHED: "confirm", S.CONFIRMED: "approve"}
NO_ROLE = "役割をなくす"


@dataclass(frozen=True, slots=True)
class Move:
    """A step that this viewer may take now."""

    words: str
    url: str
    main: bool
    danger: bool


def moves(file: RequestFile, *, endpoint: str, of_staff: bool) -> list[Move]:
    """The doors that stand open to the viewer."""
    request = file.request
    found = []
    for step in ACCOUNT_REQUESTS.steps:
        if step.name not in _DOORS or request.state not in step.sources:
            continue
        if not viewer.can(permission_for(step, of_staff=of_staff)) or (of_staff and step.name == "match"):
            continue
        if step.name == "settle" and (request.objected_at is None or request.settled_at is not None):
            continue
        if step.name == "approve" and why_not(file, of_staff=of_staff):
            continue
        url = url_for(f"{endpoint}.{_DOORS[step.name]}", id=request.id, version=request.version)
        found.append(Move(step.label, url, step.name == _MAIN[request.state], step.name == "decline"))
    return sorted(found, key=lambda move: (not move.main, move.danger))


def why_not(file: RequestFile, *, of_staff: bool) -> str:
    """Why the viewer cannot approve a confirmed request; empty where they can, or where it is not that far."""
    request = file.request
    if request.state is not S.CONFIRMED:
        return ""
    if request.objected_at is not None and request.settled_at is None:
        return "異議が届いています。確かめた結果を記録すると、承認できます。"
    if not viewer.can(permission_for(ACCOUNT_REQUESTS.step("approve"), of_staff=of_staff)):
        return "承認者の承認を待っています。"
    if viewer.user_id in barred_from_approving(request):
        return "電話で確認した方、書面を入力した方とは別の方の承認を待っています。"
    return ""


def asked(file: RequestFile) -> Facts:
    """What the request says."""
    request = file.request
    rows: list[tuple[str, Any]] = [("種類", label(request.kind)), ("氏名", request.person_name)]
    rows += [("フリガナ", request.person_kana), ("所属・役職", request.person_title)]
    rows += [("メールアドレス", request.person_email)]
    if request.person_phone:
        rows.append(("電話番号（申請の記載。確認の電話には使いません）", request.person_phone))
    if request.kind is K.CHANGE:
        old = file.replaced.name if file.replaced is not None else "まだ選んでいません"
        rows.append(
            ("交代する管理者", f"{old}（申請の記載：{request.typed_old_name}）" if request.typed_old_name else old)
        )
        rows.append(("交代した後の役割", label(request.replaced_role) or NO_ROLE))
    return Facts("申請の内容", [*rows, ("理由", _pre(request.reason))])


def filed(file: RequestFile) -> list[tuple[str, Any]]:
    """How and when the request came."""
    request, names = file.request, file.names
    by = names.get(request.started_by_id or 0)
    rows: list[tuple[str, Any]] = [
        ("受付番号", request.number),
        ("受付", format_instant(request.submitted_at)),
        ("経路", label(request.channel) if by or request.entered_by_id else "オンライン（サインインなし）"),
        ("申請した方", by or ("" if request.entered_by_id else request.person_name)),
    ]
    if request.entered_by_id is not None and request.received_at is not None:
        rows += [
            ("書面を受け取った日時", format_instant(request.received_at)),
            ("入力した方", names.get(request.entered_by_id)),
        ]
    if file.member is not None and request.member_id is not None:
        member = link(file.member.current_name, "members.details_view", file.member.id, Permission.MEMBER_SEE)
        rows.append(("会員", Markup("{}（{}）").format(member, file.member.operator_code)))
    if request.decided_at is not None:
        rows += [("終了", format_instant(request.decided_at)), ("終了の理由", request.decision_reason or "")]
    return [row for row in rows if row[1]]


def compared(file: RequestFile) -> Table:
    """What was typed beside what is on record, item by item."""
    request, member, user = file.request, file.member, file.user
    rows: list[tuple[Any, ...]] = []
    if request.typed_code or request.typed_company:
        if request.kind is K.SECOND_FACTOR:
            names = "、".join(f"{place.operator_code} {place.name}" for place in file.companies)
            same = _same(request.typed_company, [place.name for place in file.companies])
            rows.append(
                ("会社", f"{request.typed_code or ''} {request.typed_company or ''}".strip(), names or "なし", same)
            )
        else:
            code, name = (member.operator_code, member.current_name) if member else ("", "")
            rows.append(("事業者コード", request.typed_code, code or "なし", _same(request.typed_code, [code])))
            rows.append(("商号", request.typed_company, name or "なし", _same(request.typed_company, [name])))
    on_record = (user.name, user.email, user.title or "なし") if user is not None else ("", "", "")
    if user is None:
        rows.append(("メールアドレス", request.person_email, "登録なし", ""))
    else:
        place = link(user.email, "users.details_view", user.id, Permission.USER_SEE)
        rows.append(("メールアドレス", request.person_email, place, _same(request.person_email, [on_record[1]])))
        rows.append(("氏名", request.person_name, on_record[0], _same(request.person_name, [on_record[0]])))
        rows.append(("所属・役職", request.person_title or "", on_record[2], ""))
        rows.append(("ユーザの状態", "", label(user.state), ""))
        rows.append(
            ("会社での役割", "", "、".join(f"{at.name}（{label(at.role)}）" for at in file.companies) or "なし", "")
        )
    return Table("登録との照合", ("項目", "申請", "登録", "照合"), rows)


def _same(typed: str | None, known: Iterable[str]) -> str:
    plain = _plain(typed or "")
    return "一致" if plain and plain in {_plain(one) for one in known} else "相違"


def _plain(text: str) -> str:
    return "".join(unicodedata.normalize("NFKC", text).split()).casefold()


def numbers(file: RequestFile, *, today: date) -> Table:
    """The numbers on record, for the call-back."""
    rows = [(Markup('<b class="nb">{}</b>').format(way.number), way.who, _since(way, today)) for way in file.ways]
    empty = "会員・ユーザを特定すると、登録の番号が出ます。"
    return Table("確認の電話に使う番号（登録されているもの）", ("番号", "相手", "いつからの登録か"), rows, empty)


def way_words(way: Way, today: date) -> str:
    """A number on record as a choice of the call-back."""
    return f"{way.number}　{way.who}{'　' + _since(way, today) if way.since else ''}"


def _since(way: Way, today: date) -> str:
    if way.since is None:
        return ""
    words = f"{format_date(way.since)} から"
    return (
        f"{words}（最近変わった番号です。ほかの番号でも確かめてください）" if today - way.since < NEW_NUMBER else words
    )


def done(file: RequestFile) -> list[Facts]:
    """The call and the objection, where there were any."""
    request, names = file.request, file.names
    found = []
    if request.called_at is not None:
        rows = [
            ("確認した方", names.get(request.called_by_id or 0)),
            ("日時", format_instant(request.called_at)),
            ("番号", request.called_number),
            ("内容", _pre(request.called_words)),
        ]
        found.append(Facts("電話での確認", rows))
    if request.objected_at is not None:
        rows = [
            ("知らせた方", request.objected_by),
            ("日時", format_instant(request.objected_at)),
            ("異議", _pre(request.objection)),
        ]
        if request.settled_at is not None:
            rows += [
                ("確かめた方", f"{names.get(request.settled_by_id or 0)}　{format_instant(request.settled_at)}"),
                ("確かめた結果", _pre(request.settled_words)),
            ]
        found.append(Facts("異議", rows))
    return found


def administrators(file: RequestFile) -> Table:
    """Who is 管理者 of the member now."""
    rows = [
        (
            link(user.name, "users.details_view", user.id, Permission.USER_SEE),
            user.email,
            label(user.state),
            format_instant(user.last_signed_in_at) if user.last_signed_in_at else "まだありません",
        )
        for user in file.administrators
    ]
    return Table("いまの管理者", ("氏名", "メールアドレス", "状態", "最後のサインイン"), rows, "管理者はいません。")


def documents(file: RequestFile, *, endpoint: str) -> Table:
    """What was handed in, as downloads."""
    rows = [
        (
            Markup('<a href="{}">{}</a>').format(url_for(f"{endpoint}.file", id=one.id), one.name),
            label(one.kind),
            filesize(one.size),
        )
        for one in file.files
    ]
    return Table("書類", ("名前", "種類", "大きさ"), rows)


def steps(file: RequestFile) -> Table:
    """Every step taken, newest first."""
    titles = {step.name: step.label for step in ACCOUNT_REQUESTS.steps}
    rows = [
        (titles.get(one.step, one.step), by, format_instant(one.at), _pre(one.reason)) for one, by in file.decisions
    ]
    return Table("処理の記録", ("処理", "行った方", "日時", "内容"), rows, "まだありません。")


def sent(file: RequestFile) -> Table:
    """The mails about the request."""
    rows = [
        (
            link(subject_in_words(mail), "mails.details_view", mail.id, Permission.MAIL_SEE),
            mail.to_address,
            label(mail.state),
            format_instant(mail.queued_at),
        )
        for mail in file.mails
    ]
    return Table("この申請の送信メール", ("件名", "宛先", "状態", "登録"), rows)


def parts_of(file: RequestFile, *, endpoint: str, today: date) -> Sequence[Facts | Table]:
    """Everything below the head of the page."""
    lost = file.request.kind is K.SECOND_FACTOR
    return [
        asked(file),
        compared(file),
        *([] if lost else [administrators(file)]),
        *([numbers(file, today=today)] if file.request.state in OPEN else []),
        *done(file),
        *([] if lost and not file.files else [documents(file, endpoint=endpoint)]),
        steps(file),
        sent(file),
    ]


def what_follows(file: RequestFile) -> str:
    """What an approval does, in sentences."""
    request = file.request
    if request.kind is K.SECOND_FACTOR:
        person = file.user.name if file.user is not None else request.person_name
        return (
            f"承認すると、{person} さんの2段階認証、リカバリーコード、パスワードを消し、すべてのサインインを終えます。"
            "登録のメールアドレスに、パスワードを設定するためのリンクを送ります。"
        )
    company = file.member.current_name if file.member is not None else ""
    known = "これまでのユーザIDのまま、" if file.user is not None else "新しいユーザIDを作り、"
    sentences = [f"承認すると、{known}{request.person_name} さんを{company}の管理者にします。"]
    if file.replaced is not None:
        after = f"{label(request.replaced_role)}になり" if request.replaced_role else "役割がなくなり"
        sentences.append(f"{file.replaced.name} さんは{after}、この会社としてのサインインが終わります。")
    sentences.append("ご本人、これまでの管理者、会員担当の方にメールで知らせます。")
    return "".join(sentences)


def _pre(text: str | None) -> Any:
    return Markup('<span class="pre">{}</span>').format(text) if text else ""


def short_facts(file: RequestFile) -> list[tuple[str, Any]]:
    """What stands beside the form of a door; no number that the request states."""
    request = file.request
    rows: list[tuple[str, Any]] = [
        ("受付番号", request.number),
        ("申請", label(request.kind)),
        ("状態", label(request.state)),
        ("氏名", request.person_name),
        ("メールアドレス", request.person_email),
    ]
    if request.typed_company:
        rows.append(("申請の会社", f"{request.typed_code or ''}　{request.typed_company}".strip()))
    if request.member_id is not None and file.member is not None:
        rows.append(("会員", file.member.current_name))
    if request.kind is K.CHANGE:
        rows.append(("前の管理者（申請の記載）", request.typed_old_name))
        rows.append(("交代する管理者", file.replaced.name if file.replaced is not None else ""))
    if request.called_at is not None:
        rows.append(("電話での確認", f"{file.names.get(request.called_by_id or 0)}　{request.called_number}"))
        rows.append(("確かめた内容", _pre(request.called_words)))
    return [row for row in rows if row[1]]


def heading_of(request: AccountRequest) -> str:
    """The h1 of the page of a request."""
    return f"{label(request.kind)}　{request.person_name} さん"
