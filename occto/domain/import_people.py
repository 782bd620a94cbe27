"""初期登録: rows of ユーザ. One address is one person; what a person wrote of himself or herself is left alone."""

from collections.abc import Sequence
from typing import Any

from occto.domain.codes import UserKind, UserState
from occto.domain.import_known import SAME, Around, Diff, KnownMember, Row, Verdict, changed, faulty, new
from occto.domain.import_sheets import USERS
from occto.domain.importing import SheetKind
from occto.domain.permissions import Role

_FILLED = ("kana", "title", "phone")


def people(rows: Sequence[Row], known: KnownMember | None, around: Around) -> dict[tuple[SheetKind, int], Verdict]:
    """A verdict on each row; the second row of a person at one company is a fault."""
    found: dict[tuple[SheetKind, int], Verdict] = {}
    seen: set[str] = set()
    for row in rows:
        email = row.answers.get("email")
        if email is not None and email.lower() in seen:
            found[row.place] = faulty(("メールアドレス", "同じ会員の同じ方の行が2つあります。1行にしてください。"))
            continue
        found[row.place] = _person(row, known, around)
        seen.add((email or "").lower())
    return found


def _person(row: Row, known: KnownMember | None, around: Around) -> Verdict:
    missing = [
        (column.title, f"{column.title}を入力してください。")
        for column in USERS.columns
        if column.required and row.answers.get(column.key) is None
    ]
    if missing:
        return faulty(*missing)
    key = row.answers["email"].lower()
    user, role = around.users.get(key), Role(row.answers["role"])
    held = known.roles.get(key) if known else None
    diffs: list[Diff] = []
    if user is not None:
        if user.name != row.answers["name"]:
            return faulty(
                (
                    "氏名",
                    f"このメールアドレスは、{user.name}様のユーザIDです。1つのアドレスは1人の方だけが使えます（利用規約 3.2）。",
                )
            )
        diffs += [
            (USERS.column(item), None, row.answers[item])
            for item in _FILLED
            if not getattr(user, item) and row.answers.get(item)
        ]
    if held is not role:
        diffs.append((USERS.column("role"), held.value if held else None, role.value))
    if user is not None and not diffs:
        return SAME
    if known is not None and known.left:
        return faulty(("事業者コード", "退会した会員のユーザは、登録できません。"))
    if user is not None and (fault := _barred(user.kind, user.state)):
        return faulty(fault)
    person: dict[str, Any] = {item: row.answers.get(item) for item in ("email", "name", *_FILLED)}
    step = ("affiliate", {"person": person, "role": role})
    return changed(diffs, step) if user is not None else new(USERS, row, step)


def _barred(kind: UserKind, state: UserState) -> tuple[str, str] | None:
    if kind is UserKind.STAFF:
        return "メールアドレス", "当機関の職員のメールアドレスです。会社の方のアドレスを入力してください。"
    if state in {UserState.STOPPED, UserState.CLOSED}:
        return (
            "メールアドレス",
            "このユーザIDは停止または終了しています。再開してから取り込むか、別の方を入れてください。",
        )
    return None
