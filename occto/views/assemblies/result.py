"""結果 for members: every item in words and figures, how the own vote was counted, PDF and Excel of the public figures."""

from flask import Response, abort, render_template

from occto import clock, pdf
from occto import result_words as words
from occto.access import permit
from occto.block_paper import as_pdf
from occto.domain.permissions import Permission
from occto.domain.resolutions import kept_quorum
from occto.excel import MIMETYPE
from occto.extensions import db
from occto.pages import site
from occto.queries import results as reads
from occto.reply_words import facts
from occto.views.assemblies.blueprint import Place, member_id, pages, place, sees_choices
from occto.views.tools import download
from occto.workbooks.writing import plain_workbook


def _public(assembly_id: int) -> Place:
    """The assembly asked for; 404 until its result is published, and while it is being corrected."""
    here = place(assembly_id)
    if here.meeting.state not in reads.PUBLIC:
        abort(404)
    return here


@pages.get("/<int:assembly_id>/result")
@permit(Permission.ASSEMBLIES_SEE)
def result(assembly_id: int) -> str:
    """The result with the own vote beside each item."""
    here, session = _public(assembly_id), db.session()
    found, fixed = reads.results_of(session, here.id), reads.fixed_results(session, here.id)
    given = reads.votes_of_member(session, here.id, member_id())
    votes = here.seat.votes if here.seat is not None else 0
    own = {
        one.item.no: words.own_in_words(one, given, member_id=member_id(), votes=votes, choices=sees_choices())
        for one in found
        if here.holder
    }
    return render_template(
        "assemblies/result.html",
        here=here,
        facts=facts(here.meeting),
        items=[words.item_words(one) for one in found],
        own=own,
        newest=fixed[0] if fixed else None,
        history=words.result_history(fixed),
        quorum=kept_quorum(fixed[0].quorum) if fixed else None,
        quorum_lines=words.quorum_lines,
    )


@pages.get("/<int:assembly_id>/result.pdf")
@permit(Permission.ASSEMBLIES_SEE)
def result_pdf(assembly_id: int) -> Response:
    """The public figures as PDF."""
    meeting, session = _public(assembly_id).meeting, db.session()
    found, fixed = reads.results_of(session, meeting.id), reads.fixed_results(session, meeting.id)
    quorum = kept_quorum(fixed[0].quorum) if fixed else None
    paper = words.result_paper(meeting, found, fixed, quorum)
    content = as_pdf(paper, issuer=pdf.Issuer(telephone=site().contact_phone), created_at=clock.now())
    name = words.file_name(meeting, "議決の結果", meeting.held_at)
    return download(content, name=f"{name}.pdf", media_type=pdf.MIMETYPE)


@pages.get("/<int:assembly_id>/result.xlsx")
@permit(Permission.ASSEMBLIES_SEE)
def result_xlsx(assembly_id: int) -> Response:
    """The public figures as a workbook."""
    meeting, session = _public(assembly_id).meeting, db.session()
    found, fixed = reads.results_of(session, meeting.id), reads.fixed_results(session, meeting.id)
    quorum = kept_quorum(fixed[0].quorum) if fixed else None
    sheets = [
        ("議案ごとの結果", words.PUBLIC_HEADS, words.public_rows(found)),
        ("定足数", words.QUORUM_HEADS, words.quorum_rows(quorum)),
    ]
    name = words.file_name(meeting, "議決の結果", meeting.held_at)
    return download(b"".join(plain_workbook(sheets)), name=f"{name}.xlsx", media_type=MIMETYPE)
