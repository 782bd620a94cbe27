"""The short code that pairs a desk: made from its row under the key of the house, so that its page can show it again."""

import unicodedata
from datetime import datetime
from typing import Final

from occto import vault
from occto.domain.certificates import ALPHABET

LENGTH: Final = 8
LONGEST_TYPED: Final = 60
_LOOK_ALIKE = str.maketrans("OIL", "011")


def code_of(assembly_id: int, name: str, until: datetime) -> str:
    """The code of a desk that waits until that second: eight characters of Crockford's base32 (40 bits)."""
    bits = int.from_bytes(vault.derived("desk-code", f"{assembly_id}:{name}:{int(until.timestamp())}")[:5], "big")
    return "".join(ALPHABET[bits >> (5 * place) & 31] for place in reversed(range(LENGTH)))


def grouped(code: str) -> str:
    """The code as it is shown and read out: ABCD-EFGH."""
    return f"{code[:4]}-{code[4:]}"


def hash_of(typed: str) -> str:
    """The keyed hash of a code however it was typed; that of a code that nobody has where it can be none."""
    wide = unicodedata.normalize("NFKC", typed[:LONGEST_TYPED]).upper()
    bare = "".join(sign for sign in wide if sign.isascii() and sign.isalnum()).translate(_LOOK_ALIKE)
    return vault.keyed(f"desk-code:{bare if len(typed) <= LONGEST_TYPED else ''}")
