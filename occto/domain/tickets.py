"""受付票: what a ticket is, its token and its number, and what was typed or read at the door (業務: `domain` 6, Ticket)."""

import hashlib
import re
import unicodedata
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from occto.domain.certificates import ALPHABET
from occto.domain.numbers import damm
from occto.domain.replies import Answer, Attendance, ProxyKind

TOKEN_LENGTH: Final = 26
TOKEN_BITS: Final = TOKEN_LENGTH * 5
PRACTICE_TOKEN: Final = "PRACT1CE".ljust(TOKEN_LENGTH, "0")
"""The code on the card of the volunteers: it tries reader and screen and stands for nobody."""
LONGEST_READ: Final = 1000
FIRST_NUMBER: Final = 1001
"""Numbers have four digits at least, so that nobody mistakes one for the number of a seat."""
NAME_LIMIT, TITLE_LIMIT, SEAT_LIMIT, NOTE_LIMIT = 200, 120, 20, 200


class TicketKind(StrEnum):
    """Why somebody comes. ATTENDEE and PROXY follow from a reply; WALK_IN and SUBSTITUTE are admitted at the hall.

    GUEST listens; OFFICIAL is named by the minister, may attend and speak (電気事業法 28条の32). Neither belongs to a member.
    """

    ATTENDEE = "ATTENDEE"
    PROXY = "PROXY"
    WALK_IN = "WALK_IN"
    SUBSTITUTE = "SUBSTITUTE"
    GUEST = "GUEST"
    OFFICIAL = "OFFICIAL"


class Revocation(StrEnum):
    """Why a ticket is no longer good."""

    REPLY_CHANGED = "REPLY_CHANGED"
    REISSUED = "REISSUED"
    SUBSTITUTED = "SUBSTITUTED"
    WITHDRAWN = "WITHDRAWN"


WITHOUT_MEMBER = frozenset({TicketKind.GUEST, TicketKind.OFFICIAL})
FROM_REPLY = frozenset({TicketKind.ATTENDEE, TicketKind.PROXY})
AT_THE_HALL = frozenset({TicketKind.WALK_IN, TicketKind.SUBSTITUTE})
KIND_LABELS: dict[str, str] = {
    TicketKind.ATTENDEE: "出席者",
    TicketKind.PROXY: "代理人",
    TicketKind.WALK_IN: "当日来場",
    TicketKind.SUBSTITUTE: "交代",
    TicketKind.GUEST: "傍聴",
    TicketKind.OFFICIAL: "経済産業大臣が指名する職員",
}
REVOCATION_LABELS: dict[str, str] = {
    Revocation.REPLY_CHANGED: "回答の変更",
    Revocation.REISSUED: "再発行",
    Revocation.SUBSTITUTED: "出席者の交代",
    Revocation.WITHDRAWN: "取りやめ",
}


def standing_of(kind: TicketKind, *, voting: bool) -> str:
    """What the person does at the hall, as ticket, desk and lists say it."""
    if kind is TicketKind.OFFICIAL:
        return KIND_LABELS[kind]
    return "議決権を行使する方" if voting else "傍聴の方"


def brings_somebody(answer: Answer) -> bool:
    """Whether somebody comes for the member by this reply, and so has a ticket."""
    return answer.attendance is Attendance.ATTEND or answer.proxy_kind is ProxyKind.PERSON


@dataclass(frozen=True, slots=True)
class Read:
    """What was read or typed at the door: a token's SHA-256, or the number of a ticket. Both None: neither."""

    token_hash: str | None = None
    number: int | None = None
    practice: bool = False


NOTHING: Final = Read()


def token_of(key: bytes) -> str:
    """The token that a QR code holds: the first 130 bits of `key` (17 bytes at least) in Crockford's base32.

    Upper-case letters and digits alone: readers type keys, which IME and other layouts would garble.
    """
    bits = int.from_bytes(key[:17], "big") >> (17 * 8 - TOKEN_BITS)
    return "".join(ALPHABET[bits >> (5 * place) & 31] for place in reversed(range(TOKEN_LENGTH)))


def hash_of(token: str) -> str:
    """What is kept of a token: SHA-256, 64 hexadecimal digits. 130 random bits need no salt."""
    return hashlib.sha256(token.encode()).hexdigest()


def key_text(assembly_id: int, number: int, issue_no: int) -> str:
    """What the token of a ticket is derived from under the key of the house, so that its page can draw it again."""
    return f"{assembly_id}:{number}:{issue_no}"


def shown_number(number: int) -> str:
    """The number as it is printed and read out: 2041-7, the last digit Damm's over those before it."""
    return f"{number}-{damm(str(number))}"


_BETWEEN = re.compile(r"[\s\-‐‑‒–—―−ー_]+")
_MISREAD = str.maketrans("ILO", "110")  # Crockford: letters that are no digits are taken for them
_TOKEN = re.compile(rf"[{ALPHABET}]{{{TOKEN_LENGTH}}}")


def read_code(text: str) -> Read:
    """What a reader typed or a person entered: a token or a number with its check digit, else NOTHING.

    Width, case, spaces and dashes do not matter, nor does what stands before a last «/» (an address).
    A number without its check digit, or with a wrong one, is no number: a slip of the hand admits nobody else.
    """
    if len(text) > LONGEST_READ:
        return NOTHING
    bare = _BETWEEN.sub("", unicodedata.normalize("NFKC", text).upper().rpartition("/")[2])
    token = bare.translate(_MISREAD)
    if _TOKEN.fullmatch(token):
        return Read(token_hash=hash_of(token), practice=token == PRACTICE_TOKEN)
    if re.fullmatch(r"[0-9]{5,10}", bare) and damm(bare) == 0:
        return Read(number=int(bare[:-1]))
    return NOTHING
