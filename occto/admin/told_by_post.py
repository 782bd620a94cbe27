"""Members that are told by post what others were told by mail (延期, 中止, 取下げ): who they are, letters and labels."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from flask import abort, current_app, request, url_for
from markupsafe import Markup

from occto import clock, notice_letters
from occto.access import viewer
from occto.admin import access_log
from occto.admin.base import Facts, Table, clamped_id, link
from occto.admin.exports import attached
from occto.domain.assembly import title_of
from occto.domain.dates import today_jst
from occto.domain.errors import Refusal
from occto.domain.permissions import Permission
from occto.extensions import db
from occto.models import Assembly
from occto.queries.assembly_page import untold_members
from occto.queries.notice_letters import PART, addresses_of
from occto.unit_of_work import run

_KINDS = {"letters": "手紙", "labels": "宛名ラベル"}


class Telling(NamedTuple):
    """Of what members are told: the assembly, the mail and its values, when it was queued where there may be several."""

    assembly: Assembly
    template: str
    values: Mapping[str, Any]
    at: datetime | None = None

    def untold(self) -> list[tuple[int, str]]:
        """Row numbers and names of the members that no such mail reached."""
        return untold_members(db.session(), self.assembly.id, self.template, at=self.at)


def sections(telling: Telling | None, endpoint: str, number: int) -> Sequence[Facts | Table]:
    """The members that no mail reached, and where their letters are printed; nothing where there are none.

    `endpoint` takes the row `number` as `id`.
    """
    members = telling.untold() if telling is not None else []
    if not members:
        return []
    title = f"郵送で知らせる会員（{len(members):,}社）"
    rows = [(link(name, "members.details_view", member_id, Permission.MEMBER_SEE),) for member_id, name in members]
    found: list[Facts | Table] = [Table(title, ("会員",), rows)]
    if viewer.can(Permission.EXPORT):
        parts = range(1, -(-len(members) // PART) + 1)
        links = [(words, _links(endpoint, {"id": number, "kind": kind}, parts)) for kind, words in _KINDS.items()]
        found.insert(0, Facts("郵送のための印刷", links))
    return found


def _links(endpoint: str, asked: Mapping[str, Any], parts: range) -> Markup:
    """A link for each file of PART letters."""
    first = "" if len(parts) == 1 else "（{}）"
    return Markup("　").join(
        Markup('<a href="{}">PDF{}</a>').format(url_for(endpoint, **asked, part=part), first.format(part))
        for part in parts
    )


def handed_out(telling: Telling | None) -> Any:
    """The letters, or their labels, of one part of these members as PDF; noted before they leave.

    Refusal no_letters where everybody was told by mail.
    """
    if not viewer.can(Permission.ASSEMBLY_SEE):
        abort(403)
    kind = request.args.get("kind", "")
    if kind not in _KINDS or telling is None:
        abort(404)
    assembly, members = telling.assembly, [number for number, _name in telling.untold()]
    now, telephone = clock.now(), current_app.config["CONTACT_PHONE"]
    first = (min(clamped_id(request.args.get("part")) or 1, 10_000) - 1) * PART
    found = addresses_of(db.session(), assembly.id, members[first : first + PART], today=today_jst(now))
    if not found:
        raise Refusal("no_letters", "郵送で知らせる会員がありません。総会の画面で状況をお確かめください。")
    content = (
        notice_letters.labels(found, telephone=telephone, now=now)
        if kind == "labels"
        else notice_letters.told(found, telling.template, telling.values, telephone=telephone, now=now)
    )

    held = [(one.member_id, one.member_id) for one in found]
    run(
        access_log.exported,
        held,
        subject=f"LIST:{_KINDS[kind]}",
        form="pdf",
        conditions=title_of(assembly),
        fields=("住所", "担当者"),
    )
    return attached(iter([content]), name=f"{_KINDS[kind]}.pdf", media_type="application/pdf")
