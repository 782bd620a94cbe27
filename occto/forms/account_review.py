"""Inputs of staff about requests about IDs: what it is about, the call-back, objections, the end, paper."""

from datetime import datetime
from typing import Any

from occto.domain.account_requests import KIND_LABELS, AccountRequestKind
from occto.domain.dates import JST
from occto.forms.account_requests import DocumentField, kept_roles
from occto.forms.base import BaseForm
from occto.forms.fields import (
    ChoiceField,
    DateField,
    EmailField,
    KanaField,
    LineField,
    OperatorCodeField,
    PhoneField,
    TextField,
)
from occto.forms.office import TimeField
from occto.forms.validators import NotFuture, Required, RequiredIf

WORDS_LIMIT = 2000
NOBODY = "だれとも交代しない"


class MatchMemberForm(BaseForm):
    """Which member a request for a further 管理者 is about."""

    operator_code = OperatorCodeField(
        "会員の事業者コード", [Required()], hint="登録と照らして、申請した会員を特定してください。"
    )


class MatchChangeForm(MatchMemberForm):
    """The same for a change of 管理者; whom to choose from is put in by the page, by the code typed."""

    replaces_user_id = ChoiceField(
        "交代する管理者",
        choices=(),
        select=True,
        hint="事業者コードを変えたときは、一度送信すると、その会員の管理者が並びます。",
    )
    replaced_role = ChoiceField("交代した後の役割", choices=kept_roles(), select=True)


class MatchUserForm(BaseForm):
    """Whose second factor is lost."""

    email = EmailField("ログインID（登録のメールアドレス）", [Required()], autocomplete="off")


class CallForm(BaseForm):
    """The call-back; the numbers on record are put in by the page."""

    way = ChoiceField(
        "確認した番号",
        [Required("電話をかけた番号を選んでください。")],
        choices=(),
        hint="会員・ユーザの登録にある番号です。申請に書かれた番号では確認できません。",
    )
    words = TextField(
        "電話に出た方と、確かめた内容",
        [Required()],
        max_length=WORDS_LIMIT,
        rows=4,
        hint="例：総務部の田中様が出られ、佐藤様を管理者とする申請は会社のものとのこと。承認する方が見ます。",
    )


class SettleForm(BaseForm):
    """What was found out about an objection."""

    words = TextField(
        "確かめた内容と、異議にあたらないと判断した理由",
        [Required()],
        max_length=WORDS_LIMIT,
        rows=4,
        hint="異議が正しいときは、ここではなく「確認できないため終了する」に進んでください。",
    )


class DeclineForm(BaseForm):
    """The end of a request without effect."""

    reason = TextField(
        "確認できない理由",
        [Required()],
        max_length=WORDS_LIMIT,
        rows=4,
        hint="会員の管理者・会員担当の方には、このまま伝わります。サインインせずに申請した方には、理由を伝えません。",
    )


def _is_change(form: Any) -> bool:
    return bool(form.kind.data == AccountRequestKind.CHANGE)


def _names_administrator(form: Any) -> bool:
    return bool(form.kind.data != AccountRequestKind.SECOND_FACTOR)


class PaperRequestForm(BaseForm):
    """A request that came on paper."""

    received_on = DateField("書面を受け取った日", [Required(), NotFuture()])
    received_time = TimeField("受け取った時刻", [Required()], hint="24時間制。例：14:30")
    kind = ChoiceField(
        "申請の内容", [Required()], choices=[(kind.value, KIND_LABELS[kind]) for kind in AccountRequestKind]
    )
    operator_code = OperatorCodeField("会員の事業者コード", [Required()])
    typed_old_name = LineField(
        "これまでの管理者の氏名", [RequiredIf(_is_change, mark="変更のときは必須")], max_length=80, autocomplete="off"
    )
    person_name = LineField(
        "氏名", [Required()], max_length=80, autocomplete="off", hint="管理者になる方、または2段階認証を復旧する方。"
    )
    person_kana = KanaField(
        "フリガナ", [RequiredIf(_names_administrator, mark="管理者の申請では必須")], max_length=120, autocomplete="off"
    )
    person_title = LineField(
        "所属・役職",
        [RequiredIf(_names_administrator, mark="管理者の申請では必須")],
        max_length=120,
        autocomplete="off",
    )
    person_email = EmailField("メールアドレス", [Required()], autocomplete="off")
    person_phone = PhoneField("電話番号", autocomplete="off", hint="確認の電話には使いません。")
    reason = TextField("申請の理由", [Required()], rows=3)
    file = DocumentField("届いた書面の写し（スキャン）", needed=True, hint="PDF、PNG、JPEG のいずれか。10MB 以下。")

    def received_at(self) -> datetime:
        """The instant at which the paper reached the office."""
        return datetime.combine(self.received_on.data, self.received_time.data, JST)
