"""What people type, made clean: names and sentences kept as they are written, kana made uniform, keys for searching."""

import re
import unicodedata

MAX_COMBINING_RUN = 30
"""Marks in a row above which text is refused: sorting longer runs takes quadratic time, and no language needs them."""

_QUOTED = 30
_SEARCHED = 1000

HYPHENS = "-‐‑‒–—―⁃−⸺─━﹘﹣－ーｰ─~〜～"
_HYPHEN_TABLE = {ord(sign): "-" for sign in HYPHENS}
_WIDTH_TABLE = {0xFF01 + offset: chr(0x21 + offset) for offset in range(94)} | {0x3000: " "}
_HALF_WIDTH = _WIDTH_TABLE | _HYPHEN_TABLE

# Hiragana and its iteration marks lie 0x60 below the katakana.
_KATAKANA = {code: chr(code + 0x60) for code in (*range(0x3041, 0x3097), 0x309D, 0x309E)}
_SOUND_MARKS = {0x309B: "\u3099", 0x309C: "\u309a", 0xFF9E: "\u3099", 0xFF9F: "\u309a"}
_KANA_ALLOWED = re.compile(r"[ァ-ヺ・ーヽヾ ]")
_KANA_THEN_HYPHEN = re.compile(rf"(?<=[ァ-ヺー])[{re.escape(HYPHENS)}]")

_COMPATIBILITY_IDEOGRAPHS = re.compile("([\uf900-\ufaff\U0002f800-\U0002fa1f]+)")

# Forms of one character that people use for one another; for searching only.
_VARIANTS = str.maketrans(
    "髙﨑𠮷濵濱澤邊邉齋齊斎櫻廣國榮嶋嶌氣條圓德惠眞淸靑",
    "高崎吉浜浜沢辺辺斉斉斉桜広国栄島島気条円徳恵真清青",
)
_LEGAL_FORMS = re.compile(
    "株式会社|有限会社|合同会社|合資会社|合名会社|(?:一般|公益)(?:社団|財団)法人|社団法人|財団法人|特定非営利活動法人"
    "|(?:国立研究開発|地方独立行政|独立行政)法人|相互会社|有限責任事業組合|投資事業有限責任組合"
    r"|\((?:株|有|同|資|名|一社|一財|公社|公財|独|特非)\)"
    "|カブシキガ[イィ]シャ|ユウゲンガイシャ|ゴウドウガイシャ|ゴウシガイシャ|ゴウメイガイシャ"
    r"|co\.,?ltd\.?|,inc\.?$|,llc\.?$"
)
_UNSEEN = "・·"
_NOT_SEARCHED = re.compile(f"[{_UNSEEN}]")
_DROPPED = frozenset({"Cc", "Cf", "Cs"})

# fmt: off
PREFECTURES: tuple[str, ...] = (
    "北海道", "青森県", "岩手県", "宮城県", "秋田県", "山形県", "福島県", "茨城県",
    "栃木県", "群馬県", "埼玉県", "千葉県", "東京都", "神奈川県", "新潟県", "富山県",
    "石川県", "福井県", "山梨県", "長野県", "岐阜県", "静岡県", "愛知県", "三重県",
    "滋賀県", "京都府", "大阪府", "兵庫県", "奈良県", "和歌山県", "鳥取県", "島根県",
    "岡山県", "広島県", "山口県", "徳島県", "香川県", "愛媛県", "高知県", "福岡県",
    "佐賀県", "長崎県", "熊本県", "大分県", "宮崎県", "鹿児島県", "沖縄県",
)
# fmt: on
"""The 47 prefectures in the order of JIS X 0401."""


class InputError(ValueError):
    """What was typed cannot be taken; `str()` is a Japanese sentence that says what to do next."""


def quote(value: str) -> str:
    """Return 「value」 safe to print in a sentence: one line, at most 30 characters, nothing invisible."""
    shown = "".join(sign if sign.isprintable() or sign == "　" else "�" for sign in value[: _QUOTED + 1].strip())
    return f"「{shown[:_QUOTED]}…」" if len(shown) > _QUOTED else f"「{shown}」"


def storable(value: str) -> str:
    """Return the text with what no database stores (NUL, lone surrogates) replaced by U+FFFD; never raises."""
    return "".join("�" if sign == "\0" or "\ud800" <= sign <= "\udfff" else sign for sign in value)


def has_long_combining_run(value: str) -> bool:
    """Tell whether more than 30 combining marks follow one another."""
    run = 0
    for sign in value:
        run = run + 1 if sign >= "\u0300" and unicodedata.combining(sign) else 0
        if run > MAX_COMBINING_RUN:
            return True
    return False


def compose(value: str) -> str:
    """Return the text in NFC, but with CJK compatibility ideographs left as typed.

    NFC alone would turn U+FA19 of a registered name into U+795E. Raises InputError for endless runs of marks.
    """
    if value.isascii():
        return value
    if has_long_combining_run(value):
        raise InputError("記号が続きすぎていて読み取れません。その部分を消して、もう一度入力してください。")
    parts = _COMPATIBILITY_IDEOGRAPHS.split(value)
    return "".join(part if index % 2 else unicodedata.normalize("NFC", part) for index, part in enumerate(parts))


def clean_line(value: str, *, max_length: int) -> str:
    """Return one line of text: trimmed, NFC, never NFKC, at most `max_length` code points; may be empty.

    Line breaks and tabs inside become one space; invisible formatting characters are dropped. Raises InputError.
    """
    _refuse_far_too_long(value, max_length)
    kept = _checked(re.sub(r"[\t\n\v\f\r\x85\u2028\u2029]+", " ", value))
    return _within(compose(kept).strip(), max_length)


def clean_text(value: str, *, max_length: int) -> str:
    r"""Return text of several lines divided by "\n": NFC, ends of lines and empty outer lines trimmed; may be empty."""
    _refuse_far_too_long(value, max_length)
    unix = re.sub(r"\r\n|[\r\v\f\x85\u2028\u2029]", "\n", value).replace("\t", " ")
    lines = [line.rstrip() for line in compose(_checked(unix)).split("\n")]
    return _within("\n".join(lines).strip("\n"), max_length)


def to_katakana(value: str) -> str:
    """Return a reading in full-width katakana, ・, ー and full-width spaces, from hiragana or kana of any width.

    Raises InputError naming the first character that is no kana. May be empty.
    """
    _refuse_far_too_long(value, _SEARCHED)
    marked = compose(_checked(re.sub(r"[\t\r\n]+", " ", value))).translate(_SOUND_MARKS)
    wide = unicodedata.normalize("NFKC", marked).translate(_KATAKANA)
    kana = re.sub(" +", " ", _KANA_THEN_HYPHEN.sub("ー", wide)).strip()
    for sign in kana:
        if not _KANA_ALLOWED.fullmatch(sign):
            raise InputError(f"フリガナに{quote(sign)}は使えません。読みをカタカナかひらがなで入力してください。")
    return kana.replace(" ", "　")


def search_key(value: str) -> str:
    """Return the form by which names are searched: NFKC, case, kana, variants, spaces and legal forms made equal.

    For searching only, never shown or stored as the name; never raises.
    """
    shortened = value[:_SEARCHED]
    if has_long_combining_run(shortened):
        return ""
    folded = unicodedata.normalize("NFKC", shortened).translate(_VARIANTS).casefold().translate(_KATAKANA)
    visible = "".join(sign for sign in folded if not sign.isspace() and unicodedata.category(sign) not in _DROPPED)
    key = _NOT_SEARCHED.sub("", visible)
    return _LEGAL_FORMS.sub("", key) or key


def search_rules() -> dict[str, str]:
    """What `search_key` rests on, for a script that has to fold names by itself: it does NFKC, case and invisible signs.

    `from` and `to`: signs that are replaced, in the same order; `legal`: a pattern of legal forms; `unseen`: signs left out.
    """
    table = {**_VARIANTS, **{code: ord(sign) for code, sign in _KATAKANA.items()}}
    return {
        "from": "".join(map(chr, table)),
        "to": "".join(map(chr, table.values())),
        "legal": _LEGAL_FORMS.pattern,
        "unseen": _UNSEEN,
    }


def half_width(value: str) -> str:
    """Return the text with full-width ASCII and spaces made half-width, trimmed; hyphens and names untouched."""
    return value.translate(_WIDTH_TABLE).strip()


def half_width_digits(value: str) -> str:
    """Return digits, letters and signs in half width with every sort of hyphen as "-", trimmed; never raises."""
    return value.translate(_HALF_WIDTH).strip()


def _checked(value: str) -> str:
    """Return the text without invisible formatting characters; refuse what is no character of a text."""
    if value.isascii() and value.isprintable():
        return value
    kept = []
    for sign in value:
        category = unicodedata.category(sign)
        if category == "Cf":
            continue
        if category == "Cs" or sign == "�" or ord(sign) & 0xFFFE == 0xFFFE:
            raise InputError("読み取れない文字が含まれています。その文字を消して、もう一度入力してください。")
        if category == "Co":
            raise InputError("外字は登録できません。ほかの字か、ひらがなに置き換えて入力してください。")
        if category == "Cc" and sign != "\n":
            raise InputError("使えない文字（制御文字）が含まれています。その文字を消して、もう一度入力してください。")
        kept.append(sign)
    return "".join(kept)


def _refuse_far_too_long(value: str, max_length: int) -> None:
    # Before any normalising; four typed code points may compose to one.
    if len(value) > 4 * max_length + 1000:
        raise InputError(f"{max_length:,}文字以内で入力してください（いまは{len(value):,}文字です）。")


def _within(value: str, max_length: int) -> str:
    if len(value) > max_length:
        raise InputError(f"{max_length:,}文字以内で入力してください（いまは{len(value):,}文字です）。")
    return value
