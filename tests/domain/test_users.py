"""Where an invitation stands, which addresses look shared, how pasted lines are read."""

from datetime import UTC, datetime, timedelta
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from occto.domain.codes import MailState, UserState
from occto.domain.devices import device_words
from occto.domain.text import InputError
from occto.domain.users import (
    COLUMNS,
    MOST_INVITED_AT_ONCE,
    Standing,
    looks_like_office,
    looks_shared,
    rows_of_text,
    standing,
    text_of_rows,
)

NOW = datetime(2026, 11, 27, 3, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    "email",
    ["info@a.jp", "soumu@a.jp", "denryoku@a.jp", "SOUMU2@a.jp", "denryoku-keiri@a.jp", "info.tokyo@a.jp", "ml@a.jp"],
)
def test_addresses_of_offices_look_shared(email: str) -> None:
    assert looks_shared(email)


@pytest.mark.parametrize("email", ["sato@info.jp", "infante@a.jp", "m.yamada@a.jp", "mall@a.jp", "kanrin@a.jp", ""])
def test_addresses_of_persons_do_not(email: str) -> None:
    assert not looks_shared(email)


def test_names_of_offices() -> None:
    assert all(map(looks_like_office, ("総務部", "電力取引 担当", "株式会社汐見", "総務課 御中")))
    assert not any(map(looks_like_office, ("髙橋 美咲", "部田 一郎", "渡部 誠")))


def test_every_state_of_user_and_mail_has_one_standing() -> None:
    found = {
        standing(state=state, stopped=stopped, mail=mail, link_expires_at=expires, now=NOW)
        for state, stopped, mail, expires in product(
            UserState, (False, True), (None, *MailState), (None, NOW, NOW + timedelta(seconds=1))
        )
    }
    assert found == set(Standing)


def test_a_link_is_over_at_its_last_instant() -> None:
    def at(expires: datetime) -> Standing:
        return standing(state=UserState.INVITED, stopped=False, mail=MailState.SENT, link_expires_at=expires, now=NOW)

    assert at(NOW) is Standing.EXPIRED
    assert at(NOW + timedelta(seconds=1)) is Standing.SENT


def test_lines_of_excel_and_of_commas_read_the_same() -> None:
    line = ("髙橋 美咲", "タカハシ ミサキ", "総務部", "t@a.jp", "03-0000-0000", "申請担当")
    assert (
        rows_of_text("\t".join(line)) == rows_of_text(",".join(line)) == [dict(zip(dict(COLUMNS), line, strict=True))]
    )


def test_titles_set_the_order() -> None:
    (row,) = rows_of_text("メール\t権限\t氏名（必須）\nt@a.jp\t閲覧\t髙橋 美咲")
    assert (row["email"], row["role"], row["name"], row["phone"]) == ("t@a.jp", "閲覧", "髙橋 美咲", "")


def test_a_telephone_number_gets_back_the_zero_that_excel_took() -> None:
    phones = ["312345678", "9012345678", "0312345678", "03-1234-5678", "12345", "a"]
    rows = rows_of_text("\n".join(f"名,,,a@a.jp,{phone},閲覧" for phone in phones))
    assert [row["phone"] for row in rows] == ["0312345678", "09012345678", *phones[2:]]


def test_short_and_empty_lines() -> None:
    assert rows_of_text("髙橋\n\n \t \n佐藤")[1]["name"] == "佐藤"
    for nothing in ("", "\n\n", "氏名\tメールアドレス\n"):
        with pytest.raises(InputError):
            rows_of_text(nothing)


def test_at_most_so_many() -> None:
    lines = ["名前"] * MOST_INVITED_AT_ONCE
    assert len(rows_of_text("\n".join(lines))) == MOST_INVITED_AT_ONCE
    with pytest.raises(InputError, match="200名"):
        rows_of_text("\n".join([*lines, "名前"]))


@pytest.mark.parametrize("text", ['"' + "y," * 100_000, "x" * 200_000])
def test_what_no_table_holds_is_refused_in_words(text: str) -> None:
    with pytest.raises(InputError, match="読み取れませんでした"):
        rows_of_text(text)


@given(st.text(max_size=200))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        rows = rows_of_text(text)
    except InputError:
        return
    assert all(set(row) == set(dict(COLUMNS)) for row in rows)
    assert len(rows_of_text(text_of_rows(rows))) <= len(rows)


def test_what_the_check_page_hands_on_reads_back() -> None:
    rows = [{"name": '髙橋 "美咲"', "kana": "", "title": "a\tb", "email": "t@a.jp", "phone": "", "role": "閲覧"}]
    (back,) = rows_of_text(text_of_rows(rows))
    assert (back["name"], back["title"], back["role"]) == ("髙橋  美咲", "a b", "閲覧")


@pytest.mark.parametrize(
    ("agent", "words"),
    [
        (
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/126.0 Safari/537.36",
            "Chrome（Windows）",
        ),
        ("Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/126.0 Safari/537.36 Edg/126.0", "Edge（Windows）"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) Version/17.5 Mobile Safari/604.1", "Safari（iPhone）"),
        ("Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0", "Firefox（Linux）"),
        ("curl/8", "不明な端末"),
        ("", "不明な端末"),
    ],
)
def test_a_device_in_words(agent: str, words: str) -> None:
    assert device_words(agent) == words
