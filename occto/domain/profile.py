"""会員情報: every item, declared once. The items drive forms, check pages, class of approval and details.

Required marks and items follow 加入の届出 as published; the class of each item says how a member may change it later.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """How an item is typed, checked and printed."""

    LINE = "LINE"
    KANA = "KANA"
    CORPORATE_NUMBER = "CORPORATE_NUMBER"
    LEGAL_FORM = "LEGAL_FORM"
    POSTAL_CODE = "POSTAL_CODE"
    PREFECTURE = "PREFECTURE"
    YEN = "YEN"
    MONTH = "MONTH"
    URL = "URL"
    EMAIL = "EMAIL"
    PHONE = "PHONE"
    DATE = "DATE"
    LICENCES = "LICENCES"
    AREA = "AREA"


class ChangeClass(StrEnum):
    """How a change of the item takes effect."""

    IMMEDIATE = "IMMEDIATE"
    APPROVAL = "APPROVAL"
    EVIDENCE = "EVIDENCE"
    STAFF = "STAFF"


@dataclass(frozen=True, slots=True)
class Item:
    """One item of 会員情報. `limit` in characters; `autocomplete` is the HTML token for a browser's own filling-in."""

    key: str
    title: str
    kind: Kind
    change: ChangeClass
    required: bool = False
    limit: int = 200
    hint: str = ""
    autocomplete: str = ""
    touches_votes: bool = False
    personal: bool = False


@dataclass(frozen=True, slots=True)
class Section:
    """A group of items that stand on one page of the forms."""

    key: str
    title: str
    items: tuple[Item, ...]
    lead: str = ""
    personal: bool = False


_C = ChangeClass
COMPANY = Section(
    "company",
    "会社の名称と所在地",
    (
        Item(
            "name",
            "商号",
            Kind.LINE,
            _C.EVIDENCE,
            required=True,
            limit=120,
            autocomplete="organization",
            hint="「株式会社」も省略せずに。㈱ などの記号や旧字体もそのまま使えます。",
        ),
        Item(
            "kana",
            "フリガナ",
            Kind.KANA,
            _C.IMMEDIATE,
            required=True,
            limit=160,
            hint="ひらがな、半角カナでもかまいません。全角カタカナに直して登録します。「カブシキガイシャ」は不要です。",
        ),
        Item("name_en", "英文商号", Kind.LINE, _C.IMMEDIATE, limit=160, hint="定款に定めがある場合。"),
        Item(
            "corporate_number",
            "法人番号",
            Kind.CORPORATE_NUMBER,
            _C.EVIDENCE,
            required=True,
            limit=13,
            hint="国税庁が指定する13桁の数字です。ハイフンは入れても入れなくてもかまいません。",
        ),
        Item("legal_form", "法人格", Kind.LEGAL_FORM, _C.EVIDENCE, required=True),
        Item(
            "postal_code",
            "本店所在地 郵便番号",
            Kind.POSTAL_CODE,
            _C.APPROVAL,
            required=True,
            limit=8,
            autocomplete="postal-code",
            hint="7桁。番地より前の住所を自動で入れます。あとから直せます。",
        ),
        Item(
            "prefecture",
            "本店所在地 都道府県",
            Kind.PREFECTURE,
            _C.APPROVAL,
            required=True,
            limit=4,
            autocomplete="address-level1",
        ),
        Item(
            "address",
            "本店所在地 市区町村以下",
            Kind.LINE,
            _C.APPROVAL,
            required=True,
            limit=200,
            autocomplete="street-address",
            hint="番地と建物名まで入力してください。",
        ),
    ),
    lead="登記事項証明書のとおりに入力してください。",
)
OUTLINE = Section(
    "outline",
    "代表者と資本金",
    (
        Item(
            "representative_title",
            "代表者 役職",
            Kind.LINE,
            _C.APPROVAL,
            required=True,
            limit=80,
            hint="例：代表取締役、代表社員 職務執行者",
            personal=True,
        ),
        Item("representative_name", "代表者 氏名", Kind.LINE, _C.APPROVAL, required=True, limit=80, personal=True),
        Item("representative_kana", "代表者 フリガナ", Kind.KANA, _C.APPROVAL, required=True, limit=120, personal=True),
        Item(
            "capital",
            "資本金又は出資の額",
            Kind.YEN,
            _C.EVIDENCE,
            required=True,
            touches_votes=True,
            hint="議決権の集約先を決めるときに使います。例：1億円は 100,000,000 円",
        ),
        Item("fiscal_month", "決算月", Kind.MONTH, _C.IMMEDIATE),
        Item(
            "url",
            "ウェブサイト",
            Kind.URL,
            _C.IMMEDIATE,
            limit=300,
            autocomplete="url",
            hint="https:// から入力してください。",
        ),
    ),
    personal=True,
)
BUSINESS = Section(
    "business",
    "電気事業者の区分と開始予定日",
    (
        Item(
            "licences",
            "電気事業者の区分",
            Kind.LICENCES,
            _C.EVIDENCE,
            required=True,
            touches_votes=True,
            hint="あてはまるものをすべて選んでください。",
        ),
        Item(
            "starts_on",
            "事業開始（予定）日",
            Kind.DATE,
            _C.APPROVAL,
            hint="西暦でも和暦でも入力できます。例：2027年4月1日、令和9.4.1",
        ),
        Item("area", "供給区域", Kind.AREA, _C.APPROVAL, limit=1000, hint="例：関東地方の1都6県、全国（沖縄県を除く）"),
    ),
)


def _contact(role: str, title: str, *, required: bool) -> tuple[Item, ...]:
    """The five items of one contact; 利用規約 knows the contact as the person whom the office writes to."""
    return (
        Item(
            f"{role}_department",
            f"{title} 所属・役職",
            Kind.LINE,
            _C.IMMEDIATE,
            required=required,
            limit=120,
            autocomplete="organization-title",
            personal=True,
        ),
        Item(f"{role}_name", f"{title} 氏名", Kind.LINE, _C.IMMEDIATE, required=required, limit=80, personal=True),
        Item(
            f"{role}_email",
            f"{title} メールアドレス",
            Kind.EMAIL,
            _C.IMMEDIATE,
            required=required,
            limit=254,
            personal=True,
        ),
        Item(
            f"{role}_phone", f"{title} 電話番号", Kind.PHONE, _C.IMMEDIATE, required=required, limit=20, personal=True
        ),
    )


MEMBER_CONTACT, ASSEMBLY_CONTACT, ACCOUNTING_CONTACT = "member_contact", "assembly_contact", "accounting_contact"
CONTACTS = Section(
    "contacts",
    "連絡先（会員・総会・経理）",
    (
        *_contact(MEMBER_CONTACT, "会員担当", required=True),
        *_contact(ASSEMBLY_CONTACT, "総会担当", required=False),
        *_contact(ACCOUNTING_CONTACT, "経理担当", required=False),
    ),
    lead="当機関からの連絡を受け取る方です。総会担当と経理担当を省略すると、会員担当の方にご連絡します。",
    personal=True,
)
PROFILE_SECTIONS = (COMPANY, OUTLINE, BUSINESS, CONTACTS)
STAFF_ITEMS = (
    Item("operator_code", "事業者コード", Kind.LINE, _C.STAFF, limit=5),
    Item("member_on", "加入日", Kind.DATE, _C.STAFF),
)
"""Items that only OCCTO writes."""

ITEMS: dict[str, Item] = {item.key: item for section in PROFILE_SECTIONS for item in section.items} | {
    item.key: item for item in STAFF_ITEMS
}
STORED_ELSEWHERE = frozenset({"licences", "operator_code"})
"""Items that are not profile facts: licences have a table of their own, the operator code stands on the member."""


def profile_items() -> Iterator[Item]:
    """The items kept as dated profile facts, in the order in which they are always shown."""
    return (item for item in ITEMS.values() if item.key not in STORED_ELSEWHERE)
