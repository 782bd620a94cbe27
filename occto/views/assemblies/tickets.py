"""受付票: the page of a member, the same read-only by the mailed link, both as PDF, and the worker that keeps them offline."""

from flask import Response, abort, current_app, make_response, redirect, render_template, send_from_directory, url_for
from werkzeug.wrappers import Response as BaseResponse

from occto import pdf, ticket_paper
from occto.access import permit, viewer
from occto.domain.assembly import SHOWN_TO_MEMBERS
from occto.domain.permissions import Permission
from occto.domain.tickets import read_code, shown_number
from occto.extensions import db, limiter
from occto.pages import site
from occto.queries.reception import successor_of
from occto.queries.replies import Meeting, meeting
from occto.queries.tickets_shown import ShownTicket
from occto.queries.tickets_shown import ticket as ticket_on_record
from occto.queries.viewer import ANONYMOUS
from occto.ticket_paper import Paper, paper
from occto.views.assemblies.blueprint import arrived, member_id, pages
from occto.views.tools import download

KEPT_UNTIL = "X-Kept-Until"
"""Header of a page that may be kept for offline use: until when, in seconds since 1970. A page without it is not kept."""


@pages.get("/ticket-worker.js")
@permit(Permission.PUBLIC)
def ticket_worker() -> Response:
    """The service worker, from an address below which the tickets lie; asked for anew whenever one is opened."""
    folder = str(current_app.static_folder)
    answer = send_from_directory(folder, "js/ticket-worker.js", mimetype="text/javascript", max_age=0)
    answer.headers["Cache-Control"] = "no-cache"
    return answer


def _found(assembly_id: int, code: str) -> tuple[Meeting, ShownTicket]:
    """The ticket with this number, typed with its check digit; 404 where there is none."""
    number = read_code(code).number
    found = (
        ticket_on_record(db.session(), assembly_id, number) if number is not None and 0 < assembly_id < 2**63 else None
    )
    held = meeting(db.session(), assembly_id) if found is not None else None
    if found is None or held is None:
        abort(404)
    return held, found


def _own(assembly_id: int, code: str) -> Paper:
    held, found = _found(assembly_id, code)
    hidden = held.state not in SHOWN_TO_MEMBERS or held.rehearsal_of_id is not None
    if found.member_id != member_id() or hidden:
        abort(404)
    return paper(found, held, now=arrived())


@pages.get("/<int:assembly_id>/tickets/<string(maxlength=30):code>")
@permit(Permission.ASSEMBLIES_SEE)
def ticket(assembly_id: int, code: str) -> BaseResponse:
    """A ticket of the member."""
    made = _own(assembly_id, code)
    if code != made.number:  # one address a ticket: the one that is kept for offline use
        return redirect(url_for("meetings.ticket", assembly_id=assembly_id, code=made.number), 302)
    later = successor_of(db.session(), made.ticket.id) if not made.ticket.good else None
    number = shown_number(later.number) if later is not None else ""
    body = render_template(
        "assemblies/ticket.html",
        paper=made,
        later=(later.name, number, url_for("meetings.ticket", assembly_id=assembly_id, code=number)) if later else None,
        pdf_url=url_for("meetings.ticket_pdf", assembly_id=assembly_id, code=made.number),
        may_keep=viewer.kind == "member",
    )
    return _kept(body, made)


@pages.get("/<int:assembly_id>/tickets/<string(maxlength=30):code>.pdf")
@permit(Permission.ASSEMBLIES_SEE)
def ticket_pdf(assembly_id: int, code: str) -> Response:
    return _printed(_own(assembly_id, code))


def _by_link(assembly_id: int, code: str, token: str) -> tuple[Meeting, ShownTicket]:
    """The ticket whose link has this secret. 404 for a wrong one, told apart from an unknown number by nothing."""
    held, found = _found(assembly_id, code)
    if not ticket_paper.opens(found, token):
        abort(404)
    return held, found


@pages.get("/<int:assembly_id>/tickets/<string(maxlength=30):code>/<string(maxlength=100):token>")
@permit(Permission.PUBLIC)
@limiter.limit("300/minute")
def ticket_by_link(assembly_id: int, code: str, token: str) -> BaseResponse | tuple[str, int]:
    """The same by the mailed link, drawn for nobody in particular: no form on it, nothing of a session in what is kept."""
    held, found = _by_link(assembly_id, code, token)
    now = arrived()
    if now >= ticket_paper.good_until(held):
        return _over()
    made = paper(found, held, now=now)
    body = render_template(
        "assemblies/ticket_by_link.html",
        paper=made,
        pdf_url=url_for("meetings.ticket_pdf_by_link", assembly_id=assembly_id, code=made.number, token=token),
        may_keep=True,
        viewer=ANONYMOUS,
        nav=[],
    )
    return _kept(body, made)


@pages.get("/<int:assembly_id>/tickets/<string(maxlength=30):code>/<string(maxlength=100):token>.pdf")
@permit(Permission.PUBLIC)
@limiter.limit("60/minute")
def ticket_pdf_by_link(assembly_id: int, code: str, token: str) -> Response | tuple[str, int]:
    held, found = _by_link(assembly_id, code, token)
    now = arrived()
    if now >= ticket_paper.good_until(held):
        return _over()
    return _printed(paper(found, held, now=now))


def _over() -> tuple[str, int]:
    return render_template("assemblies/ticket_over.html", viewer=ANONYMOUS, nav=[]), 410


def _printed(made: Paper) -> Response:
    """The A4 page; 404 for a ticket that lets nobody in: there is nothing to print."""
    if made.qr is None:
        abort(404)
    content = ticket_paper.as_pdf(made, telephone=site().contact_phone, now=arrived())
    return download(content, name=f"{made.file_name}.pdf", media_type=pdf.MIMETYPE)


def _kept(body: str, made: Paper) -> BaseResponse:
    """The page, with the mark that it may be kept where it lets somebody in."""
    answer = make_response(body)
    if made.qr is not None:
        answer.headers[KEPT_UNTIL] = str(int(made.until.timestamp()))
    return answer
