"""The list of assemblies and the page of one: facts, documents, agenda, own votes, own reply, the calendar."""

from datetime import datetime

from flask import Response, current_app, render_template, url_for

from occto import calendar_file, clock
from occto import reply_words as words
from occto.access import permit, viewer
from occto.domain.agenda import NO_VOTE, item_title
from occto.domain.assembly import CLOSED, UNFROZEN, AssemblyState, title_of
from occto.domain.dates import format_instant
from occto.domain.permissions import Permission
from occto.domain.tickets import brings_somebody, standing_of
from occto.extensions import db
from occto.own_vote_words import own_votes_in_words
from occto.queries import assemblies_member as reads
from occto.queries.own_votes import own_votes
from occto.queries.replies import Standing, agenda, standing
from occto.queries.results import PUBLIC
from occto.queries.tickets import ISSUING
from occto.queries.tickets_shown import good_tickets_of
from occto.views.assemblies.blueprint import NOT_YET, arrived, member_id, pages, place, sees_choices
from occto.views.tools import download

_ANSWERED_OTHERWISE = frozenset({AssemblyState.NOTIFIED, AssemblyState.REPLIES_OPEN, AssemblyState.REPLIES_CLOSED})
"""Notified and not yet held: a member can still answer on paper or come."""
_STOPPED = frozenset({AssemblyState.POSTPONED, AssemblyState.CANCELLED})


@pages.get("/")
@permit(Permission.ASSEMBLIES_SEE)
def index() -> str:
    """Every assembly that members see: those to come with their deadline, then the past ones."""
    now = arrived()
    cards = reads.cards(db.session(), member_id())
    over = [one for one in cards if one.meeting.state in CLOSED and not _still_told(one, now)]
    coming = sorted(
        (one for one in cards if one not in over),
        key=lambda one: (not _asked(one, now), one.meeting.held_at, one.meeting.id),
    )
    return render_template(
        "assemblies/index.html",
        coming=[_card(one, now) for one in coming],
        past=[_card(one, now) for one in over],
        may_reply=viewer.can(Permission.ASSEMBLIES_REPLY),
    )


def _still_told(card: reads.Card, now: datetime) -> bool:
    """Whether it was postponed or cancelled and its day has not come: members may still expect it."""
    return card.meeting.state in _STOPPED and card.meeting.held_at > now


def _asked(card: reads.Card, now: datetime) -> bool:
    """Whether it waits for the reply of this member, and so stands first."""
    return card.on_roll and not card.replied and card.meeting.is_open(now)


def _card(card: reads.Card, now: datetime) -> dict[str, object]:
    meeting = card.meeting
    return {
        "card": card,
        "meeting": meeting,
        "title": title_of(meeting),
        "facts": words.facts(meeting),
        "stopped": meeting.state in _STOPPED,
        "result": meeting.state in PUBLIC,
        "early": meeting.state in NOT_YET,
        "open": meeting.is_open(now),
        "left": words.time_left(meeting.reply_until, now) if meeting.reply_until else None,
    }


@pages.get("/<int:assembly_id>")
@permit(Permission.ASSEMBLIES_SEE)
def assembly(assembly_id: int) -> str:
    """One assembly in full."""
    here, session, now = place(assembly_id), db.session(), arrived()
    votes = own_votes(session, here.id, member_id())
    items = agenda(session, here.id, member_id=member_id())
    stood = standing(session, here.id, member_id())
    proxy = stood.reply.answer.proxy_member_id if stood else None
    other = reads.member_on_roll(session, here.id, member_id=proxy) if proxy else None
    meeting = here.meeting
    return render_template(
        "assemblies/assembly.html",
        here=here,
        meeting=meeting,
        stopped=meeting.state in _STOPPED,
        result=meeting.state in PUBLIC,
        early=meeting.state in NOT_YET,
        unfrozen=meeting.state in UNFROZEN,
        to_come=now < meeting.held_at,
        replying=meeting.state in _ANSWERED_OTHERWISE,
        facts=words.facts(meeting),
        left=words.time_left(meeting.reply_until, now) if meeting.is_open(now) and meeting.reply_until else None,
        votes=own_votes_in_words(votes) if votes is not None else None,
        items=[(item_title(one), words.item_note(one), one) for one in items],
        no_vote=NO_VOTE,
        files=reads.files_of(session, here.id),
        stood=stood.reply if stood else None,
        rows=words.answer_rows(
            stood.reply.answer, items, other=other, choices=sees_choices(), on_paper_at=stood.reply.on_paper_at
        )
        if stood
        else [],
        receipts=meeting.state not in _BEFORE_CLOSING,
        tickets=good_tickets_of(session, here.id, member_id()),
        no_tickets=_no_tickets(meeting.state, stood),
        standing_of=standing_of,
    )


def _no_tickets(state: AssemblyState, stood: Standing | None) -> str:
    """Why the member has no 受付票, for where it has none; empty where that goes without saying."""
    if state not in ISSUING:
        return ""
    answer = stood.reply.answer if stood else None
    if answer is None or not brings_somebody(answer):
        if state in _BEFORE_CLOSING:
            return "出席または代理出席（会員でない代理人）の回答をいただくと、来場する方の受付票をここに表示します。"
        return "来場する方についての回答をいただいていないため、受付票はありません。当日お越しになる場合は、受付でお申し出ください。"
    return "受付票を準備しています。1分ほどたってから、もう一度開いてください。"


_BEFORE_CLOSING = NOT_YET | {AssemblyState.REPLIES_OPEN}


@pages.get("/<int:assembly_id>/documents/<int:attachment_id>")
@permit(Permission.ASSEMBLIES_SEE)
def document(assembly_id: int, attachment_id: int) -> Response:
    """A document, in the states in which members see the assembly."""
    session = db.session()
    meeting = reads.shown_meeting(session, assembly_id)
    file, content = reads.file_of(session, meeting.id, attachment_id)
    return download(content, name=file.name, media_type=file.media_type)


@pages.get("/<int:assembly_id>/event.ics")
@permit(Permission.ASSEMBLIES_SEE)
def event(assembly_id: int) -> Response:
    """The assembly for a calendar; one that was postponed or cancelled takes its entry out again."""
    meeting = reads.shown_meeting(db.session(), assembly_id)
    base = str(current_app.config["BASE_URL"])
    url = f"{base}{url_for('meetings.assembly', assembly_id=meeting.id)}"
    stopped = meeting.state in _STOPPED
    lines = [
        "電力広域的運営推進機関の総会です。",
        f"この総会は{words.STATE_WORDS[meeting.state]}になりました。" if stopped else "",
        f"回答の締切：{format_instant(meeting.reply_until)}" if meeting.reply_until and not stopped else "",
        url,
    ]
    content = calendar_file.event(
        uid=f"assembly-{meeting.id}@{base.partition('://')[2].partition('/')[0].partition(':')[0]}",
        title=title_of(meeting),
        starts_at=meeting.held_at,
        place=meeting.place,
        text="\n".join(filter(None, lines)),
        url=url,
        now=clock.now(),
        sequence=meeting.version,
        cancelled=stopped,
    )
    return download(content, name=f"{words.file_name(meeting, '総会')}.ics", media_type=calendar_file.MEDIA_TYPE)
