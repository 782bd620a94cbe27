"""Codes of the field: what columns hold and labels name. Name equals value throughout."""

from enum import StrEnum


class Licence(StrEnum):
    """電気事業者の区分 (電気事業法 2条)."""

    RETAIL = "RETAIL"
    GTD = "GTD"
    TRANS = "TRANS"
    DIST = "DIST"
    SPTD = "SPTD"
    RSPTD = "RSPTD"
    GEN = "GEN"
    AGG = "AGG"


class Act(StrEnum):
    """The METI act by which a licence comes into force."""

    REGISTRATION = "REGISTRATION"
    PERMISSION = "PERMISSION"
    NOTIFICATION = "NOTIFICATION"


ACT_OF: dict[Licence, Act] = {
    Licence.RETAIL: Act.REGISTRATION,
    Licence.GTD: Act.PERMISSION,
    Licence.TRANS: Act.PERMISSION,
    Licence.DIST: Act.PERMISSION,
    Licence.SPTD: Act.NOTIFICATION,
    Licence.RSPTD: Act.REGISTRATION,
    Licence.GEN: Act.NOTIFICATION,
    Licence.AGG: Act.NOTIFICATION,
}


class EndReason(StrEnum):
    """The act by which a licence ends."""

    REVOCATION = "REVOCATION"
    CLOSURE_PERMISSION = "CLOSURE_PERMISSION"
    CLOSURE_NOTIFICATION = "CLOSURE_NOTIFICATION"
    SUCCESSION = "SUCCESSION"


class ActStatus(StrEnum):
    """Where a licence stands in the main application."""

    ACT = "ACT"
    PENDING = "PENDING"


class ControlBasis(StrEnum):
    MAJORITY = "MAJORITY"
    SUBSTANCE = "SUBSTANCE"


class Relation(StrEnum):
    """What the other company is to the applicant."""

    PARENT = "PARENT"
    SUBSIDIARY = "SUBSIDIARY"


class Holding(StrEnum):
    DIRECT = "DIRECT"
    INDIRECT = "INDIRECT"


class LegalForm(StrEnum):
    KK = "KK"
    GK = "GK"
    GOMEI = "GOMEI"
    GOSHI = "GOSHI"
    YK = "YK"
    COOPERATIVE = "COOPERATIVE"
    FOUNDATION = "FOUNDATION"
    ASSOCIATION = "ASSOCIATION"
    MUNICIPALITY = "MUNICIPALITY"
    FOREIGN = "FOREIGN"
    OTHER = "OTHER"


class Entrant(StrEnum):
    """Who fills the application in."""

    COMPANY = "COMPANY"
    CONTRACTOR = "CONTRACTOR"


class Channel(StrEnum):
    """How it reached the office. STAFF: the office's own entry, such as a correction."""

    ONLINE = "ONLINE"
    PAPER = "PAPER"
    STAFF = "STAFF"


class AttachmentKind(StrEnum):
    REGISTRY = "REGISTRY"
    METI_ACT = "METI_ACT"
    CAPITAL_CHART = "CAPITAL_CHART"
    SHARE_REGISTER = "SHARE_REGISTER"
    MANDATE_LETTER = "MANDATE_LETTER"
    PAPER_SCAN = "PAPER_SCAN"
    OFFICE_DECISION = "OFFICE_DECISION"
    IDENTITY = "IDENTITY"
    WORKBOOK = "WORKBOOK"
    ASSEMBLY_FILE = "ASSEMBLY_FILE"
    REPLY_PAPER = "REPLY_PAPER"
    ELECTION = "ELECTION"
    SANCTION = "SANCTION"
    OTHER = "OTHER"


OF_OTHER_CASES = frozenset(
    {
        *(AttachmentKind.IDENTITY, AttachmentKind.WORKBOOK, AttachmentKind.ASSEMBLY_FILE),
        *(AttachmentKind.REPLY_PAPER, AttachmentKind.ELECTION, AttachmentKind.SANCTION),
    }
)
"""Files of requests about IDs, imports, assemblies and rights: nobody chooses them in an application or a change request."""
OF_THE_OFFICE = OF_OTHER_CASES | {AttachmentKind.PAPER_SCAN, AttachmentKind.OFFICE_DECISION}
"""Kinds that a company does not choose."""


class ScanState(StrEnum):
    """What the virus scanner hook said. NOT_CONFIGURED: no scanner is connected."""

    NOT_CONFIGURED = "NOT_CONFIGURED"
    CLEAN = "CLEAN"
    REFUSED = "REFUSED"


class UserKind(StrEnum):
    MEMBER = "MEMBER"
    CONTRACTOR = "CONTRACTOR"
    STAFF = "STAFF"
    GUEST = "GUEST"


class UserState(StrEnum):
    INVITED = "INVITED"
    ACTIVE = "ACTIVE"
    STOPPED = "STOPPED"
    CLOSED = "CLOSED"


class MemberState(StrEnum):
    """The rebuildable summary of a member's licences, for lists only."""

    COMING = "COMING"
    MEMBER = "MEMBER"
    LEFT = "LEFT"


class LinkPurpose(StrEnum):
    APPLY = "APPLY"
    SET_PASSWORD = "SET_PASSWORD"  # noqa: S105 - a purpose, not a secret
    CONFIRM_APPLICATION = "CONFIRM_APPLICATION"
    CONFIRM_EMAIL = "CONFIRM_EMAIL"
    REPORT_LOSS = "REPORT_LOSS"
    ACCOUNT_REQUEST = "ACCOUNT_REQUEST"
    OBJECT = "OBJECT"


class MailState(StrEnum):
    PENDING = "PENDING"
    LEASED = "LEASED"
    SENT = "SENT"
    FAILED = "FAILED"
    UNCERTAIN = "UNCERTAIN"
    BOUNCED = "BOUNCED"
    SUPPRESSED = "SUPPRESSED"


class ConsentKind(StrEnum):
    """利用規約 2.1.2: by the button, deemed by the first sign-in with a notified ID, or stated in a paper application."""

    EXPLICIT = "EXPLICIT"
    DEEMED = "DEEMED"
    PAPER = "PAPER"


class FormedBy(StrEnum):
    CLICK = "CLICK"
    DEEMED = "DEEMED"
    PAPER = "PAPER"


class Declaration(StrEnum):
    """Declarations made with an application: 5.3.1 for the company and its officers, 4.2 provision to the State."""

    NO_ANTISOCIAL_FORCES = "NO_ANTISOCIAL_FORCES"
    PROVISION_TO_STATE = "PROVISION_TO_STATE"


class SubjectKind(StrEnum):
    APPLICATION = "APPLICATION"
    CHANGE = "CHANGE"
    MEMBER = "MEMBER"
    USER = "USER"
    ACCOUNT = "ACCOUNT"
    MANDATE = "MANDATE"
    IMPORT = "IMPORT"


class Audience(StrEnum):
    """Who may read a remark."""

    PARTY = "PARTY"
    STAFF = "STAFF"


class Turn(StrEnum):
    FIRST = "FIRST"
    SECOND = "SECOND"


class ChangeSource(StrEnum):
    """What a numbered change of the register came from."""

    APPLICATION = "APPLICATION"
    CHANGE = "CHANGE"
    IMMEDIATE = "IMMEDIATE"
    ROSTER = "ROSTER"
    IMPORT = "IMPORT"
    SANCTION = "SANCTION"
    DEMO = "DEMO"


class ChangeAct(StrEnum):
    """What an item of a change request does to the register. CORRECT and VOID are the office's alone."""

    SET = "SET"
    ADD = "ADD"
    END = "END"
    CORRECT = "CORRECT"
    VOID = "VOID"


class Verdict(StrEnum):
    """A mark that staff set while reviewing: a comment, not a decision."""

    FINE = "FINE"
    REMARK = "REMARK"


class ProposalState(StrEnum):
    """A list of new roster numbers on its way: proposed by one, applied by another, or dropped."""

    PROPOSED = "PROPOSED"
    APPLIED = "APPLIED"
    DROPPED = "DROPPED"


class LateOutcome(StrEnum):
    """基準日後判明: what is done about a fact that was known too late (three ways, each with reason and second person).

    INCLUDED: it was known before the freeze, which counted it.
    """

    REFREEZE = "REFREEZE"
    KEEP = "KEEP"
    POSTPONE = "POSTPONE"
    INCLUDED = "INCLUDED"


class MandateState(StrEnum):
    PROPOSED = "PROPOSED"
    ACTIVE = "ACTIVE"
    ENDED = "ENDED"
    DECLINED = "DECLINED"


class Procedure(StrEnum):
    """What a mandate lets a contractor do (利用規約 2.3)."""

    VIEW = "VIEW"
    CHANGES = "CHANGES"
    USERS = "USERS"
    ASSEMBLY_REPLY = "ASSEMBLY_REPLY"


class SignInOutcome(StrEnum):
    PASSED = "PASSED"
    BAD_PASSWORD = "BAD_PASSWORD"  # noqa: S105 - an outcome, not a secret
    BAD_CODE = "BAD_CODE"
    THROTTLED = "THROTTLED"
    LINK_REQUESTED = "LINK_REQUESTED"


class SanctionScope(StrEnum):
    """権利の停止・制限: what it takes away. VOTES: the votes of assemblies whose record date it covers."""

    VOTES = "VOTES"
    OTHER = "OTHER"


class ElectionState(StrEnum):
    """届出: EFFECTIVE where the company that would hold the votes filed or countersigned it, else UNSETTLED (要確認)."""

    UNSETTLED = "UNSETTLED"
    EFFECTIVE = "EFFECTIVE"
    REFUSED = "REFUSED"
    WITHDRAWN = "WITHDRAWN"


class SnapshotState(StrEnum):
    """議決権の集計: a DRAFT that was kept, the FROZEN one that counts, or one that a later freeze took the place of."""

    DRAFT = "DRAFT"
    FROZEN = "FROZEN"
    SUPERSEDED = "SUPERSEDED"
