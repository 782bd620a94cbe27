"""採決 of one item: its sheet, members that vote otherwise, and its decision. No rule stands here."""

from collections.abc import Callable
from typing import Any

from flask import abort, flash, request, url_for
from flask_admin import expose
from sqlalchemy import select
from sqlalchemy.orm import Session

from occto import clock
from occto.access import actor, viewer
from occto.admin.assembly_menu import about, pages_of
from occto.admin.base import Facts, Table, clamped_id, search_term
from occto.admin.sent import sent_form, sent_version
from occto.admin.verb_view import Door, Doors, Preview
from occto.admin.voting_words import HEADS, Tally, decided_facts, late_words, stranded_words, tally_facts
from occto.desk_words import unsettled_words
from occto.domain.agenda import ItemKind, item_title
from occto.domain.assembly import AssemblyState, title_of
from occto.domain.errors import NotFound, Refusal
from occto.domain.hall import day_of
from occto.domain.permissions import Permission
from occto.domain.reception import ADMITTING
from occto.domain.tally import Choice
from occto.extensions import db
from occto.forms.base import BaseForm
from occto.forms.voting import CHOICES, DecideForm, FloorVotesForm, SheetForm
from occto.models import AgendaItem, Assembly, ItemDecision, VoteSheet
from occto.queries.assembly_page import agenda_of
from occto.queries.at_hall import Hall
from occto.queries.desks import unsettled
from occto.queries.hall_board import hall_of_item
from occto.queries.item_sheet import exceptions_of, voters_named
from occto.queries.item_votes import shown_of, stranded, tally_of_item
from occto.queries.late_arrivals import late_arrivals
from occto.services import resolutions
from occto.views.tools import new_form_id, once, see_other

_BOTH = ("GET", "POST")
FOUND, LISTED = 20, 200
_AT_THE_HALL = ADMITTING | {AssemblyState.RESULT_FIXED, AssemblyState.PUBLISHED, AssemblyState.FINISHED}
_UNKNOWN = "賛否を、もう一度選んでください。"


class VotingItems(Doors):
    """Pages of `voting.VotingView` about one item, named by `id`."""

    def _item(self) -> tuple[Assembly, AgendaItem]:
        """The item that the request is about; 404 where there is none that is put to vote."""
        number = clamped_id(request.values.get("id", ""))
        item = db.session.get(AgendaItem, number) if number is not None else None
        if item is None or item.kind is ItemKind.REPORT:
            abort(404)
        return about(db.session.get_one(Assembly, item.assembly_id)), item

    @expose("/item/")
    def item(self) -> str:
        """The sheet of an item: the votes as they stand, by channel, with what they come to."""
        session, (row, item) = db.session(), self._item()
        hall, term = _hall(row, item), search_term()
        sheet = session.get(VoteSheet, item.id)
        tally = _tally(hall, item)
        form = SheetForm(
            data={
                "floor_choice": sheet.floor_choice if sheet else None,
                "chair_cast": sheet.chair_cast if sheet else None,
            }
        )
        named = row.state is AssemblyState.VOTING or viewer.can(Permission.REPLY_CHOICES_SEE)
        conflicts = next(line.conflicts for line in agenda_of(session, row.id) if line.item.id == item.id)
        return self.render(
            "admin/voting_item.html",
            row=row,
            item=item,
            heading=item_title(item),
            caption=title_of(row),
            pages=pages_of(row, at="voting.index"),
            heads=HEADS,
            tally=tally,
            open=row.state is AssemblyState.VOTING and item.withdrawn_at is None and item.notified_at is not None,
            form=form,
            sheet_version=sheet.version if sheet else 0,
            named=named,
            exceptions=exceptions_of(session, hall, item.id, limit=LISTED) if named else [],
            listed=LISTED,
            term=term,
            found=voters_named(session, hall, item.id, term, limit=FOUND) if named and term else [],
            choices=CHOICES,
            conflicts=conflicts,
            decisions=[(one, decided_facts(one)) for one in decisions_of(session, item.id)],
            new_form_id=new_form_id,
            unsettled=unsettled_of(row),
            late=late_words(late_arrivals(session, row.id, item_id=item.id), state=row.state),
            stranded=_stranded_words(row, hall, item),
        )

    @expose("/sheet/", methods=("POST",))
    def sheet(self) -> Any:
        """The hall as one, and what the chair declares."""
        _row, item = self._item()
        number, version, form = item.id, sent_version(), SheetForm(request.form)

        def act(session: Session) -> None:
            resolutions.record_sheet(
                session,
                number,
                floor_choice=_choice(form.floor_choice.data),
                chair_cast=_choice(form.chair_cast.data),
                seen_version=version,
                actor=actor(),
                now=clock.now(),
            )

        return self._do(form, act, number, done="採決の記録を保存しました。")

    @expose("/vote/", methods=("POST",))
    def vote(self) -> Any:
        """One member that votes otherwise, or no longer does."""
        _row, item = self._item()
        number, version = item.id, sent_version()
        member_id, sent = clamped_id(request.form.get("member", "")) or 0, request.form.get("choice")
        choice = _choice(sent)
        if choice is None and sent != "":
            flash(_UNKNOWN, "danger")
            return see_other("voting.item", id=number)

        def act(session: Session) -> None:
            resolutions.record_floor_vote(
                session,
                number,
                member_id,
                choice=choice,
                seen_version=version,
                actor=actor(),
                now=clock.now(),
            )

        return self._do(
            BaseForm(), act, number, done="会員の賛否を記録しました。" if choice else "個別の賛否を外しました。"
        )

    @expose("/votes/", methods=_BOTH)
    def votes(self) -> Any:
        """Many members that vote otherwise, by their codes."""
        row, item = self._item()
        number, form, there = item.id, FloorVotesForm(sent_form()), url_for("voting.item", id=item.id)

        def act(session: Session) -> str:
            resolutions.record_floor_votes(
                session,
                number,
                form.wanted(),
                choice=Choice(form.choice.data),
                actor=actor(),
                now=clock.now(),
            )
            return there

        door = Door(
            "事業者コードでまとめて記録する",
            "この賛否で記録する",
            ("議案の採決の画面へ戻る", there),
            lead="会場で、ほかの会員とちがう賛否を示した会員を、まとめて記録します。1社でも記録できないものがあるときは、何も記録しません。",
            caption=f"{title_of(row)}　{item_title(item)}",
            hidden={"id": number},
        )
        return self.go_through(door, form, act, done="会員の賛否を記録しました。")

    @expose("/decide/", methods=_BOTH)
    def decide_item(self) -> Any:
        """議案を採決する: what was on the screen is what is decided.

        Everything on a page comes from one counting, that of its request, and so does `seen`, which goes back with it.
        """
        session, (row, item) = db.session(), self._item()
        number, hall, there = item.id, _hall(row, item), url_for("voting.item", id=item.id)
        tally, form = _tally(hall, item), DecideForm(sent_form())
        if not tally.tied:
            del form.chair_choice
        if last_of(session, number) is None:
            del form.reason
        facts, sent = tally_facts(tally), request.form.get("seen", "")[:64]

        def act(writing: Session) -> str:
            values = {one.name: one.data for one in form}
            if "chair_choice" in values:
                values["chair_choice"] = _choice(values["chair_choice"])
            resolutions.decide_item(
                writing, number, seen=sent, **values, actor=actor(), now=clock.now(), at_lock=clock.now
            )
            return there

        def preview() -> Preview:
            words = [f"まだ記録されていないものがあります：{'、'.join(tally.missing)}。"] if tally.missing else []
            words += unsettled_sentences(row)
            return Preview(words, [Facts("採決の内容", facts), Table("方法ごとの票数", HEADS, tally.cells)])

        door = Door(
            "議案を採決する",
            "この票数で採決する",
            ("議案の採決の画面へ戻る", there),
            lead="次の画面で、票数と結果を確かめてから採決します。",
            caption=f"{title_of(row)}　{item_title(item)}",
            facts=facts,
            hidden={"id": number, "seen": shown_of(session, item, tally.sums)},
        )
        return self.go_through(door, form, act, done="採決を記録しました。", preview=preview, version=0)

    def _do(self, form: BaseForm, act: Callable[[Session], None], number: int, *, done: str) -> Any:
        """A form on the page of the item: back to it, with the refusal where there is one."""

        def there(session: Session) -> str:
            act(session)
            return url_for("voting.item", id=number)

        if not form.validate():
            flash(_UNKNOWN, "danger")
            return see_other("voting.item", id=number)
        try:
            answer = once(there)
        except NotFound:
            abort(404)
        except Refusal as refusal:
            flash(refusal.sentence, "danger")
            return see_other("voting.item", id=number)
        flash(done, "success")
        return answer


def _stranded_words(row: Assembly, hall: Hall, item: AgendaItem) -> str:
    """Before the doors open nobody is in the hall, and the line would name every mandate."""
    if row.state not in _AT_THE_HALL:
        return ""
    return stranded_words(stranded(db.session(), hall, item.id), decided=hall.as_at is not None)


def unsettled_of(row: Assembly) -> list[str]:
    """The desks in which arrivals may lie that are in no count, in words; none where no desk can send any more."""
    if row.state not in ADMITTING:
        return []
    now = clock.now()
    return [unsettled_words(one, now=now) for one in unsettled(db.session(), row.id, now=now)]


def unsettled_sentences(row: Assembly) -> list[str]:
    """The same as one sentence of a check page."""
    desks = unsettled_of(row)
    return [f"まだ送っていない受付が残っているかもしれない端末があります：{'、'.join(desks)}。"] if desks else []


def _hall(row: Assembly, item: AgendaItem) -> Hall:
    """The frozen votes; 404 before the freeze, when nothing can be put to vote."""
    hall = hall_of_item(db.session(), row, item.id, day=day_of(row.held_at, now=clock.now()))
    if hall is None:
        abort(404)
    return hall


def _tally(hall: Hall, item: AgendaItem) -> Tally:
    assert item.majority is not None
    return Tally(tally_of_item(db.session(), hall, item.id), item.majority)


def _choice(text: Any) -> Choice | None:
    return Choice(text) if text in Choice.__members__ else None


def decisions_of(session: Session, item_id: int) -> list[ItemDecision]:
    """Every decision on the item, the one that counts first."""
    found = select(ItemDecision).where(ItemDecision.item_id == item_id).order_by(ItemDecision.no.desc())
    return list(session.scalars(found))


def last_of(session: Session, item_id: int) -> ItemDecision | None:
    return next(iter(decisions_of(session, item_id)), None)
