"""初回登録: how far the invitation of an administrator is, as it follows from the person and the newest mail."""

from datetime import datetime, timedelta
from enum import StrEnum

from occto.domain.codes import MailState

FIRST, REMINDER = "account/invited", "account/invite_reminder"
TEMPLATES = (FIRST, REMINDER)
"""The mails that invite; both carry a link to set the password."""
PAUSE = timedelta(days=7)
"""Nobody is reminded more often than this."""
WAVE = 50


class InvitationState(StrEnum):
    """NOT_SENT, SENT, BOUNCED follow from the mails; SET_UP from the person, who has a password."""

    NOT_SENT = "NOT_SENT"
    SENT = "SENT"
    BOUNCED = "BOUNCED"
    SET_UP = "SET_UP"


LABELS: dict[str, str] = {
    InvitationState.NOT_SENT: "未送付",
    InvitationState.SENT: "送付",
    InvitationState.BOUNCED: "不達",
    InvitationState.SET_UP: "設定済",
}
LOST = (MailState.FAILED, MailState.BOUNCED)
ON_ITS_WAY = (MailState.PENDING, MailState.LEASED, MailState.UNCERTAIN)


def may_remind(*, last: datetime, now: datetime) -> bool:
    """Whether a mail sent at `last` lies far enough back."""
    return now - last >= PAUSE
