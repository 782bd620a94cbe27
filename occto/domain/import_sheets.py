"""初期登録: the sheets of the workbook and their columns. Those of 会員情報 are the items of `domain/profile.py`."""

from dataclasses import dataclass
from enum import StrEnum

from occto.domain.codes import ControlBasis, EndReason, Holding, Licence, Relation
from occto.domain.importing import SHEETS, SheetKind
from occto.domain.permissions import MEMBER_ROLES
from occto.domain.profile import ITEMS, Item, Kind, profile_items


class Cell(StrEnum):
    """How a cell that is no item of 会員情報 is read."""

    OPERATOR_CODE = "OPERATOR_CODE"
    ROSTER_NO = "ROSTER_NO"
    RATIO = "RATIO"
    CHOICE = "CHOICE"
    CONTROL = "CONTROL"
    ITEM = "ITEM"
    ANY = "ANY"


@dataclass(frozen=True, slots=True)
class Column:
    """A column. `required`: in every row, or (会員) in the row of a new member. `codes`: what a CHOICE is one of."""

    key: str
    title: str
    kind: Kind | Cell
    required: bool = False
    limit: int = 200
    hint: str = ""
    codes: tuple[StrEnum, ...] = ()


@dataclass(frozen=True, slots=True)
class Sheet:
    """A sheet: `lead` says what stands in it."""

    kind: SheetKind
    columns: tuple[Column, ...]
    lead: str

    @property
    def title(self) -> str:
        return SHEETS[self.kind]

    def column(self, key: str) -> Column:
        """The column with this key; KeyError for none."""
        for column in self.columns:
            if column.key == key:
                return column
        raise KeyError(key)


def of_item(item: Item) -> Column:
    """The column of an item of 会員情報."""
    return Column(item.key, item.title, item.kind, item.required, item.limit, item.hint)


_CODE_HINT = "5桁。先頭の0も入れてください。"
_CODE = Column("operator_code", ITEMS["operator_code"].title, Cell.OPERATOR_CODE, limit=5, hint=_CODE_HINT)
_NUMBER = Column(
    "corporate_number",
    ITEMS["corporate_number"].title,
    Kind.CORPORATE_NUMBER,
    limit=13,
    hint="13桁。事業者コードとどちらかがあれば会員がわかります。両方あるときは、合っているかを確かめます。",
)
_WHICH = (_CODE, _NUMBER)
_DATE_HINT = "2026年4月1日、2026/4/1、令和8.4.1 など。"


def _choice(key: str, title: str, codes: type[StrEnum] | tuple[StrEnum, ...], *, required: bool = False) -> Column:
    return Column(key, title, Cell.CHOICE, required, codes=tuple(codes))


def _member_columns() -> tuple[Column, ...]:
    items = [
        of_item(item) if item.key != "member_on" else Column(item.key, item.title, Kind.DATE, required=True)
        for item in profile_items()
    ]
    number = Column("roster_no", "名簿番号", Cell.ROSTER_NO, required=True, hint="ほかの会員と重ならない番号。")
    since = Column(
        "effective_on",
        "変更の有効日",
        Kind.DATE,
        hint="登録のある会員の内容を変えるとき、いつから有効か。空欄は、反映した日。",
    )
    code = Column(_CODE.key, _CODE.title, _CODE.kind, required=True, limit=5, hint=_CODE_HINT)
    return (code, *items, number, since)


MEMBERS = Sheet(
    SheetKind.MEMBERS,
    _member_columns(),
    "会員1社につき1行。登録のない会社は新しく登録し、登録のある会社は、空欄でない項目だけを比べます。",
)
LICENCES = Sheet(
    SheetKind.LICENCES,
    (
        *_WHICH,
        _choice("category", "電気事業者の区分", Licence, required=True),
        Column("number", "登録番号など", Kind.LINE, limit=40, hint="例：A0123"),
        Column("effective_on", "登録・許可・届出の日", Kind.DATE, required=True, hint=_DATE_HINT),
        Column("ended_on", "終わる日", Kind.DATE, hint="この日から区分がありません。終わった区分も入れてください。"),
        _choice("end_reason", "終わる理由", EndReason),
    ),
    "区分1つにつき1行。新しい会員には、いまある区分が1行以上要ります。",
)
RELATIONS = Sheet(
    SheetKind.RELATIONS,
    (
        *_WHICH,
        _choice("relation", "相手の会社", Relation, required=True),
        Column("other_name", "相手の会社の名称", Kind.LINE, required=True, limit=120),
        Column(
            "other_number",
            "相手の会社の法人番号",
            Kind.CORPORATE_NUMBER,
            limit=13,
            hint="ないときは名称だけで登録します。",
        ),
        Column("controlling", "支配しているか", Cell.CONTROL, required=True),
        _choice("basis", "支配の根拠", ControlBasis),
        Column("ratio_bp", "議決権の割合（%）", Cell.RATIO, hint="55.25 のように、%の数字。"),
        _choice("holding", "直接・間接の別", Holding),
        Column("acquired_on", "取得日", Kind.DATE, hint="空欄は、加入日。"),
        Column("ended_on", "解消日", Kind.DATE, hint="この日から関係がありません。"),
    ),
    "親法人等または子法人等1社につき1行。親と子の両方の会員の行に入れてもかまいません。",
)
USERS = Sheet(
    SheetKind.USERS,
    (
        *_WHICH,
        Column(
            "email",
            "メールアドレス",
            Kind.EMAIL,
            required=True,
            limit=254,
            hint="ログインIDになります。ご本人だけが受け取れるもの。",
        ),
        Column("name", "氏名", Kind.LINE, required=True, limit=80, hint="部署名ではなく、お一人の氏名。"),
        Column("kana", "フリガナ", Kind.KANA, limit=120),
        Column("title", "所属・役職", Kind.LINE, limit=120),
        Column("phone", "電話番号", Kind.PHONE, limit=20),
        _choice("role", "役割", MEMBER_ROLES, required=True),
    ),
    "ユーザ1名につき1行。数社を兼ねる方は、会社ごとに1行。反映してもメールは送りません。招待の画面から送ります。",
)
ROSTER = Sheet(
    SheetKind.ROSTER,
    (
        *_WHICH,
        Column("roster_no", "名簿番号", Cell.ROSTER_NO, required=True),
        Column("effective_on", "有効になる日", Kind.DATE, hint="空欄は、反映した日。"),
    ),
    "登録のある会員の名簿番号を変えるとき。新しい会員の番号は「会員」のシートに入れてください。",
)
PAST = Sheet(
    SheetKind.PAST,
    (
        *_WHICH,
        Column("item", "項目", Cell.ITEM, required=True, hint="「会員」のシートの見出しのとおり。例：商号"),
        Column("changed_on", "変更日", Kind.DATE, required=True, hint="この日から「変更後」が有効です。"),
        Column("before", "変更前", Cell.ANY, limit=1000),
        Column("after", "変更後", Cell.ANY, limit=1000),
    ),
    "今日までの変更1件につき1行。加入日からいままでが、すき間なくつながるように入れてください。",
)
WORKBOOK: tuple[Sheet, ...] = (MEMBERS, LICENCES, RELATIONS, USERS, ROSTER, PAST)
BY_KIND: dict[SheetKind, Sheet] = {sheet.kind: sheet for sheet in WORKBOOK}
FAULT_TITLE = "エラー"
"""The column that the file of faults adds; it is passed over when the file comes back."""
NOTE_SIGN = "※"
"""A row whose first cell begins with this sign is a note."""
PAST_ITEMS: dict[str, Item] = {
    item.title: item for item in profile_items() if item.key not in {"member_on", "corporate_number"}
}
"""Items whose past can be entered, by title."""
SPECIAL = frozenset({"operator_code", "member_on", "roster_no", "effective_on"})
"""Columns of 会員 that are no profile facts, or (加入日) one that an import never changes."""
