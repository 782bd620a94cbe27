"""The 加入証跡 of a member printed by staff, for members on paper; noted in the access log before it leaves."""

from collections.abc import Callable
from typing import Any

from flask import abort, flash, request, url_for
from flask_admin import expose
from markupsafe import Markup

from occto import clock, pdf
from occto.access import permit, viewer
from occto.admin import access_log
from occto.certificate_paper import as_pdf, paper_of
from occto.domain.certificates import grouped
from occto.domain.codes import MemberState
from occto.domain.errors import Refusal
from occto.domain.permissions import Permission
from occto.extensions import db
from occto.models import Member
from occto.pages import site
from occto.queries.certificates import code_of_member
from occto.unit_of_work import run
from occto.views.tools import download, see_other

MAY_PRINT = Permission.REGISTER_SEE


class CertificateDoor:
    """A page of `members.MembersView`, which finds the member."""

    get_one: Callable[[Any], Any]

    @expose("/certificate/")
    @permit(MAY_PRINT)
    def certificate(self) -> Any:
        """The certificate as of today; where the company is no member today, the member's page says why there is none."""
        row: Member | None = self.get_one(request.args.get("id", ""))
        if row is None:
            abort(404)
        number, now = row.id, clock.now()
        try:
            made = paper_of(db.session(), number, now=now)
        except Refusal as refusal:
            flash(refusal.sentence, "warning")
            return see_other("members.details_view", id=number)
        content = as_pdf(made, issuer=pdf.Issuer(telephone=site().contact_phone), created_at=now)
        run(access_log.shown, [number], details=True)
        return download(content, name=f"{made.file_name}.pdf", media_type=pdf.MIMETYPE)


def certificate_in_words(row: Member) -> Any:
    """The code of the member's certificate, with the door that prints it for whoever may."""
    code = code_of_member(db.session(), row.id)
    if code is None:
        return "なし" if row.current_state is MemberState.LEFT else "準備中（1時間以内に発行します）"
    check = url_for("certificates.check", code=code)
    words = Markup('<span class="code">{}</span>　<a href="{}">確認ページ</a>').format(grouped(code), check)
    if row.current_state is not MemberState.MEMBER or not viewer.can(MAY_PRINT):
        return words
    return words + Markup('　<a href="{}">印刷用のPDF</a>').format(url_for("members.certificate", id=row.id))
