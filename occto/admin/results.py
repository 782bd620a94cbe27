"""結果 of an assembly for staff: figures by group and channel, who voted how for whoever may see it, 認可・承認, files."""

import logging
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from typing import IO, Any

from flask import Response, abort, flash, request, url_for
from flask_admin import BaseView, expose
from sqlalchemy.orm import Session

from occto import clock, pdf
from occto import result_words as words
from occto.access import actor, permit, viewer
from occto.admin import access_log, result_sheets
from occto.admin.assembly_menu import assembly_asked, pages_of
from occto.admin.base import Screen, clamped_id, search_term
from occto.admin.exports import attached, in_pieces
from occto.admin.sent import sent_form
from occto.admin.verb_view import Door, Doors
from occto.block_paper import as_pdf
from occto.domain.agenda import Consent, item_title
from occto.domain.assembly import ASSEMBLY, title_of
from occto.domain.dates import today_jst
from occto.domain.errors import NotFound, Refusal
from occto.domain.jobs import ranges
from occto.domain.outcomes import CONSENT_WORDS
from occto.domain.permissions import Permission
from occto.domain.resolutions import VOTE_CHANNEL_LABELS, ConsentOutcome, VoteChannel, kept_quorum
from occto.domain.tally import CHOICE_LABELS, Choice
from occto.domain.votes import GROUP_LABELS, Group
from occto.excel import MIMETYPE
from occto.extensions import db
from occto.forms.results import ConsentForm
from occto.kit import MEDIA_TYPE, files_of, zipped
from occto.models import AgendaItem, Assembly
from occto.pages import site
from occto.queries import results as reads
from occto.queries.kit import differed, kit_facts, noted_hash
from occto.queries.reply_rows import members_on_roll
from occto.services import kits
from occto.services.consents import record_consent
from occto.unit_of_work import run
from occto.workbooks.writing import plain_workbook

log = logging.getLogger("occto.admin.results")
TITLE = "結果"
KIT = "再計算キット"
SUBJECT = f"LIST:{TITLE}"
PAGE = 50
_P = Permission


def may_see_votes() -> bool:
    """Who voted how, and the kit that says so."""
    return viewer.can(_P.RESULT_SEE) and viewer.can(_P.REPLY_CHOICES_SEE)


class ResultsView(Doors, Screen, BaseView):
    """One assembly at a time, named by `id`."""

    see, under = _P.RESULT_SEE, "assemblies"

    def __init__(self) -> None:
        super().__init__(name=TITLE, endpoint="results", url="results")

    def row_asked(self) -> Assembly:
        """The assembly in the address."""
        return assembly_asked()

    def heading(self, row: Assembly) -> str:
        """What it is called."""
        return title_of(row)

    @expose("/")
    def index(self) -> str:
        """Every item with its figures."""
        session, row = db.session(), self.row_asked()
        found, fixed = reads.results_of(session, row.id), reads.fixed_results(session, row.id)
        parts = reads.breakdowns(session, row.id)
        stands = bool(fixed) and row.state in reads.FIXED
        kit = noted_hash(session, fixed[0]) if stands else None
        return self.render(
            "admin/results.html",
            row=row,
            heading=title_of(row),
            pages=pages_of(row),
            items=[(words.item_words(one, names=True), one, _tables(parts.get(one.item.id))) for one in found],
            newest=fixed[0] if fixed else None,
            stands=stands,
            history=words.result_history(fixed) if row.state in reads.FIXED else (),
            taken_back=[words.correction_line(one) for one in reversed(reads.corrections_of(session, row.id))],
            quorum=kept_quorum(fixed[0].quorum) if fixed and row.state in reads.FIXED else None,
            quorum_lines=words.quorum_lines,
            decided=reads.is_decided(found),
            kit=kit.sha256 if kit is not None else "",
            kit_differed=differed(session, kit) if kit is not None else None,
            may_see_votes=may_see_votes(),
            may_export=viewer.can(_P.EXPORT),
            may_consent=viewer.can(_P.VOTE_RECORD)
            and row.rehearsal_of_id is None
            and row.state in ASSEMBLY.step("record_consent").sources,
            consent_words=CONSENT_WORDS,
        )

    @expose("/nominal/")
    @permit(_P.REPLY_CHOICES_SEE)
    def nominal(self) -> str:
        """記名の賛否: who voted how, searched by name or 事業者コード, page by page."""
        if not may_see_votes():
            abort(403)
        session, row, term = db.session(), self.row_asked(), search_term()
        number = max(1, min(clamped_id(request.args.get("page")) or 1, 10_000))
        count = reads.count_holders(session, row.id, term=term)
        lines = reads.nominal(session, row.id, term=term, after=(number - 1) * PAGE, limit=PAGE)
        items = [one for one in reads.results_of(session, row.id) if one.decision is not None]
        if lines:
            run(access_log.shown, [voted.member_id for voted, _given in lines], term=term)
        return self.render(
            "admin/results_nominal.html",
            row=row,
            heading=title_of(row),
            pages=pages_of(row, at="results.index"),
            term=term,
            items=[(one.item.no, item_title(one.item), one.words) for one in items],
            lines=[(voted, [_given(one, voted.member_id, given) for one in items]) for voted, given in lines],
            count=count,
            number=number,
            more=number * PAGE < count,
            may_export=viewer.can(_P.EXPORT),
        )

    @expose("/consent/", methods=("GET", "POST"))
    @permit(_P.VOTE_RECORD)
    def consent(self) -> Any:
        """認可・承認 of an item, or its correction."""
        if not viewer.can(self.see):
            abort(403)
        session, row = db.session(), self.row_asked()
        item = session.get(AgendaItem, clamped_id(request.values.get("item")) or 0)
        if item is None or item.assembly_id != row.id or item.consent is Consent.NONE:
            abort(404)
        number, item_id, word = row.id, item.id, CONSENT_WORDS[item.consent]
        form = ConsentForm(sent_form(), consent=item.consent, today=today_jst(clock.now()))
        seen = (
            (clamped_id(request.form.get("version")) or 0)
            if request.method == "POST"
            else reads.newest_consent(session, item_id)
        )

        def act(session: Session) -> str:
            record_consent(
                session,
                item_id,
                outcome=ConsentOutcome(form.outcome.data),
                decided_on=form.decided_on.data,
                document_number=form.document_number.data,
                note_words=form.note_words.data,
                seen_no=seen,
                actor=actor(),
                now=clock.now(),
            )
            return url_for("results.index", id=number)

        found = next(one for one in reads.results_of(session, number) if one.item.id == item_id)
        door = Door(
            f"{word}を記録する",
            f"{word}を記録する",
            ("結果の画面へ戻る", url_for("results.index", id=number)),
            lead=f"経済産業大臣の{word}の結果を、通知の書面のとおりに記録します。会員のページにも表示されます。",
            caption=item_title(item),
            facts=[("議決の結果", found.words), *_consents(found)],
            hidden={"id": number, "item": item_id},
        )
        return self.go_through(
            door,
            form,
            act,
            done=f"{word}を記録しました。",
            version=seen,
            now_version=lambda: reads.newest_consent(db.session(), item_id),
        )

    @expose("/export-pdf/")
    @permit(_P.EXPORT)
    def export_pdf(self) -> Response:
        """The public figures as PDF."""
        row, found, fixed, quorum = self._taken()
        paper = words.result_paper(row, found, fixed, quorum)
        content = as_pdf(paper, issuer=pdf.Issuer(telephone=site().contact_phone), created_at=clock.now())
        fields = words.PUBLIC_HEADS
        run(access_log.exported, [], subject=SUBJECT, form="pdf", conditions=title_of(row), fields=fields)
        name = words.file_name(row, "議決の結果", row.held_at)
        return attached(iter([content]), name=f"{name}.pdf", media_type=pdf.MIMETYPE)

    @expose("/export-xlsx/")
    @permit(_P.EXPORT)
    def export_xlsx(self) -> Response:
        """Figures by group and channel, and who voted how for whoever may see it."""
        row, found, fixed, quorum = self._taken()
        session, names = db.session(), may_see_votes()
        held = ranges(members_on_roll(session, row.id)) if names else []
        fields = result_sheets.fields(found, nominal=names)
        run(access_log.exported, held, subject=SUBJECT, form="xlsx", conditions=title_of(row), fields=fields)
        sheets = result_sheets.sheets(
            db.session(), row.id, found, quorum, nominal=names, corrected=bool(fixed) and row.state not in reads.FIXED
        )
        name = words.file_name(row, "議決の結果", row.held_at)
        return attached(plain_workbook(sheets), name=f"{name}.xlsx", media_type=MIMETYPE)

    @expose("/export-kit/")
    @permit(_P.REPLY_CHOICES_SEE)
    def export_kit(self) -> Any:
        """再計算キット, with every vote by name; where it is kept in, the page of the result says why."""
        if not (may_see_votes() and viewer.can(_P.EXPORT)):
            abort(403)
        row = self.row_asked()
        name = words.file_name(row, KIT, row.held_at)
        try:
            file = _kit(row.id, title=title_of(row))
        except NotFound:
            abort(404)
        except Refusal as refusal:
            flash(refusal.sentence, "danger")
            return self.index(), 409
        return attached(in_pieces(file), name=f"{name}.zip", media_type=MEDIA_TYPE)

    def _taken(self) -> tuple[Assembly, list[reads.ItemResult], list[Any], Any]:
        """What leaves as a file; 404 before anything was decided."""
        if not viewer.can(self.see):
            abort(403)
        session, row = db.session(), self.row_asked()
        found, fixed = reads.results_of(session, row.id), reads.fixed_results(session, row.id)
        if not reads.is_decided(found):
            abort(404)
        quorum = kept_quorum(fixed[0].quorum) if fixed and row.state in reads.FIXED else None
        return row, found, fixed, quorum


def _kit(number: int, *, title: str) -> IO[bytes]:
    """A kit that was noted as leaving, in a temporary file. Refusals: not_found, kit_not_ready, stale, kit_differs."""
    session = db.session()
    kits.require_noted(session, number)
    held = ranges(members_on_roll(session, number))

    def leaves(session: Session, no: int, sha256: str) -> bool:
        if not kits.let_out(session, number, no=no, sha256=sha256, actor=actor(), now=clock.now()):
            return False
        said, fields = f"{title}　SHA-256 {sha256}", ["会員", "議決権", "賛否", "行使の方法"]
        access_log.exported(session, held, subject=f"LIST:{KIT}", form="zip", conditions=said, fields=fields)
        return True

    with ExitStack() as unless_it_leaves:
        file = unless_it_leaves.enter_context(tempfile.TemporaryFile())
        facts = kit_facts(session, number)
        if not run(leaves, facts.fixed.no, zipped(files_of(facts), file)):
            log.error("the kit of assembly %s is not the one that was noted", number)
            raise Refusal("kit_differs", kits.DIFFERS)
        unless_it_leaves.pop_all()
    return file


def _consents(one: reads.ItemResult) -> list[tuple[str, str]]:
    """What was recorded before, the newest first."""
    return [(f"第{row.no}回の記録", result_sheets.consent_row(row, one.item.consent)) for row in one.consents]


def _given(one: reads.ItemResult, member_id: int, given: Mapping[int, reads.Given]) -> tuple[str, str]:
    """Choice and channel, or why there is none."""
    if member_id in {number for number, _name in one.conflicts}:
        return "議決権なし", ""
    found = given.get(one.item.id)
    return (CHOICE_LABELS[found.choice], VOTE_CHANNEL_LABELS[found.channel]) if found else ("出席なし", "")


def _tables(found: reads.Breakdown | None) -> list[tuple[str, Sequence[tuple[str, list[reads.Part]]]]]:
    """Two tables: by group and by channel, each row with 賛成, 反対, 棄権."""
    if found is None:
        return []
    groups = [
        (GROUP_LABELS[group], [found.groups.get((group, choice), reads.NOTHING) for choice in Choice])
        for group in Group
    ]
    channels = [
        (VOTE_CHANNEL_LABELS[channel], [found.channels.get((channel, choice), reads.NOTHING) for choice in Choice])
        for channel in VoteChannel
    ]
    return [("グループ", groups), ("行使の方法", channels)]
