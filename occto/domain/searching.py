"""How members are searched: the text kept of each, the pairs of signs that index it, and what a typed term asks for."""

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

from occto.domain.codes import Licence, MemberState
from occto.domain.text import PREFECTURES, half_width, search_key

LINE = "\n"
"""Between the keys of a member: no pair of signs reaches over it, and no key contains it."""
CODES = "\x1f"
"""Stands once in a text, between the names and the codes."""
SHORT_NUMBER = 3
"""A number of so few digits is sought in names and as a roster number, not inside longer codes."""

_LEGAL_FORMS = {
    "株": "株式会社",
    "有": "有限会社",
    "同": "合同会社",
    "資": "合資会社",
    "名": "合名会社",
    "一社": "一般社団法人",
    "一財": "一般財団法人",
    "公社": "公益社団法人",
    "公財": "公益財団法人",
    "独": "独立行政法人",
    "特非": "特定非営利活動法人",
}
_LONG_FORMS = (*_LEGAL_FORMS.values(), "相互会社", "社団法人", "財団法人")
_MARKS = [*(f"licence:{code}" for code in Licence), *(f"state:{code}" for code in MemberState)]
_MARKS += [f"prefecture:{name}" for name in PREFECTURES]
_SIGN_OF = {mark: chr(0xE000 + place) for place, mark in enumerate(_MARKS)}


def mark(kind: str, value: str) -> str:
    """The sign by which the index knows a licence, state or prefecture: for private use, in no name. Empty where there is none."""
    return _SIGN_OF.get(f"{kind}:{value}", "")


def search_text(names: Iterable[str], codes: Iterable[str], marks: Iterable[str]) -> str:
    """The text by which a member is found: keys of its names and their legal forms, then codes, then marks."""
    given = list(names)
    keys = dict.fromkeys([*map(search_key, given), *(form for name in given for form in _forms_in(name))])
    parts = [LINE.join(key for key in keys if key), LINE.join(code for code in codes if code)]
    return LINE.join([CODES.join(parts), "".join(sorted(filter(None, marks)))])


def _forms_in(name: str) -> list[str]:
    """The legal forms in a name, in full: search keys leave them out, but people search for them alone."""
    wide = unicodedata.normalize("NFKC", name)
    long = [form for form in _LONG_FORMS if form in wide]
    return long or [form for short, form in _LEGAL_FORMS.items() if f"({short})" in wide]


def pairs(text: str) -> set[str]:
    """Every two neighbouring signs of every line, and every mark alone."""
    *lines, marks = text.split(LINE)
    found = set(marks)
    for line in lines:
        for part in line.split(CODES):
            found.update(part[place : place + 2] for place in range(len(part) - 1))
    return found


def token(pair: str) -> str:
    """A pair as one plain word of ASCII, so that no tokenizer takes it apart and no query language reads it."""
    return "z".join(f"{ord(sign):x}" for sign in pair)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a search asks of the text of a member: to contain `key` (in the names alone where `in_names`), and every one of `marks`.

    `number` is the term where it is a number: then an operator code, corporate number or roster number may equal it.
    """

    key: str = ""
    marks: tuple[str, ...] = ()
    number: str = ""

    @property
    def in_names(self) -> bool:
        return 0 < len(self.number) <= SHORT_NUMBER

    @property
    def pairs(self) -> list[str]:
        """The words of the index that a match has; none where a single sign is sought."""
        return sorted({self.key[place : place + 2] for place in range(len(self.key) - 1)} | set(self.marks))

    @property
    def exact(self) -> bool:
        """Whether the index alone decides: one pair at most, and not in the names only."""
        return len(self.key) in {0, 2} and not self.in_names

    @property
    def pattern(self) -> str:
        """For LIKE with `escape` as the escape sign: what the text has to look like for `key`."""
        plain = "".join(f"{ESCAPE}{sign}" if sign in f"%_{ESCAPE}" else sign for sign in self.key)
        return f"%{plain}%{CODES}%" if self.in_names else f"%{plain}%"


ESCAPE = "/"


def wanted(term: str, *, marks: Iterable[str] = ()) -> Wanted:
    """What a typed term asks for, in any width, kana or case; an empty key where nothing searchable was typed."""
    digits = half_width(term).replace("-", "").replace(" ", "")
    number = digits if digits.isascii() and digits.isdigit() else ""
    forms, key = _forms_in(term), number or search_key(term)
    if forms and key in {search_key(forms[0]), *(f"({short})" for short in _LEGAL_FORMS)}:
        key = forms[0]  # nothing but a legal form was typed
    key = "".join(sign for sign in key if unicodedata.category(sign) != "Co")
    return Wanted(key, tuple(sorted(filter(None, marks))), number)
