"""Tables by subject. Importing this package registers them all; migrations compare against them."""

from occto.models.accounts import AccountRequest
from occto.models.assembly import Assembly, LateFact
from occto.models.audit import AccessEvent, AccessSubject, AuditDetail, AuditEvent, AuditLink
from occto.models.certificates import Certificate, SigningKey
from occto.models.changes import ChangeDraft, ChangeItem, ChangeMark, ChangeRequest, ChangeRevision, Confirmation
from occto.models.files import Attachment, AttachmentChunk
from occto.models.imports import ImportBatch, ImportRow
from occto.models.jobs import Job, JobLeftover
from occto.models.joining import Application, ApplicationDraft, ApplicationRevision, Decision, Remark
from occto.models.mail import DemoMail, OutboxMail
from occto.models.mandates import Contractor, Mandate, MandateNominee, MandatePerson, MandateScope
from occto.models.people import Affiliation, RecoveryCode, StaffRole, User
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
from occto.models.roster import RosterProposal
from occto.models.search import MemberSearch
from occto.models.sessions import FormSubmission, Link, SessionRow, SignInAttempt
from occto.models.shared import Counter
from occto.models.terms import Consent, ContractOfUse, DeclarationRow, TermsVersion

__all__ = [
    "AccessEvent",
    "AccessSubject",
    "AccountRequest",
    "Affiliation",
    "Application",
    "ApplicationDraft",
    "ApplicationRevision",
    "Assembly",
    "Attachment",
    "AttachmentChunk",
    "AuditDetail",
    "AuditEvent",
    "AuditLink",
    "Body",
    "Certificate",
    "ChangeDraft",
    "ChangeItem",
    "ChangeMark",
    "ChangeRequest",
    "ChangeRevision",
    "Confirmation",
    "Consent",
    "ContractOfUse",
    "Contractor",
    "ControlFact",
    "Counter",
    "Decision",
    "DeclarationRow",
    "DemoMail",
    "FormSubmission",
    "FormerCode",
    "ImportBatch",
    "ImportRow",
    "Job",
    "JobLeftover",
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
    "OutboxMail",
    "ProfileFact",
    "RecoveryCode",
    "RegisterChange",
    "RegisterHead",
    "Remark",
    "RosterFact",
    "RosterProposal",
    "SessionRow",
    "SignInAttempt",
    "SigningKey",
    "StaffRole",
    "TermsVersion",
    "User",
]
