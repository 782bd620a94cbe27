"""受領証の一覧: every code that counts, the root of the hash tree, and whether a code is in it."""

from flask import Response, abort, render_template, request

from occto.access import permit
from occto.domain.assembly import title_of
from occto.domain.certificates import grouped, read_code
from occto.domain.dates import format_instant
from occto.domain.permissions import Permission
from occto.domain.receipts import Sibling, leaf_of, proof_of
from occto.extensions import db
from occto.queries import assemblies_member as reads
from occto.queries.replies import Version, standing
from occto.reply_words import file_name
from occto.views.assemblies.blueprint import member_id, pages
from occto.views.tools import download


def _list(assembly_id: int) -> tuple[reads.Meeting, reads.Published | None]:
    session = db.session()
    meeting = reads.shown_meeting(session, assembly_id)
    return meeting, reads.receipts_of(session, meeting.id)


@pages.get("/<int:assembly_id>/receipts")
@permit(Permission.ASSEMBLIES_SEE)
def receipts(assembly_id: int) -> str:
    """The published list, and the answer for a code that was typed or is the member's own."""
    meeting, published = _list(assembly_id)
    stood = standing(db.session(), meeting.id, member_id())
    asked = request.args.get("code", "")[:60]
    own = stood.reply if stood is not None else None
    code = read_code(asked) if asked.strip() else None
    codes = [entry[0] for entry in published.leaves] if published else []
    return render_template(
        "assemblies/receipts.html",
        meeting=meeting,
        title=title_of(meeting),
        published=published,
        codes=[grouped(one) for one in codes],
        own=own,
        own_code=grouped(own.receipt_code) if own else "",
        own_in=own is not None and own.receipt_code in set(codes),
        asked=asked,
        found=code is not None and code in set(codes),
        readable=code is not None,
        proof=_proof(published, own) if published and own else [],
        leaf=leaf_of(own.receipt_code, own.digest) if own else "",
    )


def _proof(published: reads.Published, own: Version) -> list[Sibling]:
    """The steps from the member's own leaf to the root; none where its reply is not in the list."""
    leaves = [leaf for _, leaf in published.leaves]
    codes = [code for code, _ in published.leaves]
    return list(proof_of(leaves, codes.index(own.receipt_code))) if own.receipt_code in codes else []


@pages.get("/<int:assembly_id>/receipts.txt")
@permit(Permission.ASSEMBLIES_SEE)
def receipts_text(assembly_id: int) -> Response:
    """The list for a machine: a code and its leaf a line, the root at the end, so that anybody can reckon it again."""
    meeting, published = _list(assembly_id)
    if published is None:
        abort(404)
    head = [
        f"# {title_of(meeting)} 受領証の一覧（第{published.no}版）",
        f"# 公表 {format_instant(published.made_at)}　{published.count:,}件",
        "# 受領証の番号、葉（SHA-256）",
    ]
    lines = [f"{code} {leaf}" for code, leaf in published.leaves]
    text = "\r\n".join([*head, *lines, f"# 根 {published.root}", ""])
    return download(
        b"\xef\xbb\xbf" + text.encode(),
        name=f"{file_name(meeting, '受領証の一覧')}.txt",
        media_type="text/plain",
    )
