"""SCREENS of staff: Flask-Admin as a window on what the services do."""

from flask import Flask
from flask_admin import Admin
from flask_admin.theme import Bootstrap4Theme

from occto.admin.account_requests import AccountRequestsView, StaffFactorsView
from occto.admin.agenda import AgendaView
from occto.admin.allocation import AllocationView
from occto.admin.applications import ApplicationsView
from occto.admin.assemblies import AssembliesView
from occto.admin.blackout import BlackoutView
from occto.admin.changes import ChangesView
from occto.admin.contracts import ContractsView
from occto.admin.convocations import ConvocationsView
from occto.admin.elections import ElectionsView
from occto.admin.freezing import FreezingView
from occto.admin.imports import ImportsView
from occto.admin.invitations import InvitationsView
from occto.admin.jobs import JobsView
from occto.admin.mails import MailsView
from occto.admin.mandates import MandatesView
from occto.admin.members import MembersView
from occto.admin.minutes import MinutesView
from occto.admin.notices import NoticesView
from occto.admin.objections import ObjectionsView
from occto.admin.proposals import ProposalsView
from occto.admin.reception import ReceptionView
from occto.admin.records import RecordsView, TermsView
from occto.admin.register_as_of import RegisterView
from occto.admin.replies import RepliesView
from occto.admin.reply_board import ReplyBoardView
from occto.admin.results import ResultsView
from occto.admin.roster import RosterView
from occto.admin.sanctions import SanctionsView
from occto.admin.settings import SettingsView
from occto.admin.staff_accounts import StaffAccountsView
from occto.admin.staff_entries import EntriesView
from occto.admin.tickets import TicketsView
from occto.admin.users import UsersView
from occto.admin.voting import VotingView
from occto.admin.worklist import Worklist
from occto.http import csp_nonce
from occto.models import (
    AccountRequest,
    AdmissionTicket,
    Affiliation,
    AgendaItem,
    Application,
    Assembly,
    AuditEvent,
    ChangeRequest,
    ContractOfUse,
    HolderElection,
    ImportBatch,
    Job,
    Mandate,
    Member,
    Notice,
    OutboxMail,
    Proposal,
    Reply,
    RosterProposal,
    SanctionFact,
    TermsVersion,
    User,
    VoteObjection,
)


def register(app: Flask) -> None:
    """Hang the staff screens into `app`, and name the permission of every one of their routes."""
    admin = Admin(
        app,
        name="職員画面",
        theme=Bootstrap4Theme(base_template="admin/staff_base.html"),
        index_view=Worklist(),
        csp_nonce_generator=csp_nonce,
    )
    admin.add_views(
        ApplicationsView(Application, endpoint="applications"),
        ChangesView(ChangeRequest, endpoint="change_requests"),
        EntriesView(),
        MembersView(Member, endpoint="members"),
        RegisterView(),
        RosterView(RosterProposal, endpoint="roster"),
        ContractsView(ContractOfUse, endpoint="contracts"),
        UsersView(User, endpoint="users"),
        AccountRequestsView(AccountRequest, endpoint="account_requests"),
        StaffFactorsView(AccountRequest, endpoint="staff_factors"),
        MandatesView(Mandate, endpoint="contractors"),
        InvitationsView(Affiliation, endpoint="invitations"),
        ImportsView(ImportBatch, endpoint="imports"),
        AssembliesView(Assembly, endpoint="assemblies"),
        ConvocationsView(Member, endpoint="convocations"),
        NoticesView(Notice, endpoint="notices"),
        AgendaView(AgendaItem, endpoint="agenda"),
        ProposalsView(Proposal, endpoint="proposals"),
        FreezingView(),
        AllocationView(),
        ElectionsView(HolderElection, endpoint="elections"),
        ObjectionsView(VoteObjection, endpoint="objections"),
        RepliesView(Reply, endpoint="replies"),
        SanctionsView(SanctionFact, endpoint="sanctions"),
        ReplyBoardView(),
        ReceptionView(),
        BlackoutView(),
        TicketsView(AdmissionTicket, endpoint="tickets"),
        VotingView(),
        ResultsView(),
        MinutesView(),
        MailsView(OutboxMail, endpoint="mails"),
        JobsView(Job, endpoint="jobs"),
        TermsView(TermsVersion, endpoint="terms_versions"),
        RecordsView(AuditEvent, endpoint="records"),
        StaffAccountsView(User, endpoint="staff_accounts"),
        SettingsView(),
    )
    app.extensions["admin_permissions"] = {
        endpoint: permission for view in admin._views for endpoint, permission in view.permissions().items()
    }
