"""届出 and 異議 of a member: who of its family holds the votes, consent, withdrawal, and what it objects to."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from flask import Blueprint, abort, flash, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from occto import clock
from occto import election_words as words
from occto.access import actor, permit, viewer
from occto.domain.assembly import UNFROZEN
from occto.domain.dates import today_jst
from occto.domain.elections import check_named, consent_missing
from occto.domain.errors import NotAllowed, NotFound, Refusal
from occto.domain.numbers import clamped_id
from occto.domain.permissions import Permission
from occto.domain.votes import group_title
from occto.extensions import db
from occto.forms.base import BaseForm
from occto.forms.elections import HolderForm, ObjectionForm, sent_number
from occto.queries import elections as reads
from occto.queries import objections as objection_reads
from occto.queries.elections import FamilyOnRecord
from occto.services import elections, objections
from occto.views.tools import new_form_id, once

if TYPE_CHECKING:
    from occto.models import Assembly

pages = Blueprint("holder", __name__, url_prefix="/assemblies")
CONFIRMED, AGAIN = "confirmed", "again"
_SEE, _FILE = Permission.ASSEMBLIES_SEE, Permission.ASSEMBLIES_FILE
NOT_ON_ROLL = "貴社は、この日の名簿に載っていないため、議決権を行使する会社の届出はありません。"


def _member_id() -> int:
    if viewer.member_id is None:
        abort(404)
    return viewer.member_id


def _assembly(assembly_id: int | None) -> "Assembly | None":
    """The assembly asked for, None for standing 届出; 404 where members see none."""
    if assembly_id is None:
        return None
    found = objection_reads.shown_assembly(db.session(), assembly_id)
    if found is None:
        abort(404)
    return found


def _is_open(assembly: "Assembly | None") -> bool:
    return assembly is None or assembly.state in UNFROZEN


def _home(assembly: "Assembly | None") -> str:
    if assembly is None:
        return url_for("holder.standing")
    return url_for("holder.of_assembly", assembly_id=assembly.id)


@pages.get("/holder")
@permit(_SEE)
def standing() -> str:
    """Standing 届出, and all that the member filed."""
    return _overview(None)


@pages.get("/<int:assembly_id>/holder")
@permit(_SEE)
def of_assembly(assembly_id: int) -> str:
    """Who of the family holds the votes of an assembly, and the 届出 for it."""
    return _overview(assembly_id)


def _overview(assembly_id: int | None) -> str:
    assembly, session, member_id = _assembly(assembly_id), db.session(), _member_id()
    found = reads.family_of(session, member_id, assembly, today=today_jst(clock.now()))
    concerning = reads.asking_for(session, found, assembly_id) if found is not None else []
    known = {one.id for one in concerning}
    past = [one for one in reads.of_member(session, member_id) if one.id not in known]
    is_open = _is_open(assembly)
    may_file = viewer.can(_FILE) and is_open and found is not None and bool(found.family.concerned(None))
    return render_template(
        "holder/index.html",
        assembly=assembly,
        title=words.scope_title(assembly),
        is_open=is_open,
        found=found,
        rows=words.family_rows(found) if found is not None else [],
        day=words.day_words(found, assembly) if found is not None else "",
        lines=concerning,
        past=past,
        words=words,
        may_file=may_file,
        may_object=viewer.can(_FILE) and assembly is not None and is_open,
        not_on_roll=NOT_ON_ROLL,
        new_url=url_for("holder.new_standing")
        if assembly_id is None
        else url_for("holder.new_of_assembly", assembly_id=assembly_id),
    )


@pages.route("/holder/new", methods=("GET", "POST"))
@permit(_FILE)
def new_standing() -> Any:
    """A 届出 for all assemblies to come."""
    return _new(None)


@pages.route("/<int:assembly_id>/holder/new", methods=("GET", "POST"))
@permit(_FILE)
def new_of_assembly(assembly_id: int) -> Any:
    """A 届出 for one assembly."""
    return _new(assembly_id)


def _new(assembly_id: int | None) -> Any:
    assembly = _assembly(assembly_id)
    found = reads.family_of(db.session(), _member_id(), assembly, today=today_jst(clock.now()))
    if found is None:
        abort(404)
    form = HolderForm(request.form if request.method == "POST" else None)
    offer(form, found)
    if request.method == "GET" or AGAIN in request.form:
        return _form_page(assembly, found, form)
    if not form.validate():
        return _form_page(assembly, found, form), 422
    group, holder_id = form.asked_group, sent_number(form["holder"].data)
    try:
        node = next(node for node, number in found.member_ids.items() if number == holder_id)
        check_named(found.family, group=group, holder=node)
    except Refusal as refusal:
        form.add_error(refusal.field, refusal.sentence)
        return _form_page(assembly, found, form), 409
    if CONFIRMED not in request.form:
        return _check_page(assembly, found, form, node)

    def act(session: Session) -> str:
        made = elections.file_election(
            session, assembly_id=assembly_id, group=group, holder_id=holder_id, actor=actor(), now=clock.now()
        )
        return url_for("holder.filing", election_id=made)

    return _answered(form, act, lambda: _form_page(_assembly(assembly_id), found, form), "届出を受け付けました。")


def offer(form: HolderForm, found: FamilyOnRecord) -> None:
    """Put the groups and companies of a family into the form."""
    concerned = found.family.concerned(None)
    nodes = sorted(found.family.candidates(None), key=lambda node: found.names[node])
    form.offer(list(concerned), [(found.member_ids[node], found.names[node]) for node in nodes])
    form["holder"].choice_hints = {
        str(found.member_ids[node]): "、".join(
            words.group_title(group) for group, unit in concerned.items() if node in unit.members
        )
        for node in nodes
    }


def _form_page(assembly: "Assembly | None", found: FamilyOnRecord, form: HolderForm) -> str:
    return render_template(
        "holder/new.html",
        assembly=assembly,
        title=words.scope_title(assembly),
        home=_home(assembly),
        is_open=_is_open(assembly),
        now_held=[
            (row["title"], [f"いまは {row['holder']}", row["reason"]])
            for row in words.family_rows(found)
            if row["several"]
        ],
        form=form,
        errors=bool(form.errors or form.form_errors),
    )


def _check_page(assembly: "Assembly | None", found: FamilyOnRecord, form: HolderForm, holder: int) -> str:
    group = form.asked_group
    missing = consent_missing(found.family, group=group, holder=holder, signed=frozenset({found.own}))
    facts = [
        ("行使する会社", found.names[holder]),
        ("対象のグループ", group_title(group)),
        ("対象の総会", words.scope_title(assembly)),
        ("届け出る会社", found.names[found.own]),
    ]
    changes = [
        (group_title(each), f"1 / {found.family.shares[each]:,}", found.names[unit.holder], found.names[holder])
        for each, unit in found.family.concerned(group).items()
        if holder in unit.members
    ]  # fmt: skip
    return render_template(
        "holder/check.html",
        assembly=assembly,
        title=words.scope_title(assembly),
        home=_home(assembly),
        facts=facts,
        heads=words.MOVE_HEADS,
        changes=changes,
        missing=[found.names[node] for node in sorted(missing, key=lambda node: found.names[node])],
        typed=[(one.name, one.raw_value) for one in form],
        confirmed=CONFIRMED,
        again=AGAIN,
        form_id=new_form_id(),
    )


@pages.get("/holder/filings/<int:election_id>")
@permit(_SEE)
def filing(election_id: int) -> str:
    """One 届出: what it says, where it stands, what it changes."""
    return _filing_page(election_id, BaseForm())


def _filing_page(election_id: int, form: BaseForm) -> str:
    seen = reads.seen_by(db.session(), election_id, member_id=_member_id(), today=today_jst(clock.now()))
    if seen is None:
        abort(404)
    line = seen.line
    may = viewer.can(_FILE) and _is_open(line.assembly)
    return render_template(
        "holder/filing.html",
        assembly=line.assembly,
        line=line,
        facts=words.filing_facts(line),
        heads=words.MOVE_HEADS,
        changes=words.move_rows(seen.moves),
        state=line.state,
        waits=seen.waits,
        may_countersign=may and seen.waits,
        may_withdraw=may and line.filed_by_id == viewer.member_id and line.state not in elections.OVER,
        home=_home(line.assembly),
        title=words.scope_title(line.assembly),
        form=form,
        form_id=new_form_id(),
        errors=bool(form.form_errors),
    )


@pages.post("/holder/filings/<int:election_id>/countersign")
@permit(_FILE)
def countersign(election_id: int) -> Any:
    """The company that would otherwise hold the votes consents."""

    def act(session: Session) -> str:
        elections.countersign(session, election_id, seen_version=_version(), actor=actor(), now=clock.now())
        return url_for("holder.filing", election_id=election_id)

    form = BaseForm(request.form)
    done = "同意を受け付けました。届出は有効になりました。"
    return _answered(form, act, lambda: _filing_page(election_id, form), done)


@pages.post("/holder/filings/<int:election_id>/withdraw")
@permit(_FILE)
def withdraw(election_id: int) -> Any:
    """The company that filed takes it back."""

    def act(session: Session) -> str:
        elections.withdraw(session, election_id, seen_version=_version(), actor=actor(), now=clock.now())
        return url_for("holder.filing", election_id=election_id)

    form = BaseForm(request.form)
    return _answered(form, act, lambda: _filing_page(election_id, form), "届出を取り下げました。")


@pages.route("/<int:assembly_id>/objection", methods=("GET", "POST"))
@permit(_SEE)
def objection(assembly_id: int) -> Any:
    """What the member says against its votes before the freeze, and the answers."""
    assembly = _assembly(assembly_id)
    assert assembly is not None
    form = ObjectionForm(request.form if request.method == "POST" else None)
    if request.method == "GET":
        return _objection_page(assembly_id, form)
    if not viewer.can(_FILE):
        abort(403)
    if not form.validate():
        return _objection_page(assembly_id, form), 422

    def act(session: Session) -> str:
        objections.object_to_votes(session, assembly_id, body=form["body"].data, actor=actor(), now=clock.now())
        return url_for("holder.objection", assembly_id=assembly_id)

    done = "お申し出を受け付けました。当機関で確かめて、回答をメールでお知らせします。"
    return _answered(form, act, lambda: _objection_page(assembly_id, form), done)


def _objection_page(assembly_id: int, form: BaseForm) -> str:
    assembly = _assembly(assembly_id)
    return render_template(
        "holder/objection.html",
        assembly=assembly,
        title=words.scope_title(assembly),
        home=_home(assembly),
        lines=objection_reads.of_member(db.session(), assembly_id, member_id=_member_id()),
        is_open=_is_open(assembly),
        may_file=viewer.can(_FILE) and _is_open(assembly),
        form=form,
        form_id=new_form_id(),
        errors=bool(form.errors or form.form_errors),
    )


def _version() -> int:
    return clamped_id(request.form.get("version")) or 0


def _answered(form: BaseForm, act: Callable[[Session], str], page: Callable[[], str], done: str) -> Any:
    """Do the act once and say so, or show the page again with the refusal on it."""
    try:
        answer: Response = once(act)
    except (NotFound, NotAllowed):
        raise
    except Refusal as refusal:
        form.add_error(refusal.field, refusal.sentence)
        return page(), 409
    flash(done, "success")
    return answer
