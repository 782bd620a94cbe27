"""差込み項目: fields in braces in a notice, such as {会員名}; read, checked and filled in without any other syntax."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from occto.domain.errors import Refusal

_FIELD = re.compile(r"[{｛]([^{}｛｝\n]*)[}｝]")
_BRACE = re.compile(r"[{}｛｝]")
_SHOWN = 30

FOR_ALL: dict[str, str] = {
    "総会名": "年度、回、種類",
    "開催日時": "総会の日時",
    "場所": "総会の場所",
    "基準日": "議決権を数えた日",
    "議案一覧": "通知する議案と報告事項",
    "追加の議案": "まだ通知していない議案と報告事項",
    "回答期限": "出欠・議決権の回答の締切",
}
"""Fields that say the same to everybody: filled in when the notice is sent, and so kept in its text."""
FOR_EACH: dict[str, str] = {
    "会員名": "宛先の会員の商号",
    "事業者コード": "宛先の会員の事業者コード",
    "議決権数": "宛先の会員が持つ議決権の数",
    "担当者名": "宛先の方の氏名",
    "回答ページ": "総会のページのアドレス（サインインが必要）",
    "問い合わせ先": "当機関の担当と電話番号",
}
"""Fields that differ by recipient, or that only the office's settings know: filled in when the mail is delivered."""
FIELDS = FOR_ALL | FOR_EACH


@dataclass(frozen=True, slots=True)
class UnknownField:
    """A field that does not exist, with the known one that is written most alike."""

    name: str
    nearest: str


def fields_in(text: str) -> list[str]:
    """The names in braces, each once, in the order of the text; blanks around a name do not count."""
    return list(dict.fromkeys(name.strip() for name in _FIELD.findall(text)))


def unknown_fields(text: str) -> list[UnknownField]:
    """The fields in `text` that nothing is known for."""
    return [UnknownField(name, _nearest(name)) for name in fields_in(text) if name not in FIELDS]


def fill(text: str, values: Mapping[str, str]) -> str:
    """`text` with every field that `values` knows filled in; others stay as written. Values are never read as fields."""
    return _FIELD.sub(lambda found: values.get(found[1].strip(), found[0]), text)


def check_fields(text: str, *, field: str, words: str) -> None:
    """Refusals beside the input `field`, called `words`: unknown_field (named, with the nearest known), unclosed_field."""
    unknown = unknown_fields(text)
    if unknown:
        named = "、".join(f"{{{one.name[:_SHOWN]}}}（近い項目：{{{one.nearest}}}）" for one in unknown[:5])
        raise Refusal(
            "unknown_field",
            f"{words}に、使えない差込み項目があります：{named}。書き直してから、もう一度保存してください。",
            field=field,
        )
    if _BRACE.search(_FIELD.sub("", text)):
        raise Refusal(
            "unclosed_field",
            f"{words}に、対になっていない波かっこがあります。差込み項目は {{会員名}} のように、波かっこで囲んでください。",
            field=field,
        )


def check_values(values: Mapping[str, str]) -> None:
    """Refusal field_in_value: a value that goes into the kept text, such as the title of an item, reads like a field itself."""
    found = next((name for value in values.values() for name in fields_in(value) if name in FOR_EACH), None)
    if found is not None:
        raise Refusal(
            "field_in_value",
            f"議案の件名か総会の場所に {{{found}}} とあり、差込み項目と区別できません。波かっこを使わずに書き直してください。",
            field="body",
        )


def _nearest(name: str) -> str:
    known: Sequence[str] = list(FIELDS)
    return max(known, key=lambda one: SequenceMatcher(None, name[:_SHOWN], one).ratio())
