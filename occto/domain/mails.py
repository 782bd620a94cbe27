"""Every mail that the system sends, with the link that it carries, if any."""

from dataclasses import dataclass

from occto.domain.codes import LinkPurpose
from occto.domain.settings import (
    ACCOUNT_LINK_HOURS,
    APPLY_URL_HOURS,
    CONFIRM_EMAIL_HOURS,
    CONFIRM_HOURS,
    OBJECT_HOURS,
    SET_PASSWORD_HOURS,
)


@dataclass(frozen=True, slots=True)
class MailedLink:
    """A link made when the mail is rendered: `path` takes the token; `hours` begin at delivery."""

    purpose: LinkPurpose
    path: str
    hours: int


@dataclass(frozen=True, slots=True)
class TicketLink:
    """The link of a 受付票, with the ticket attached. Its secret is derived from the ticket, and good until its day is over."""

    path: str


_APPLY = MailedLink(LinkPurpose.APPLY, "/join/links/{token}", APPLY_URL_HOURS)
_PASSWORD = MailedLink(LinkPurpose.SET_PASSWORD, "/password/{token}", SET_PASSWORD_HOURS)
_CONFIRM = MailedLink(LinkPurpose.CONFIRM_APPLICATION, "/join/confirm/{token}", CONFIRM_HOURS)
_ACCOUNT = MailedLink(LinkPurpose.ACCOUNT_REQUEST, "/administrators/apply/{token}", ACCOUNT_LINK_HOURS)
_OBJECT = MailedLink(LinkPurpose.OBJECT, "/administrators/object/{token}", OBJECT_HOURS)
_CONFIRM_EMAIL = MailedLink(LinkPurpose.CONFIRM_EMAIL, "/account/email/{token}", CONFIRM_EMAIL_HOURS)

MAILS: dict[str, MailedLink | TicketLink | None] = {
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
    "assemblies/replied": None,
    "assemblies/ticket": TicketLink("/assemblies/{assembly_id}/tickets/{number}/{token}"),
    "assemblies/ticket_revoked": None,
    "assemblies/tickets_of_member": None,
    "assemblies/voter_admitted": None,
    "assemblies/voter_undone": None,
    "contracts/ended": None,
    "contracts/formed": None,
    "member/ended": None,
    "member/changed": None,
    "member/confirm_request": None,
    "member/viewed": None,
    "changes/submitted": None,
    "changes/returned": None,
    "changes/approved": None,
    "changes/withdrawn": None,
    "changes/split": None,
    "changes/letter": None,
    "assemblies/postponed": None,
    "assemblies/cancelled": None,
    "assemblies/result_published": None,
    "assemblies/item_withdrawn": None,
    "assemblies/item_vote": None,
    "mandates/proposed": None,
    "mandates/accepted": None,
    "mandates/declined": None,
    "mandates/changed": None,
    "mandates/ended": None,
    "mandates/expiring": None,
    "mandates/invited": _PASSWORD,
    "mandates/named": None,
    "assemblies/notice": None,
    "assemblies/election_filed": None,
    "assemblies/election_effective": None,
    "assemblies/election_closed": None,
    "assemblies/objection_filed": None,
    "assemblies/objection_answered": None,
    "account/set_password": _PASSWORD,
    "account/password_set": None,
    "account/second_factor_set": None,
    "account/recovery_code_used": None,
    "account/invited": _PASSWORD,
    "account/affiliated": None,
    "account/password_changed": None,
    "account/second_factor_replaced": None,
    "account/second_factor_removed": None,
    "account/recovery_codes_made": None,
    "account/email_confirm": _CONFIRM_EMAIL,
    "account/email_taken": None,
    "account/email_change_requested": None,
    "account/email_changed": None,
    "users/invited": _PASSWORD,
    "users/affiliated": None,
    "users/invitation_moved": None,
    "users/removed": None,
    "users/stopped": None,
    "users/resumed": None,
    "users/administrator_given_up": None,
    "users/by_contractor": None,
    "account/id_stopped": None,
    "account/id_resumed": None,
    "account/roles_changed": None,
    "account/request_link": _ACCOUNT,
    "account/request_received": None,
    "account/request_told": _OBJECT,
    "account/request_closed": None,
    "account/administrator_made": None,
    "account/administrator_ended": None,
    "account/factor_reset": _PASSWORD,
    "account/factor_reset_told": None,
    "account/invite_reminder": _PASSWORD,
    "assemblies/votes_changed": None,
}
"""Template below `templates/mail` → the link in it."""
INVITING = ("account/invited", "account/set_password", "users/invited")
"""Mails that notify an ID that has no password yet."""
