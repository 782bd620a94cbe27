"""ユーザ in words: where an invitation stands, what to look at, the trail of acts."""

from dataclasses import dataclass, field
from datetime import datetime

from occto.domain.audit_tags import AUDIT_TAGS
from occto.domain.dates import format_instant
from occto.domain.users import Standing
from occto.forms.users import hints_for
from occto.labels import label
from occto.queries.users import Act, UserHere

_TAG_KINDS = {
    Standing.NOT_SENT: "tag-warn",
    Standing.WAITING: "tag-go",
    Standing.SENT: "tag-go",
    Standing.UNDELIVERED: "tag-bad",
    Standing.EXPIRED: "tag-warn",
    Standing.ACTIVE: "tag-ok",
    Standing.STOPPED: "tag-bad",
    Standing.BARRED: "tag-bad",
}
_SUBJECTS = {"APPLICATION": "加入申請", "CHANGE": "変更申請", "MEMBER": "会員情報", "LIST": "一覧", "MANDATE": "委託"}


@dataclass(frozen=True, slots=True)
class UserLine:
    """A user as lists and pages say it."""

    user: UserHere
    state: str
    tag: str
    note: str
    last_sign_in: str
    second_factor: str
    hints: list[str] = field(default_factory=list)

    @property
    def path(self) -> dict[str, int]:
        """What an address of the user's pages takes."""
        return {"user_id": self.user.id}


def line_of(user: UserHere) -> UserLine:
    """The user in words."""
    return UserLine(
        user=user,
        state=label(user.standing),
        tag=_TAG_KINDS[user.standing],
        note=_note(user),
        last_sign_in=format_instant(user.last_signed_in_at) if user.last_signed_in_at else "まだありません",
        second_factor="設定済み" if user.has_second_factor else "未設定",
        hints=hints_for(user.name, user.email),
    )


def _note(user: UserHere) -> str:
    if user.standing is Standing.SENT and user.link_expires_at is not None:
        return f"リンクは {format_instant(user.link_expires_at)} まで有効です"
    if user.standing is Standing.EXPIRED and user.link_expires_at is not None:
        return f"リンクは {format_instant(user.link_expires_at)} に期限が切れました。招待メールを再送してください"
    if user.standing is Standing.UNDELIVERED:
        return "メールが届きませんでした。アドレスを確かめて、招待メールを再送してください"
    if user.standing is Standing.NOT_SENT:
        return "招待メールを再送してください"
    if user.standing is Standing.STOPPED and user.stopped_at is not None:
        return f"{format_instant(user.stopped_at)} から停止"
    if user.standing is Standing.BARRED:
        return "当機関へお問い合わせください"
    return ""


@dataclass(frozen=True, slots=True)
class ActLine:
    """An act of the trail as a timeline shows it."""

    id: int
    at: datetime
    label: str
    by: str
    note: str = ""


def act_line(act: Act) -> ActLine:
    """The act in words: what, to what, by whom. Payloads are not shown."""
    kind = act.subject.partition(":")[0]
    title = AUDIT_TAGS[act.tag][0] if act.tag in AUDIT_TAGS else act.tag
    by = {"own": "ご本人", "staff": "当機関", "system": "システム"}.get(act.by, f"{act.name}さん")
    return ActLine(
        id=act.id,
        at=act.at,
        label=title,
        by=f"{act.contractor}（受託者）の{act.name}さん" if act.contractor and act.by == "other" else by,
        note=_SUBJECTS.get(kind, ""),
    )
