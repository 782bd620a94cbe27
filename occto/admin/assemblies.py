"""総会: registered and corrected through a generated form, closed through two doors; what became known too late."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from flask import abort, request, url_for
from flask_admin import expose
from sqlalchemy.orm import Session

from occto import clock
from occto.access import actor, permit, viewer
from occto.admin.base import Facet, Facts, Order, Table, clamped_id, link
from occto.admin.verb_view import Door, Preview, VerbView
from occto.domain.assembly import AssemblyKind, AssemblyState, fiscal_year, record_date
from occto.domain.codes import Licence
from occto.domain.dates import JST, format_date, format_date_weekday, format_instant, today_jst
from occto.domain.permissions import Permission
from occto.domain.profile import ITEMS
from occto.extensions import db
from occto.forms.base import BaseForm
from occto.forms.office import AssemblyForm, CancelForm
from occto.labels import choices, label
from occto.models import Assembly
from occto.queries.assemblies import Late, late_facts
from occto.services import assemblies

_KINDS = {"relation": "資本関係", "roster": "名簿番号"}


def _year(_view: Any, _context: Any, row: Assembly, _name: str) -> str:
    return f"{row.fiscal_year}年度"


def _no(_view: Any, _context: Any, row: Assembly, _name: str) -> str:
    return f"第{row.no}回"


def _held(_view: Any, _context: Any, row: Assembly, _name: str) -> str:
    return format_instant(row.held_at)


def title_of(row: Assembly) -> str:
    """How an assembly is called: 2026年度 第1回 通常総会."""
    return f"{row.fiscal_year}年度 第{row.no}回 {label(row.kind)}"


class AssembliesView(VerbView):
    """総会. Fiscal year and record date follow from the day; the state changes through doors alone."""

    see, write = Permission.ASSEMBLY_SEE, Permission.ASSEMBLY_EDIT
    title, gap = "総会", True
    list_template, details_template = "admin/assemblies.html", "admin/assembly.html"
    column_list = ("held_at", "kind", "no", "state", "record_on", "place")
    column_details_list = ("state", "held_at", "record_on", "fiscal_year", "place")
    column_labels = {
        "held_at": "開催日時",
        "kind": "種類",
        "no": "回",
        "fiscal_year": "年度",
        "state": "状態",
        "record_on": "基準日",
        "place": "場所",
    }
    column_formatters = {"held_at": _held, "no": _no}
    column_formatters_detail = {"fiscal_year": _year}
    orders = {
        "record": Order("開催日の新しい順", Assembly.record_on, descending=True),
        "new": Order("登録の新しい順", Assembly.id, descending=True),
    }
    tagged = ("state",)
    facets = {
        "state": Facet("状態", Assembly.state, choices(AssemblyState)),
        "kind": Facet("種類", Assembly.kind, choices(AssemblyKind)),
    }
    form = AssemblyForm
    form_columns = ("kind", "no", "held_on", "held_time", "place")
    create_verb = staticmethod(assemblies.create_assembly)
    update_verb = staticmethod(assemblies.update_assembly)
    create_title, edit_title = "総会を登録する", "総会の登録を変更する"
    created, updated = "総会を登録しました。", "総会の登録を変更しました。"

    def heading(self, row: Assembly) -> str:
        return title_of(row)

    def values_of(self, row: Assembly) -> dict[str, Any]:
        local = row.held_at.astimezone(JST)
        return {"kind": row.kind, "no": row.no, "held_on": local.date(), "held_time": local.time(), "place": row.place}

    def preview(self, form: Any, row: Assembly | None) -> Preview:
        held_on = form.held_on.data
        record_on = record_date(held_on)
        sentences = []
        if record_on < today_jst(clock.now()):
            sentences.append(
                "基準日がすでに過ぎています。基準日までの日付の変更がこのあと登録されると、「基準日後判明」として記録します。"
            )
        if row is not None and row.record_on != record_on:
            sentences.append(f"基準日が {format_date(row.record_on)} から {format_date(record_on)} に変わります。")
        rows = [
            ("総会", f"{fiscal_year(held_on)}年度 第{form.no.data}回 {label(AssemblyKind(form.kind.data))}"),
            ("開催日時", f"{format_date_weekday(held_on)}{form.held_time.data:%H:%M}"),
            ("基準日", f"{format_date_weekday(record_on)}の終わりの登録で、議決権を数えます。"),
            ("場所", form.place.data),
        ]
        return Preview(sentences, [Facts("登録する内容", rows)])

    def details_page(self, row: Assembly) -> str:
        may = viewer.can(self.write)
        is_open = row.state not in assemblies.ENDINGS
        self._template_args["may_edit"] = may and row.state is AssemblyState.PREPARING
        self._template_args["may_finish"] = may and is_open and row.held_at <= clock.now()
        self._template_args["may_cancel"] = may and is_open
        return super().details_page(row)

    def below(self, row: Assembly) -> Sequence[Facts | Table]:
        found = late_facts(db.session(), row.id)
        rows = [
            (
                link(one.name, "members.details_view", one.member_id, Permission.MEMBER_SEE),
                about_in_words(one),
                format_instant(one.noted_at),
                one.change_id,
                label(one.outcome) if one.outcome else "要確認",
            )
            for one in found
        ]
        heads = ("会員", "変わった内容", "分かった日時", "名簿の変更の番号", "取扱い")
        after = format_date(row.record_on + timedelta(days=1))
        empty = f"基準日までの日付の変更で、{after}以後に登録されたものはありません。"
        return [Table("基準日後判明", heads, rows, empty)]

    @expose("/finish/", methods=("GET", "POST"))
    @permit(Permission.ASSEMBLY_EDIT)
    def finish(self) -> Any:
        """完了."""
        lead = "総会を完了にします。これより後に分かった変更は、この総会の「基準日後判明」には記録されません。"
        return self._close(AssemblyState.FINISHED, "総会を完了にする", "総会を完了にしました。", BaseForm, lead)

    @expose("/cancel/", methods=("GET", "POST"))
    @permit(Permission.ASSEMBLY_EDIT)
    def cancel(self) -> Any:
        """中止."""
        lead = "総会を中止にします。中止にすると、元に戻せません。"
        return self._close(AssemblyState.CANCELLED, "総会を中止にする", "総会を中止にしました。", CancelForm, lead)

    def _close(self, outcome: AssemblyState, title: str, done: str, form_class: type[BaseForm], lead: str) -> Any:
        row = self.get_one(request.values.get("id", ""))
        if row is None:
            abort(404)
        number = row.id
        posted = request.method == "POST"
        form: Any = form_class(request.form if posted else None, today=today_jst(clock.now()))
        version = (clamped_id(request.form.get("version")) or 0) if posted else row.version

        def act(session: Session) -> str:
            assemblies.close_assembly(
                session,
                number,
                outcome=outcome,
                reason=form.reason.data if "reason" in form else None,
                seen_version=version,
                actor=actor(),
                now=clock.now(),
            )
            return url_for("assemblies.details_view", id=number)

        facts = [("開催日時", format_instant(row.held_at)), ("状態", label(row.state))]
        door = Door(
            title,
            title,
            ("総会の画面へ戻る", url_for("assemblies.details_view", id=number)),
            lead=lead,
            caption=title_of(row),
            facts=facts,
            danger=outcome is AssemblyState.CANCELLED,
            hidden={"id": number},
        )
        return self.go_through(
            door, form, act, done=done, version=version, now_version=lambda: self.get_one(number).version
        )


def about_in_words(late: Late) -> str:
    """What a late change was about: 区分（発電事業者）、資本金."""
    words = []
    for kind, detail in late.about:
        if kind == "item":
            words.append(ITEMS[detail].title if detail in ITEMS else detail)
        elif kind == "licence":
            words.append(f"区分（{label(Licence(detail))}）")
        else:
            words.append(_KINDS[kind])
    return "、".join(dict.fromkeys(words))
