"""What a second person has to see of a proposal about 届出 or 権利の停止・制限."""

from collections.abc import Sequence
from typing import Any

from flask import url_for
from markupsafe import Markup
from sqlalchemy.orm import Session

from occto import clock, election_words, sanction_words
from occto.admin.base import Facts, Table, link
from occto.domain.codes import ChangeAct, ElectionState
from occto.domain.dates import today_jst
from occto.domain.permissions import Permission
from occto.labels import label
from occto.models import HolderElection, Proposal, SanctionFact
from occto.queries import elections as reads
from occto.services.sanctions import read_decision

Parts = Sequence[Facts | Table]
_ACTS = {ChangeAct.END: "終了する", ChangeAct.CORRECT: "訂正する", ChangeAct.VOID: "取り消す"}


def election_parts(session: Session, proposal: Proposal) -> Parts:
    """The 届出, what shall become of it, and what it moves."""
    number = proposal.values["election_id"]
    row, line = session.get(HolderElection, number), reads.line_of(session, number)
    if row is None or line is None:
        return ()
    paper = proposal.attachment_id or line.document_id
    facts: list[tuple[str, Any]] = [
        ("取扱い", label(ElectionState(proposal.values["outcome"]))),
        ("いまの状態", label(line.state)),
        ("届出", link("届出の画面", "elections.details_view", number, Permission.ASSEMBLY_SEE)),
        *election_words.filing_facts(line),
    ]
    if paper is not None:
        facts.append(("書面", _document("elections.file", paper)))
    moved = reads.moves(session, row, line.assembly, today=today_jst(clock.now()))
    return [
        Facts("届出", facts),
        Table("届出で変わること", election_words.MOVE_HEADS, election_words.move_rows(moved)),
    ]


def sanction_parts(_session: Session, proposal: Proposal) -> Parts:
    """The decision that shall be entered."""
    facts = sanction_words.facts(read_decision(proposal.values))
    if proposal.attachment_id is not None:
        facts.append(("文書", _document("sanctions.file", proposal.attachment_id)))
    return [Facts("登録する決定", facts)]


def sanction_end_parts(session: Session, proposal: Proposal) -> Parts:
    """What is on record, and what shall stand instead."""
    old = session.get(SanctionFact, proposal.values["sanction_id"])
    parts = [Facts("依頼の内容", [("どうするか", _ACTS[ChangeAct(proposal.values["act"])])])]
    if old is not None:
        parts.append(Facts("いまの登録", sanction_words.facts(old)))
    if proposal.values["new"] is not None:
        parts.append(Facts("新しい登録", sanction_words.facts(read_decision(proposal.values["new"]))))
    if proposal.attachment_id is not None:
        parts.append(Facts("書面", [("文書", _document("sanctions.file", proposal.attachment_id))]))
    return parts


def _document(endpoint: str, number: int) -> Markup:
    return Markup('<a href="{}">文書を見る</a>').format(url_for(endpoint, id=number))
