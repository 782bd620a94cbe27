"""加入証跡 of the member acted for, on screen and as PDF. Nothing in the address says whose it is."""

from flask import Blueprint, Response, abort, render_template

from occto import clock, pdf
from occto.access import permit, viewer
from occto.certificate_paper import STATEMENT, as_pdf, paper, paper_of, why_none
from occto.domain.certificates import CertificateState
from occto.domain.dates import today_jst
from occto.domain.errors import Refusal
from occto.domain.permissions import Permission
from occto.extensions import db
from occto.pages import site
from occto.queries.certificates import certificate_of
from occto.views.tools import download

pages = Blueprint("certificate", __name__, url_prefix="/member")


def _member_id() -> int:
    if viewer.member_id is None:
        abort(404)
    return viewer.member_id


@pages.get("/certificate")
@permit(Permission.CERTIFICATE_SEE)
def own() -> str:
    """The certificate as it would be printed today, or why there is none."""
    session = db.session()
    record = certificate_of(session, _member_id(), today_jst(clock.now()))
    valid = record is not None and record.standing.state is CertificateState.VALID
    return render_template(
        "certificate/own.html",
        paper=paper(session, record) if record is not None and valid else None,
        why_none="" if valid else why_none(record),
        statement=STATEMENT,
    )


@pages.get("/certificate.pdf")
@permit(Permission.CERTIFICATE_SEE)
def own_pdf() -> Response | tuple[str, int]:
    now = clock.now()
    try:
        made = paper_of(db.session(), _member_id(), now=now)
    except Refusal as refusal:
        return render_template("certificate/own.html", paper=None, why_none=refusal.sentence), 409
    content = as_pdf(made, issuer=pdf.Issuer(telephone=site().contact_phone), created_at=now)
    return download(content, name=f"{made.file_name}.pdf", media_type=pdf.MIMETYPE)
