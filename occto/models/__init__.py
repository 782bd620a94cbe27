"""Tables by subject. Importing this package registers them all; migrations compare against them."""

from occto.models.audit import AccessEvent, AccessSubject, AuditDetail, AuditEvent, AuditLink
from occto.models.files import Attachment, AttachmentChunk
from occto.models.joining import Application, ApplicationDraft, ApplicationRevision, Decision, Remark
from occto.models.mail import DemoMail, OutboxMail
from occto.models.people import Affiliation, RecoveryCode, StaffRole, User
from occto.models.register import (
    Body,
    ControlFact,
    LicenceFact,
    LicenceHeld,
    Member,
    ProfileFact,
    RegisterChange,
    RegisterHead,
    RosterFact,
)
from occto.models.sessions import FormSubmission, Link, SessionRow, SignInAttempt
from occto.models.shared import Counter
from occto.models.terms import Consent, ContractOfUse, DeclarationRow, TermsVersion

__all__ = [
    "AccessEvent",
    "AccessSubject",
    "Affiliation",
    "Application",
    "ApplicationDraft",
    "ApplicationRevision",
    "Attachment",
    "AttachmentChunk",
    "AuditDetail",
    "AuditEvent",
    "AuditLink",
    "Body",
    "Consent",
    "ContractOfUse",
    "ControlFact",
    "Counter",
    "Decision",
    "DeclarationRow",
    "DemoMail",
    "FormSubmission",
    "LicenceFact",
    "LicenceHeld",
    "Link",
    "Member",
    "OutboxMail",
    "ProfileFact",
    "RecoveryCode",
    "RegisterChange",
    "RegisterHead",
    "Remark",
    "RosterFact",
    "SessionRow",
    "SignInAttempt",
    "StaffRole",
    "TermsVersion",
    "User",
]
