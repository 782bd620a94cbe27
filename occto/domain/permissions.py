"""Who may do what: one enum of permissions, one table from roles to permissions.

Staff roles follow `domain` section 4; members' roles are those that an administrator can give (利用規約 3.2).
"""

from collections.abc import Iterable
from enum import StrEnum

from occto.domain.codes import Procedure


class Role(StrEnum):
    """What a person is at the moment of asking: staff roles, roles at a member, an applicant, or a contractor's person."""

    APPLICANT = "APPLICANT"
    ADMINISTRATOR = "ADMINISTRATOR"
    APPLICATIONS = "APPLICATIONS"
    ASSEMBLY = "ASSEMBLY"
    VIEWER = "VIEWER"
    CONTRACTOR = "CONTRACTOR"
    GUEST = "GUEST"
    OPERATOR = "OPERATOR"
    APPROVER = "APPROVER"
    SYSTEM = "SYSTEM"
    RECEPTION = "RECEPTION"


STAFF_ROLES = (Role.OPERATOR, Role.APPROVER, Role.SYSTEM, Role.RECEPTION)
MEMBER_ROLES = (Role.ADMINISTRATOR, Role.APPLICATIONS, Role.ASSEMBLY, Role.VIEWER)
GRANTED_BY_MEMBER = (Role.APPLICATIONS, Role.ASSEMBLY, Role.VIEWER)
"""Roles that the administrator of a member issues (利用規約 3.2); an administrator is made by OCCTO alone (3.1/3.2.1)."""
SECOND_FACTOR_ROLES = frozenset({*STAFF_ROLES, Role.ADMINISTRATOR})
"""Roles that must pass a second factor."""


class Permission(StrEnum):
    """`area:action`.

    PUBLIC needs nobody; SIGNED_IN needs any completed sign-in; HALF_SIGNED_IN a password passed. APPLICATION_PAGES opens
    the pages of joining; whose case it is, is asked of each case. MANDATES_PROPOSE belongs to the person of a contractor, whatever
    company was chosen: it reaches only the mandates that name the person. ASSEMBLIES_FILE: 届出 and objections of a member.
    """

    PUBLIC = "public:see"
    HALF_SIGNED_IN = "session:finish"
    SIGNED_IN = "session:use"
    APPLICATION_PAGES = "application:pages"
    APPLICATION_FILL = "application:fill"
    HOME = "home:see"
    RECORD_SEE = "record:see"
    RECORD_EDIT = "record:edit"
    CHANGE_SEE = "change:see"
    CHANGE_FILE = "change:file"
    CERTIFICATE_SEE = "certificate:see"
    USERS_SEE = "users:see"
    USERS_MANAGE = "users:manage"
    ADMINISTRATOR_APPLY = "administrator:apply"
    MANDATES_SEE = "mandates:see"
    MANDATES_MANAGE = "mandates:manage"
    MANDATES_PROPOSE = "mandates:propose"
    ASSEMBLIES_SEE = "assemblies:see"
    ASSEMBLIES_REPLY = "assemblies:reply"
    ASSEMBLIES_FILE = "assemblies:file"
    STAFF_ENTER = "staff:enter"
    APPLICATION_SEE = "application:see"
    APPLICATION_PROCESS = "application:process"
    APPLICATION_ENTER_PAPER = "application:enter_paper"
    APPLICATION_APPROVE = "application:approve"
    APPLICATION_LAPSE = "application:lapse"
    MEMBER_SEE = "member:see"
    REGISTER_SEE = "register:see"
    CHANGE_REVIEW_SEE = "change:review_see"
    CHANGE_PROCESS = "change:process"
    CHANGE_APPROVE = "change:approve"
    CHANGE_ENTER = "change:enter"
    ROSTER_PROPOSE = "roster:propose"
    ROSTER_APPROVE = "roster:approve"
    CONTRACT_MANAGE = "contract:manage"
    ASSEMBLY_SEE = "assembly:see"
    ASSEMBLY_EDIT = "assembly:edit"
    ASSEMBLY_NOTIFY = "assembly:notify"
    PROPOSAL_CONFIRM = "proposal:confirm"
    ELECTION_ENTER = "election:enter"
    SANCTION_PROPOSE = "sanction:propose"
    REPLY_SEE = "reply:see"
    REPLY_ENTER = "reply:enter"
    REPLY_CHOICES_SEE = "reply:choices_see"
    TICKET_PREPARE = "ticket:prepare"
    RECEPTION_DESK = "reception:desk"
    RECEPTION_SEE = "reception:see"
    RECEPTION_SUPERVISE = "reception:supervise"
    BOARD_SEE = "board:see"
    VOTE_RECORD = "vote:record"
    RESULT_SEE = "result:see"
    RESULT_FIX = "result:fix"
    EXPORT = "list:export"
    BULK_ACT = "list:bulk_act"
    USER_SEE = "user:see"
    USER_STOP = "user:stop"
    USER_INVITE = "user:invite"
    VIEW_AS_MEMBER = "user:view_as_member"
    STAFF_MANAGE = "staff:manage"
    ACCOUNT_SEE = "account_request:see"
    ACCOUNT_PROCESS = "account_request:process"
    ACCOUNT_APPROVE = "account_request:approve"
    ACCOUNT_ENTER = "account_request:enter"
    MANDATE_REVIEW_SEE = "mandate:review_see"
    IMPORT_SEE = "import:see"
    IMPORT_PREPARE = "import:prepare"
    IMPORT_RELEASE = "import:release"
    MAIL_SEE = "mail:see"
    MAIL_RESEND = "mail:resend"
    TERMS_SEE = "terms:see"
    AUDIT_SEE = "audit:see"
    SETTINGS_SEE = "settings:see"
    SETTINGS_PROPOSE = "settings:propose"


_P = Permission
_STAFF = frozenset({_P.SIGNED_IN, _P.HALF_SIGNED_IN, _P.STAFF_ENTER, _P.TERMS_SEE})
_PERSON = frozenset({_P.SIGNED_IN, _P.HALF_SIGNED_IN})
_READING = frozenset({_P.HOME, _P.RECORD_SEE, _P.CHANGE_SEE, _P.CERTIFICATE_SEE, _P.ASSEMBLIES_SEE})
_MEMBER = _PERSON | _READING | {_P.USERS_SEE, _P.MANDATES_SEE}
_FILING = _MEMBER | {_P.RECORD_EDIT, _P.CHANGE_FILE}
_REPLYING = frozenset({_P.ASSEMBLIES_SEE, _P.ASSEMBLIES_REPLY})
_DESK = _STAFF | {
    *(_P.APPLICATION_SEE, _P.MEMBER_SEE, _P.REGISTER_SEE, _P.USER_SEE, _P.MAIL_SEE, _P.AUDIT_SEE, _P.SETTINGS_SEE),
    *(_P.APPLICATION_PROCESS, _P.CHANGE_REVIEW_SEE, _P.CHANGE_PROCESS, _P.CHANGE_ENTER, _P.ROSTER_PROPOSE),
    *(_P.ASSEMBLY_SEE, _P.ASSEMBLY_EDIT, _P.EXPORT, _P.BULK_ACT),
    *(_P.ELECTION_ENTER, _P.SANCTION_PROPOSE, _P.REPLY_SEE, _P.REPLY_ENTER, _P.SETTINGS_PROPOSE),
    *(_P.ACCOUNT_SEE, _P.ACCOUNT_PROCESS, _P.ACCOUNT_ENTER, _P.MANDATE_REVIEW_SEE, _P.USER_STOP, _P.USER_INVITE),
    *(_P.IMPORT_SEE, _P.IMPORT_PREPARE, _P.VIEW_AS_MEMBER),
    *(_P.TICKET_PREPARE, _P.RECEPTION_SEE, _P.BOARD_SEE, _P.VOTE_RECORD, _P.RESULT_SEE),
}

TABLE: dict[Role, frozenset[Permission]] = {
    Role.APPLICANT: frozenset({_P.APPLICATION_PAGES, _P.APPLICATION_FILL}),
    Role.ADMINISTRATOR: _FILING
    | _REPLYING
    | {_P.USERS_MANAGE, _P.ADMINISTRATOR_APPLY, _P.MANDATES_MANAGE, _P.ASSEMBLIES_FILE},
    Role.APPLICATIONS: _FILING,
    Role.ASSEMBLY: _MEMBER | _REPLYING | {_P.ASSEMBLIES_FILE},
    Role.VIEWER: _MEMBER,
    Role.CONTRACTOR: _PERSON | {_P.MANDATES_PROPOSE},
    Role.GUEST: _PERSON,
    Role.OPERATOR: _DESK | {_P.APPLICATION_ENTER_PAPER, _P.APPLICATION_PAGES, _P.MAIL_RESEND},
    Role.APPROVER: _DESK
    | {
        *(_P.APPLICATION_APPROVE, _P.APPLICATION_LAPSE, _P.CHANGE_APPROVE, _P.ROSTER_APPROVE, _P.CONTRACT_MANAGE),
        *(_P.ACCOUNT_APPROVE, _P.IMPORT_RELEASE),
        *(_P.ASSEMBLY_NOTIFY, _P.PROPOSAL_CONFIRM, _P.REPLY_CHOICES_SEE, _P.RESULT_FIX),
    },
    Role.SYSTEM: _STAFF | {_P.USER_SEE, _P.STAFF_MANAGE, _P.MAIL_SEE, _P.MAIL_RESEND, _P.AUDIT_SEE, _P.SETTINGS_SEE},
    Role.RECEPTION: _STAFF | {_P.MEMBER_SEE, _P.TICKET_PREPARE, _P.RECEPTION_SEE, _P.RECEPTION_SUPERVISE, _P.BOARD_SEE},
}

SCOPES: dict[Procedure, frozenset[Permission]] = {
    Procedure.VIEW: _READING,
    Procedure.CHANGES: _READING | {_P.RECORD_EDIT, _P.CHANGE_FILE},
    Procedure.USERS: frozenset({_P.HOME, _P.USERS_SEE, _P.USERS_MANAGE}),
    Procedure.ASSEMBLY_REPLY: _REPLYING | {_P.HOME},
}
"""What each procedure of a mandate lets a contractor's person do for the member (利用規約 2.3); never more than this."""
DESK = frozenset({_P.PUBLIC, _P.RECEPTION_DESK, _P.BOARD_SEE})
"""What a paired desk at the hall may do: it is no person, and holds no sign-in of the staff."""
VIEWING = _PERSON | _READING | {_P.USERS_SEE, _P.MANDATES_SEE}
"""What a member of the staff may do while looking at the pages of a member: read."""


def permissions_of_mandate(procedures: Iterable[Procedure]) -> frozenset[Permission]:
    """All that a mandate over `procedures` allows."""
    return permissions_of((Role.CONTRACTOR,)).union(*(SCOPES[procedure] for procedure in procedures))


def permissions_of(roles: Iterable[Role]) -> frozenset[Permission]:
    """All that `roles` together allow; PUBLIC always."""
    return frozenset({_P.PUBLIC}).union(*(TABLE[role] for role in roles))
