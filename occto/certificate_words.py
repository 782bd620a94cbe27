"""What the public check of a certificate answers: in words for people, as fields for machines."""

from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from occto.domain.certificates import CertificateState, Standing, grouped
from occto.domain.dates import format_date
from occto.labels import label
from occto.queries.certificates import Checked

UNKNOWN: Final = "UNKNOWN"
UNKNOWN_TITLE: Final = "この確認番号の加入証跡は見つかりません"
UNKNOWN_SENTENCES: Final = (
    "確認番号をもう一度お確かめください。12文字の英数字のうち、最後の1文字は写し間違いを見つけるための文字です。",
    "何度確かめても見つからないときは、証跡をお持ちの会社か当機関にお尋ねください。",
)
FORESEEN: Final = (
    "先の日付のため、いまの登録にもとづく見込みをお答えしています。この先の登録や届出によって変わることがあります。"
)


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer on a page; `kind` is that of a notice."""

    title: str
    sentences: tuple[str, ...]
    kind: str
    rows: tuple[tuple[str, str], ...]


def verdict(found: Checked, *, today: date) -> Verdict:
    """The answer for a certificate on the day asked about, said on `today`."""
    title, kind, sentence = _ANSWERS[found.standing.state](found, today)
    sentences = [sentence]
    ends = found.standing.void_from
    if found.standing.state is CertificateState.VALID and ends is not None and ends > today:
        sentences.append(f"{format_date(ends)}からは、会員でなくなるため無効になる予定です。")
    if found.day > today:
        sentences.append(FORESEEN)
    return Verdict(title, tuple(sentences), kind, tuple(_rows(found, today)))


def as_json(found: Checked, *, today: date) -> dict[str, Any]:
    """The fields that docs/certificates.md describes."""
    stands = found.standing
    return {
        "state": stands.state.value,
        "valid": stands.state is CertificateState.VALID,
        "as_of": found.day.isoformat(),
        "foreseen": found.day > today,
        "code": found.code,
        "name": found.name,
        "categories": [{"code": one.category.value, "label": label(one.category)} for one in found.licences],
        "valid_from": stands.since.isoformat() if stands.since else None,
        "void_from": stands.void_from.isoformat() if stands.void_from else None,
    }


def unknown_as_json(day: date, *, today: date) -> dict[str, Any]:
    """The answer for a code that is none: the same whether it was mistyped or never given out."""
    return {
        "state": UNKNOWN,
        "valid": False,
        "as_of": day.isoformat(),
        "foreseen": day > today,
        "message": UNKNOWN_SENTENCES[0],
    }


def _valid(found: Checked, today: date) -> tuple[str, str, str]:
    day = format_date(found.day)
    if found.day == today:
        return "有効です", "ok", f"{day}現在、次の会社は、電力広域的運営推進機関の会員です。"
    if found.day < today:
        return "有効です", "ok", f"{day}の時点で、次の会社は、電力広域的運営推進機関の会員です。"
    return "有効の見込みです", "ok", f"{day}の時点で、次の会社は、電力広域的運営推進機関の会員である見込みです。"


def _not_yet(found: Checked, today: date) -> tuple[str, str, str]:
    since = found.standing.since
    title = "まだ有効ではありません" if found.day >= today else "有効ではありません"
    if since is None:
        return title, "warn", f"{format_date(found.day)}の時点で、次の会社は、会員ではありません。"
    when = "会員になったのは" if since <= today else "会員になる予定の日は"
    return title, "warn", f"次の会社が{when}、{format_date(since)}です。加入証跡は、その日から有効です。"


def _void(found: Checked, today: date) -> tuple[str, str, str]:
    assert found.standing.void_from is not None
    from_when = format_date(found.standing.void_from)
    if found.standing.void_from > today:
        return (
            "無効の見込みです",
            "warn",
            f"次の会社は、{from_when}に会員でなくなる予定です。加入証跡は、その日から無効です。",
        )
    return "無効です", "bad", f"次の会社は、{from_when}に会員でなくなりました。加入証跡は、その日から無効です。"


_ANSWERS = {
    CertificateState.VALID: _valid,
    CertificateState.NOT_YET: _not_yet,
    CertificateState.VOID: _void,
}


def _rows(found: Checked, today: date) -> list[tuple[str, str]]:
    rows = [("商号", found.name)]
    if found.licences:
        rows.append(("電気事業者の区分", "、".join(label(one.category) for one in found.licences)))
    if found.standing.since is not None:
        over = found.standing.void_from is not None and found.standing.void_from <= today
        rows.append(("会員であった期間" if over else "会員である期間", _period(found.standing)))
    return [*rows, ("確認した日付", format_date(found.day)), ("確認番号", grouped(found.code))]


def _period(stands: Standing) -> str:
    assert stands.since is not None
    until = f" {format_date(stands.void_from)}の前日まで" if stands.void_from else ""
    return f"{format_date(stands.since)}から{until}"
