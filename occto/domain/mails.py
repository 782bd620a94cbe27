"""Every mail that the system sends, with the link that it carries, if any."""

from dataclasses import dataclass

from occto.domain.codes import LinkPurpose
from occto.domain.settings import APPLY_URL_HOURS, CONFIRM_HOURS, SET_PASSWORD_HOURS


@dataclass(frozen=True, slots=True)
class MailedLink:
    """A link made when the mail is rendered: `path` takes the token; `hours` begin at delivery."""

    purpose: LinkPurpose
    path: str
    hours: int


_APPLY = MailedLink(LinkPurpose.APPLY, "/join/links/{token}", APPLY_URL_HOURS)
_PASSWORD = MailedLink(LinkPurpose.SET_PASSWORD, "/password/{token}", SET_PASSWORD_HOURS)
_CONFIRM = MailedLink(LinkPurpose.CONFIRM_APPLICATION, "/join/confirm/{token}", CONFIRM_HOURS)

MAILS: dict[str, MailedLink | None] = {
    "join/start": _APPLY,
    "join/continue": _APPLY,
    "join/confirm": _CONFIRM,
    "join/submitted": None,
    "join/returned": None,
    "join/accepted": None,
    "join/operator_code": None,
    "join/approved": None,
    "join/withdrawn": None,
    "join/lapse_reminder": None,
    "join/draft_reminder": None,
    "join/lapsed": None,
    "join/extended": None,
    "join/carried_to_main": None,
    "join/not_qualified": None,
    "join/letter": None,
    "contracts/ended": None,
    "contracts/formed": None,
    "member/ended": None,
    "member/changed": None,
    "member/confirm_request": None,
    "changes/submitted": None,
    "changes/returned": None,
    "changes/approved": None,
    "changes/withdrawn": None,
    "changes/split": None,
    "changes/letter": None,
    "account/set_password": _PASSWORD,
    "account/password_set": None,
    "account/second_factor_set": None,
    "account/recovery_code_used": None,
    "account/invited": _PASSWORD,
    "account/affiliated": None,
    "account/invite_reminder": _PASSWORD,
}
"""Template below `templates/mail` → the link in it."""
