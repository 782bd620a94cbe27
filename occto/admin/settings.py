"""設定: figures of legal weight with their source. Two persons change those that the assemblies begin with."""

from typing import Any

from flask import abort, request, url_for
from flask_admin import BaseView, expose
from sqlalchemy.orm import Session

from occto import clock
from occto.access import actor, permit, viewer
from occto.admin.base import Facts, Screen, Table, link
from occto.admin.picking import sent
from occto.admin.verb_view import Door, Doors, Preview
from occto.domain.assembly import title_of
from occto.domain.dated_settings import DATED, Dated, SettingName, in_force, settings_with, value_in, value_words
from occto.domain.dates import format_date, format_instant, today_jst
from occto.domain.permissions import Permission
from occto.domain.proposals import ProposalKind
from occto.domain.settings import LEGAL_SETTINGS
from occto.extensions import db
from occto.forms.settings import sent_value, setting_form, shown_value
from occto.models import Proposal
from occto.queries import settings as reads
from occto.services.proposals import open_proposal
from occto.services.settings import propose_setting, read_dated

SINCE_EVER = "はじめから"
PROPOSED = "二人目の確認を依頼しました。確認されるまで、設定は変わりません。"
KEPT = "登録済みの総会は、登録したときの値のままです。変えるときは、総会ごとに「定足数・回答の決まり」から変更してください。"


def _asked_name() -> SettingName:
    name = request.values.get("name", "")
    if name not in SettingName.__members__:
        abort(404)
    return SettingName(name)


def setting_parts(session: Session, proposal: Proposal) -> list[Facts | Table]:
    """What the second person has to see: the value before and then, its source, and the assemblies that keep theirs."""
    asked = read_dated(proposal.values)
    before = value_words(asked.name, proposal.values["before"])
    rows = [("項目", DATED[asked.name].title), ("依頼したときの値", before), *_dated_facts(asked)]
    return [Facts("依頼の内容", rows), _keeping(session, asked)]


def _dated_facts(asked: Dated) -> list[tuple[str, Any]]:
    return [
        ("新しい値", value_words(asked.name, asked.value)),
        ("根拠", asked.source),
        ("始まる日", format_date(asked.effective_on)),
    ]


def _keeping(session: Session, asked: Dated) -> Table:
    rows = [
        (link(title_of(one), "assemblies.details_view", one.id, Permission.ASSEMBLY_SEE), format_instant(one.held_at))
        for one in reads.already_registered(session, asked.effective_on)
    ]
    return Table(
        "値が変わらない、登録済みの総会",
        ("総会", "開催日時"),
        rows,
        empty="この日からあとに開く、登録済みの総会はありません。",
    )


class SettingsView(Doors, Screen, BaseView):
    """設定: what assemblies begin with, and what a release alone changes."""

    see = Permission.SETTINGS_SEE

    def __init__(self) -> None:
        super().__init__(name="設定", endpoint="settings", url="settings")

    @expose("/")
    def index(self) -> str:
        today = today_jst(clock.now())
        entered = reads.entered_settings(db.session())
        held, usual = in_force(entered, today), settings_with((), today)
        coming = {
            name: sorted(
                (one for one in entered if one.name is name and one.effective_on > today),
                key=lambda one: one.effective_on,
            )
            for name in SettingName
        }
        lines = []
        for name, setting in DATED.items():
            one = held.get(name)
            lines.append(
                {
                    "title": setting.title,
                    "url": url_for("settings.item", name=name.value),
                    "value": value_words(name, one.value if one else value_in(usual, name)),
                    "source": one.source if one else setting.source,
                    "since": format_date(one.effective_on) if one else SINCE_EVER,
                    "coming": [
                        f"{format_date(next_.effective_on)}から {value_words(name, next_.value)}"
                        for next_ in coming[name]
                    ],
                }
            )
        return self.render("admin/settings.html", lines=lines, fixed=LEGAL_SETTINGS)

    @expose("/item/")
    def item(self) -> str:
        """One setting: its value today, what is coming, and all that was set."""
        name, session, today = _asked_name(), db.session(), today_jst(clock.now())
        held = in_force(reads.entered_settings(session), today).get(name)
        value = held.value if held else value_in(settings_with((), today), name)
        facts = [
            ("いまの値", value_words(name, value)),
            ("根拠", held.source if held else DATED[name].source),
            ("始まる日", format_date(held.effective_on) if held else SINCE_EVER),
        ]
        rows = [
            (
                format_date(one.dated.effective_on),
                value_words(name, one.dated.value),
                one.dated.source,
                one.proposed_by,
                one.confirmed_by,
                one.reason,
            )
            for one in reads.history(session, name)
        ]
        heads = ("始まる日", "値", "根拠", "依頼した方", "確認した方", "理由")
        waiting = open_proposal(session, ProposalKind.SETTING, f"SETTING:{name}")
        return self.render(
            "admin/setting.html",
            heading=DATED[name].title,
            facts=facts,
            parts_below=[Table("これまでの変更", heads, rows, empty="変更したことはありません。")],
            kept=KEPT,
            waiting=waiting,
            change_url=url_for("settings.change", name=name.value)
            if waiting is None and viewer.can(Permission.SETTINGS_PROPOSE)
            else None,
        )

    @expose("/change/", methods=("GET", "POST"))
    @permit(Permission.SETTINGS_PROPOSE)
    def change(self) -> Any:
        """A value from a day on, for a second person."""
        name, session, now = _asked_name(), db.session(), clock.now()
        today = today_jst(now)
        held = value_in(reads.new_assembly_settings(session, today), name)
        form = sent(setting_form(name), {"value": shown_value(name, held)}, today=today)
        door = Door(
            "設定を変更する",
            "二人目の確認を依頼する",
            ("設定の項目へ戻る", url_for("settings.item", name=name.value)),
            lead=f"別の方が確認すると、始まる日から新しい値になります。{KEPT}",
            caption=DATED[name].title,
            facts=[("いまの値", value_words(name, held))],
            hidden={"name": name.value},
        )

        def act(session: Session) -> str:
            number = propose_setting(
                session,
                name,
                value=sent_value(form),
                source=form["source"].data,
                effective_on=form["effective_on"].data,
                reason=form["reason"].data,
                actor=actor(),
                now=now,
            )
            return url_for("proposals.details_view", id=number)

        def preview() -> Preview:
            asked = Dated(name, sent_value(form), form["source"].data, form["effective_on"].data)
            return Preview((), [Facts("依頼する内容", _dated_facts(asked)), _keeping(session, asked)])

        return self.go_through(door, form, act, done=PROPOSED, preview=preview)
