"""総会: registered and corrected through a generated form; its page says what is missing, what is due and what is late."""

from collections.abc import Sequence
from datetime import timedelta
from functools import partial
from typing import Any

from flask_admin import expose

from occto import clock
from occto.access import permit, viewer
from occto.admin import told_by_post
from occto.admin.assembly_documents import AssemblyDocuments
from occto.admin.assembly_doors import AssemblyDoors, arranged_values, deadline_of
from occto.admin.assembly_menu import about, pages_of
from occto.admin.assembly_page import assembly_page, condition_facts
from occto.admin.base import Facet, Facts, Order, Table, link
from occto.admin.rehearsal_doors import RehearsalDoors
from occto.admin.told_by_post import Telling
from occto.admin.verb_view import Preview, VerbView
from occto.domain.assembly import (
    ASSEMBLY,
    FROZEN_OR_LATER,
    AssemblyKind,
    AssemblyState,
    assembly_title,
    fiscal_year,
    record_date,
    title_of,
)
from occto.domain.assembly_settings import read_settings
from occto.domain.calendar import is_business_day
from occto.domain.codes import Licence
from occto.domain.convocation import last_lawful_day
from occto.domain.dates import JST, format_date, format_date_weekday, format_instant, today_jst
from occto.domain.permissions import Permission
from occto.domain.profile import ITEMS
from occto.extensions import db
from occto.forms.assemblies import AssemblyForm
from occto.holidays import is_holiday
from occto.labels import choices, label
from occto.models import Assembly
from occto.queries.assemblies import Late, late_facts
from occto.queries.settings import new_assembly_settings
from occto.services import assemblies
from occto.services.assemblies.telling import END_MAILS, values_of

_KINDS = {"relation": "資本関係", "roster": "名簿番号", "sanction": "権利の停止・制限"}


def _end_told(row: Assembly) -> Telling | None:
    """What members are told of 延期 or 中止; a rehearsal is ended, and nobody is told."""
    if row.state not in END_MAILS or row.rehearsal_of_id is not None:
        return None
    return Telling(row, END_MAILS[row.state], values_of(row) | {"reason": row.closing_reason})


def _no(_view: Any, _context: Any, row: Assembly, _name: str) -> str:
    return f"第{row.no}回" if row.rehearsal_of_id is None else f"第{row.no}回（リハーサル）"


def _held(_view: Any, _context: Any, row: Assembly, _name: str) -> str:
    return format_instant(row.held_at)


class AssembliesView(AssemblyDoors, RehearsalDoors, AssemblyDocuments, VerbView):
    """総会. Fiscal year and record date follow from the day; the state changes through doors alone."""

    see, write = Permission.ASSEMBLY_SEE, Permission.ASSEMBLY_EDIT
    title, gap = "総会", True
    list_template, details_template = "admin/assemblies.html", "admin/assembly.html"
    column_list = ("held_at", "kind", "no", "state", "record_on", "place")
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
    form_columns = ("kind", "no", "held_on", "held_time", "place", "reception_time", "reply_on", "reply_time")
    create_verb = staticmethod(partial(assemblies.create_assembly, is_holiday=is_holiday))
    update_verb = staticmethod(partial(assemblies.update_assembly, is_holiday=is_holiday))
    create_title, edit_title = "総会を登録する", "総会の登録を変更する"
    created, updated = "総会を登録しました。", "総会の登録を変更しました。"

    def get_one(self, id: Any) -> Any:
        found = super().get_one(id)
        return about(found) if found is not None else None

    def heading(self, row: Assembly) -> str:
        return title_of(row)

    def values_of(self, row: Assembly) -> dict[str, Any]:
        local = row.held_at.astimezone(JST)
        day = {"kind": row.kind, "no": row.no, "held_on": local.date(), "held_time": local.time()}
        return day | arranged_values(row)

    def preview(self, form: Any, row: Assembly | None) -> Preview:
        held_on = form.held_on.data
        settings = read_settings(row.settings) if row else new_assembly_settings(db.session(), held_on)
        record_on, until = record_date(held_on, days=settings.record_days), deadline_of(form, settings)
        sentences = []
        if record_on < today_jst(clock.now()):
            sentences.append(
                "基準日がすでに過ぎています。基準日までの日付の変更がこのあと登録されると、「基準日後判明」として記録します。"
            )
        if row is not None and row.record_on != record_on:
            sentences.append(f"基準日が {format_date(row.record_on)} から {format_date(record_on)} に変わります。")
        if not is_business_day(held_on, is_holiday=is_holiday):
            sentences.append(f"開催日（{format_date_weekday(held_on)}）は、当機関の休業日です。")
        if until.date() < last_lawful_day(held_on):
            sentences.append(
                "回答の締切が、招集通知の届く期限より前です。会員が通知を受け取る前に締め切ることになります。"
            )
        reception = form.reception_time.data
        rows = [
            ("総会", assembly_title(AssemblyKind(form.kind.data), fiscal_year(held_on), form.no.data)),
            ("開催日時", f"{format_date_weekday(held_on)}{form.held_time.data:%H:%M}"),
            ("基準日", f"{format_date_weekday(record_on)}の終わりの登録で、議決権を数えます。"),
            ("場所", form.place.data),
            ("受付開始", f"{reception:%H:%M}" if reception else None),
            ("回答の締切", format_instant(until)),
        ]
        return Preview(sentences, [Facts("登録する内容", rows)])

    def details_page(self, row: Assembly) -> str:
        return self.render(
            self.details_template,
            row=row,
            heading=self.heading(row),
            pages=pages_of(row),
            parts_below=self.below(row),
            **assembly_page(db.session(), row, now=clock.now()),
        )

    def below(self, row: Assembly) -> Sequence[Facts | Table]:
        rows = [
            (
                link(one.name, "members.details_view", one.member_id, Permission.MEMBER_SEE),
                about_in_words(one),
                format_instant(one.noted_at),
                one.change_id,
                late_state(one, frozen=row.state in FROZEN_OR_LATER),
            )
            for one in late_facts(db.session(), row.id)
        ]
        heads = ("会員", "変わった内容", "分かった日時", "名簿の変更の番号", "取扱い")
        after = format_date(row.record_on + timedelta(days=1))
        empty = f"基準日までの日付の変更で、{after}以後に登録されたものはありません。"
        found: list[Facts | Table] = [Table("基準日後判明", heads, rows, empty)]
        found[:0] = told_by_post.sections(_end_told(row), "assemblies.letters", row.id)
        return found

    @expose("/letters/")
    @permit(Permission.EXPORT)
    def letters(self) -> Any:
        """Letters or labels for members to which no mail of 延期 or 中止 went."""
        return told_by_post.handed_out(_end_told(self.row_asked()))

    @expose("/rules/")
    def rules(self) -> str:
        """定足数・回答の決まり as they hold for this assembly."""
        row = self.row_asked()
        return self.render(
            "admin/assembly_rules.html",
            row=row,
            heading=self.heading(row),
            pages=pages_of(row),
            facts=condition_facts(row),
            may_change=viewer.can(self.write) and row.state in ASSEMBLY.step("edit").sources,
        )


def late_state(late: Late, *, frozen: bool) -> str:
    """What is done about a late fact; before the votes are `frozen`, the freeze will take it in."""
    if late.outcome:
        return label(late.outcome)
    return "要確認" if frozen else "確定に含めます"


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
