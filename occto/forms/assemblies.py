"""Inputs for one assembly: arrangements, conditions, agenda, documents, the ends of its life."""

from occto.domain.agenda import (
    CONSENT_LABELS,
    LABELS,
    MAJORITY_LABELS,
    Consent,
    ItemKind,
    usual_consent,
    usual_majority,
)
from occto.domain.assembly import AssemblyKind
from occto.domain.assembly_settings import (
    ALLOWED_PROXY_LABELS,
    BLANK_LABELS,
    MOST_ATTENDEES,
    NO_SHOW_LABELS,
    QUORUM_LABELS,
)
from occto.domain.convocation import FLOOR_DAYS
from occto.domain.dated_settings import OPEN_BASIS
from occto.forms.base import BaseForm
from occto.forms.choices import OrNoneField
from occto.forms.fields import ChoiceField, ChoicesField, DateField, LineField, TextField
from occto.forms.office import NumberField, TimeField
from occto.forms.validators import Required
from occto.labels import choices

_AS_USUAL = "種類のとおり"
_RULES = {
    kind.value: f"{MAJORITY_LABELS[majority].partition('（')[0]}、認可・承認：{CONSENT_LABELS[usual_consent(kind)]}"
    if (majority := usual_majority(kind)) is not None
    else "議決しません"
    for kind in ItemKind
}


class _Kind(BaseForm):
    kind = ChoiceField("種類", [Required()], choices=choices(AssemblyKind))


class _Dated(BaseForm):
    no = NumberField("回", [Required()], hint="その年度（4月から翌年3月まで）の、同じ種類の総会の何回目か。")
    held_on = DateField(
        "開催日", [Required()], hint="例：2026年12月17日。基準日は、設定にある日数（通常30日）だけ前の日です。"
    )
    held_time = TimeField("開始時刻", [Required()], hint="24時間制。例：13:30")


class _Arranged(BaseForm):
    """Place, start of reception and deadline, which stay open until the notice."""

    place = LineField("場所", max_length=200)
    reception_time = TimeField("受付開始の時刻", hint="総会の日の、会場の受付を始める時刻。例：12:45")
    reply_on = DateField("回答の締切日", hint="省略すると、総会の前の営業日です。")
    reply_time = TimeField(
        "回答の締切時刻",
        hint="省略すると、設定にある時刻（通常17:00）です。17:00 の締切では、17:00 ちょうどの回答は受け付けません。",
    )


class AssemblyForm(_Arranged, _Dated, _Kind):
    """総会: what is entered; fiscal year and record date follow from the day."""


class ArrangementsForm(_Arranged):
    """What can still be changed when the day is fixed."""


class FollowForm(_Arranged, _Dated):
    """日を改めて: the day of the assembly in the place of a postponed one."""


class PostponeForm(BaseForm):
    """延期."""

    reason = TextField(
        "延期する理由",
        [Required()],
        max_length=2000,
        rows=4,
        hint="招集通知を送ったあとは、会員へのお知らせに、このまま載ります。",
    )


class CancelForm(BaseForm):
    """中止."""

    reason = TextField(
        "中止にする理由",
        [Required()],
        max_length=2000,
        rows=4,
        hint="招集通知を送ったあとは、会員へのお知らせに、このまま載ります。",
    )


class ConditionsForm(BaseForm):
    """定足数・回答の決まり of one assembly."""

    quorum_basis = OrNoneField(
        "定足数（総会員の半数）の数え方",
        none=OPEN_BASIS,
        choices=QUORUM_LABELS.items(),
        hint="電気事業法 28条の34。数え方を選ぶときは、根拠となる定款の条項も入力してください。",
    )
    quorum_source = LineField("数え方の根拠", max_length=200, hint="例：定款 第25条第2項")
    max_attendees = NumberField(
        "1会員の出席者の人数の上限", [Required()], highest=MOST_ATTENDEES, hint="議決権を行使する方を含みます。"
    )
    proxies = ChoicesField("認める代理", choices=ALLOWED_PROXY_LABELS.items())
    blank_choice = ChoiceField("電子行使で賛否のない議案", [Required()], choices=BLANK_LABELS.items())
    no_show = ChoiceField("出席と回答して来場しなかった会員の賛否", [Required()], choices=NO_SHOW_LABELS.items())
    chair = LineField("議長", [Required()], max_length=80, hint="例：理事長")
    notice_days = NumberField(
        "招集通知を送る日（総会の何日前か）",
        [Required()],
        highest=60,
        hint=f"法律の下限は{FLOOR_DAYS}日前です（電気事業法 28条の36）。",
    )


class AgendaItemForm(BaseForm):
    """議案 or 報告事項."""

    kind = ChoiceField("種類", [Required()], choices=LABELS.items(), choice_hints=_RULES)
    title = LineField(
        "件名",
        [Required()],
        max_length=200,
        hint="例：2027年度予算の件。役員の選任・解任は、お一人につき1つの議案にしてください。",
    )
    summary = TextField("内容", max_length=4000, rows=6, hint="会員が賛否を選ぶ前に読む説明です。")
    majority = OrNoneField(
        "決議の方法",
        none=_AS_USUAL,
        choices=MAJORITY_LABELS.items(),
        hint="変えるときは、理由も入力してください。",
    )
    consent = OrNoneField(
        "可決後の認可・承認",
        none=_AS_USUAL,
        choices=[(one.value, CONSENT_LABELS[one]) for one in Consent],
        hint="変えるときは、理由も入力してください。",
    )
    rule_reason = TextField("種類のとおりとしない理由", max_length=500, rows=3)


class WithdrawItemForm(BaseForm):
    """取下げ of an item."""

    reason = TextField("取り下げる理由", [Required()], max_length=500, rows=3, hint="議案の一覧に載ります。")


class DocumentForm(BaseForm):
    """A document of an assembly; the file itself is read by `views/uploads`."""

    title = LineField("件名", [Required()], max_length=100, hint="会員に見える名前です。例：第1号議案 議案書")
