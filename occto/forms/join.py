"""Inputs of 加入手続き, one form a section. The items of 会員情報 come from `domain/profile.py`."""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from wtforms.validators import ValidationError

from occto.domain.codes import (
    OF_OTHER_CASES,
    OF_THE_OFFICE,
    ActStatus,
    AttachmentKind,
    ControlBasis,
    Entrant,
    Holding,
    LegalForm,
    Licence,
    Relation,
)
from occto.domain.profile import BUSINESS, COMPANY, CONTACTS, OUTLINE, Item, Kind, Section
from occto.domain.text import PREFECTURES, half_width
from occto.forms.auth import EmailForm
from occto.forms.base import BaseForm
from occto.forms.fields import (
    AgreementField,
    ChoiceField,
    ChoicesField,
    CorporateNumberField,
    DateField,
    EmailField,
    KanaField,
    LineField,
    MonthField,
    OperatorCodeField,
    PhoneField,
    PostalCodeField,
    RatioField,
    TextField,
    YenField,
)
from occto.forms.validators import NotFuture, OnOrAfter, Required, RequiredIf
from occto.labels import choices

LICENCE_HINTS = {
    Licence.RSPTD.value: "特定送配電事業者で、小売供給の登録を受ける場合に、あわせて選びます。",
    Licence.AGG.value: "アグリゲーター",
}


def _web_address(_form: Any, field: Any) -> None:
    """Refuse what a browser could not open as a web page."""
    if field.data:
        parts = urlsplit(field.data)
        if parts.scheme not in {"http", "https"} or "." not in parts.netloc or " " in field.data:
            raise ValidationError("https://www.example.jp/ のように、https:// から入力してください。")


def _line(item: Item, validators: list[Any], options: dict[str, Any]) -> Any:
    return LineField(item.title, validators, max_length=item.limit, **options)


_MAKERS: dict[Kind, Callable[[Item, list[Any], dict[str, Any]], Any]] = {
    Kind.LINE: _line,
    Kind.KANA: lambda item, v, o: KanaField(item.title, v, max_length=item.limit, **o),
    Kind.CORPORATE_NUMBER: lambda item, v, o: CorporateNumberField(item.title, v, **o),
    Kind.LEGAL_FORM: lambda item, v, o: ChoiceField(
        item.title, v, choices=choices(LegalForm), select=True, width="w-20", **o
    ),
    Kind.POSTAL_CODE: lambda item, v, o: PostalCodeField(item.title, v, **o),
    Kind.PREFECTURE: lambda item, v, o: ChoiceField(
        item.title, v, choices=[(name, name) for name in PREFECTURES], select=True, width="w-13", **o
    ),
    Kind.YEN: lambda item, v, o: YenField(item.title, v, **o),
    Kind.MONTH: lambda item, v, o: MonthField(item.title, v, **o),
    Kind.URL: lambda item, v, o: LineField(item.title, [*v, _web_address], max_length=item.limit, inputmode="url", **o),
    Kind.EMAIL: lambda item, v, o: EmailField(item.title, v, **o),
    Kind.PHONE: lambda item, v, o: PhoneField(item.title, v, **o),
    Kind.DATE: lambda item, v, o: DateField(item.title, v, **o),
    Kind.LICENCES: lambda item, v, o: ChoicesField(
        item.title, v, choices=choices(Licence), choice_hints=LICENCE_HINTS, **o
    ),
    Kind.AREA: lambda item, v, o: TextField(item.title, v, max_length=item.limit, **o),
}


def field_of(item: Item, *, validators: list[Any] | None = None) -> Any:
    """The input for one item of 会員情報."""
    options = {"hint": item.hint} | ({"autocomplete": item.autocomplete} if item.autocomplete else {})
    if item.key == "name_en":
        options["lang"] = "en"
    rules = [*([Required()] if item.required else []), *(validators or [])]
    return _MAKERS[item.kind](item, rules, options)


def _profile_form(section: Section) -> type[BaseForm]:
    return type(f"{section.key.title()}Form", (BaseForm,), {item.key: field_of(item) for item in section.items})


CompanyForm = _profile_form(COMPANY)
OutlineForm = _profile_form(OUTLINE)


class BusinessForm(_profile_form(BUSINESS)):  # type: ignore[misc]
    """区分 and start; 登録特定送配電 never stands alone."""

    def validate_licences(self, field: Any) -> None:
        """RSPTD exists only beside an SPTD."""
        chosen = set(field.data or ())
        if Licence.RSPTD.value in chosen and Licence.SPTD.value not in chosen:
            raise ValidationError("登録特定送配電事業者は、特定送配電事業者とあわせて選んでください。")


def _contact_items(role: str) -> list[Item]:
    return [item for item in CONTACTS.items if item.key.startswith(f"{role}_")]


def _some_of(role: str) -> Callable[[Any], bool]:
    """Whether any input of an optional contact was filled: then name and address are needed."""
    keys = [item.key for item in _contact_items(role)]
    return lambda form: any(form[key].typed.strip() for key in keys)


def _contacts_form() -> type[BaseForm]:
    fields: dict[str, Any] = {}
    for item in CONTACTS.items:
        role, _, part = item.key.rpartition("_")
        needed = not item.required and part in {"name", "email"}
        fields[item.key] = field_of(
            item, validators=[RequiredIf(_some_of(role), mark="記入する場合は必須")] if needed else None
        )
    return type("ContactsForm", (BaseForm,), fields)


ContactsForm = _contacts_form()


_CONTRACTED = "委託の場合は必須"


def _is_contractor(form: Any) -> bool:
    return bool(form.entrant.data == Entrant.CONTRACTOR)


class EntrantForm(BaseForm):
    """Who fills the application in; a contractor is named (利用規約 2.3)."""

    entrant = ChoiceField(
        "申請を入力する方",
        [Required()],
        choices=choices(Entrant),
        choice_hints={
            Entrant.CONTRACTOR.value: "委任状を添付してください。提出の前に、会社の会員担当の方に確認のメールをお送りします。",
        },
    )
    contractor_name = LineField(
        "受託者の名称",
        [RequiredIf(_is_contractor, mark=_CONTRACTED)],
        max_length=120,
        autocomplete="organization",
    )
    contractor_person = LineField(
        "受託者の担当者 氏名", [RequiredIf(_is_contractor, mark=_CONTRACTED)], max_length=80, autocomplete="name"
    )
    contractor_phone = PhoneField("受託者の電話番号", [RequiredIf(_is_contractor, mark=_CONTRACTED)])


class AdministratorForm(BaseForm):
    """The natural person who becomes 管理者 (利用規約 3.1/3.2.1)."""

    administrator_title = LineField("所属・役職", [Required()], max_length=120, autocomplete="organization-title")
    administrator_name = LineField(
        "氏名",
        [Required()],
        max_length=80,
        autocomplete="name",
        hint="部署名や「担当者」ではなく、お一人の氏名を入力してください。",
    )
    administrator_kana = KanaField("フリガナ", [Required()], max_length=120)
    administrator_email = EmailField(
        "メールアドレス",
        [Required()],
        autocomplete="email",
        hint="ログインIDになります。ご本人だけが受け取れるアドレスを入力してください。",
    )
    administrator_phone = PhoneField("電話番号", [Required()])


class PledgesForm(BaseForm):
    """Declarations of 利用規約 5.3.1 and 4.2; consent to the terms is a click of its own."""

    no_antisocial_forces = AgreementField(
        "自社とその役員等が反社会的勢力でないことを表明し、将来にわたっても該当しないことを確約します（利用規約 5.3.1）。",
        sentence="反社会的勢力でないことを表明できる場合に、印を付けてください。",
    )
    provision_to_state = AgreementField(
        "資源エネルギー庁または電力・ガス取引監視等委員会に、必要な範囲で情報を提供することに同意します（利用規約 4.2）。",
        sentence="国の機関への情報の提供に同意いただける場合に、印を付けてください。",
    )


class RelationForm(BaseForm):
    """One parent or subsidiary."""

    relation = ChoiceField("この会社との関係", [Required()], choices=choices(Relation))
    name = LineField("名称", [Required()], max_length=120, autocomplete="off")
    corporate_number = CorporateNumberField(
        "法人番号", hint="13桁。法人番号のない会社（外国の会社など）は空欄にしてください。"
    )
    is_member = ChoiceField(
        "当機関の会員かどうか",
        [Required()],
        choices=[("YES", "会員である"), ("NO", "会員ではない"), ("UNKNOWN", "わからない")],
    )
    controlling = ChoiceField(
        "支配しているかどうか",
        [Required()],
        choices=[("YES", "支配している"), ("NO", "支配していない（出資だけ）")],
        hint="議決権の過半数を持つ、または実質的に支配している場合は「支配している」を選んでください。",
    )
    basis = ChoiceField(
        "支配の根拠",
        [
            RequiredIf(
                lambda form: form.controlling.data == "YES",
                "支配している場合は、支配の根拠を選んでください。",
                mark="支配している場合は必須",
            )
        ],
        choices=choices(ControlBasis),
        hint="支配している場合に選んでください。",
    )
    ratio_bp = RatioField("議決権の割合", hint="小数第2位まで入力できます。例：55.25")
    holding = ChoiceField("直接・間接の別", choices=choices(Holding))
    acquired_on = DateField("取得日", [NotFuture()], hint="西暦でも和暦でも入力できます。")
    ended_on = DateField(
        "解消日",
        [OnOrAfter("acquired_on", "取得日より後の日付を入力してください。")],
        hint="解消する日が決まっている場合。",
    )

    def validate_ended_on(self, field: Any) -> None:
        """A relation lasts one day at least."""
        if field.data and self.acquired_on.data and field.data <= self.acquired_on.data:
            raise ValidationError("取得日より後の日付を入力してください。")

    def clean_row(self) -> dict[str, Any]:
        """The row as it stands in the answers."""
        row = self.cleaned()
        return row | {
            "controlling": row["controlling"] == "YES",
            "basis": row["basis"] if row["controlling"] == "YES" else None,
        }


class RelationsDoneForm(BaseForm):
    """Whether all relations are listed, or there are none."""

    done = ChoiceField(
        "資本関係の入力",
        [Required("すべて入力したか、資本関係がないかを選んでください。")],
        choices=[("ALL", "親法人・子法人をすべて入力した"), ("NONE", "資本関係のある会社はない")],
    )


class CodeForm(BaseForm):
    """事業者コード, issued after the filing with METI."""

    operator_code = OperatorCodeField("事業者コード", [Required()], hint="5桁。先頭の 0 も入力してください。")


class ActNumberField(LineField):
    """A registration number, letters and figures in half width."""

    def parse(self, text: str) -> str | None:
        return super().parse(half_width(text))


def _has_act(form: Any) -> bool:
    return bool(form.status.data == ActStatus.ACT)


class ActForm(BaseForm):
    """Where one category stands with METI."""

    status = ChoiceField("手続きの状況", [Required()], choices=choices(ActStatus))
    number = ActNumberField(
        "登録番号など", max_length=40, hint="通知に番号がある場合。例：A0123", width="w-13", autocomplete="off"
    )
    effective_on = DateField(
        "登録・許可・届出の日",
        [
            RequiredIf(
                _has_act,
                "手続きが済んでいる場合は、登録・許可・届出の日を入力してください。",
                mark="済んでいる場合は必須",
            ),
            NotFuture(),
        ],
        hint="「手続きが済んでいる」を選んだ場合。西暦でも和暦でも入力できます。",
    )
    applied_on = DateField(
        "申請した日",
        [
            RequiredIf(
                lambda form: form.status.data == ActStatus.PENDING,
                "申請中の場合は、申請した日を入力してください。",
                mark="申請中の場合は必須",
            ),
            NotFuture(),
        ],
        hint="「申請中」を選んだ場合。",
    )


class FileForm(BaseForm):
    """The kind of a file to be added; the file itself is checked by content in the view."""

    kind = ChoiceField(
        "書類の種類",
        [Required()],
        choices=[pair for pair in choices(AttachmentKind) if pair[0] not in {AttachmentKind.METI_ACT, *OF_THE_OFFICE}],
    )


class PaperFileForm(BaseForm):
    """The kinds of files for staff, the scan of the paper among them."""

    kind = ChoiceField(
        "書類の種類",
        [Required()],
        choices=[pair for pair in choices(AttachmentKind) if pair[0] not in {AttachmentKind.METI_ACT, *OF_OTHER_CASES}],
    )


class LetterForm(BaseForm):
    """A letter to the office."""

    body = TextField(
        "当機関への連絡",
        [Required()],
        max_length=4000,
        hint="審査を担当する職員が読みます。送った内容は取り消せません。",
    )


class ReceivedForm(BaseForm):
    """When a paper application was received."""

    received_on = DateField(
        "受け取った日", [Required(), NotFuture()], hint="書面が当機関に届いた日。提出日になります。"
    )


LinkRequestForm = EmailForm

SECTION_FORMS: dict[str, type[BaseForm]] = {
    "entrant": EntrantForm,
    COMPANY.key: CompanyForm,
    OUTLINE.key: OutlineForm,
    BUSINESS.key: BusinessForm,
    CONTACTS.key: ContactsForm,
    "administrator": AdministratorForm,
    "pledges": PledgesForm,
    "code": CodeForm,
}
"""The sections that are one form each; relations, acts and files have pages of their own."""
