"""Tables by subject. Importing this package registers them all; migrations compare against them."""

from occto.models.accounts import AccountRequest
from occto.models.assembly import REAL, AgendaConflict, AgendaItem, Assembly, LateFact, Proposal
from occto.models.audit import AccessEvent, AccessSubject, AuditDetail, AuditEvent, AuditLink
from occto.models.certificates import Certificate, SigningKey
from occto.models.changes import ChangeDraft, ChangeItem, ChangeMark, ChangeRequest, ChangeRevision, Confirmation
from occto.models.convocation import Convocation, Notice, Sending
from occto.models.elections import HolderElection, SanctionFact, VoteObjection
from occto.models.files import Attachment, AttachmentChunk
from occto.models.imports import ImportBatch, ImportRow
from occto.models.jobs import Job, JobLeftover
from occto.models.joining import Application, ApplicationDraft, ApplicationRevision, Decision, Remark
from occto.models.mail import DemoMail, OutboxMail
from occto.models.mandates import Contractor, Mandate, MandateNominee, MandatePerson, MandateScope
from occto.models.people import Affiliation, RecoveryCode, StaffRole, User
from occto.models.reception import AdmissionTicket, CheckIn, Desk, Scan
from occto.models.register import (
    Body,
    ControlFact,
    FormerCode,
    LicenceFact,
    LicenceHeld,
    Member,
    ProfileFact,
    RegisterChange,
    RegisterHead,
    RosterFact,
)
from occto.models.replies import Attendee, Ballot, BoardCount, ReceiptList, Reply, ReplyDraft, StandingReply
from occto.models.resolutions import (
    AssemblyResult,
    ConsentRecord,
    DecisionVote,
    FloorVote,
    ItemDecision,
    KitHash,
    Minutes,
    VoteSheet,
)
from occto.models.roster import RosterProposal
from occto.models.search import MemberSearch
from occto.models.sessions import FormSubmission, Link, SessionRow, SignInAttempt
from occto.models.settings import Setting
from occto.models.shared import Counter
from occto.models.snapshots import FreezeCheck, Snapshot, SnapshotMember, SnapshotRelation, SnapshotUnit, UnitMember
from occto.models.terms import Consent, ContractOfUse, DeclarationRow, TermsVersion

__all__ = [
    "REAL",
    "AccessEvent",
    "AccessSubject",
    "AccountRequest",
    "AdmissionTicket",
    "Affiliation",
    "AgendaConflict",
    "AgendaItem",
    "Application",
    "ApplicationDraft",
    "ApplicationRevision",
    "Assembly",
    "AssemblyResult",
    "Attachment",
    "AttachmentChunk",
    "Attendee",
    "AuditDetail",
    "AuditEvent",
    "AuditLink",
    "Ballot",
    "BoardCount",
    "Body",
    "Certificate",
    "ChangeDraft",
    "ChangeItem",
    "ChangeMark",
    "ChangeRequest",
    "ChangeRevision",
    "CheckIn",
    "Confirmation",
    "Consent",
    "ConsentRecord",
    "ContractOfUse",
    "Contractor",
    "ControlFact",
    "Convocation",
    "Counter",
    "Decision",
    "DecisionVote",
    "DeclarationRow",
    "DemoMail",
    "Desk",
    "FloorVote",
    "FormSubmission",
    "FormerCode",
    "FreezeCheck",
    "HolderElection",
    "ImportBatch",
    "ImportRow",
    "ItemDecision",
    "Job",
    "JobLeftover",
    "KitHash",
    "LateFact",
    "LicenceFact",
    "LicenceHeld",
    "Link",
    "Mandate",
    "MandateNominee",
    "MandatePerson",
    "MandateScope",
    "Member",
    "MemberSearch",
    "Minutes",
    "Notice",
    "OutboxMail",
    "ProfileFact",
    "Proposal",
    "ReceiptList",
    "RecoveryCode",
    "RegisterChange",
    "RegisterHead",
    "Remark",
    "Reply",
    "ReplyDraft",
    "RosterFact",
    "RosterProposal",
    "SanctionFact",
    "Scan",
    "Sending",
    "SessionRow",
    "Setting",
    "SignInAttempt",
    "SigningKey",
    "Snapshot",
    "SnapshotMember",
    "SnapshotRelation",
    "SnapshotUnit",
    "StaffRole",
    "StandingReply",
    "TermsVersion",
    "UnitMember",
    "User",
    "VoteObjection",
    "VoteSheet",
]
