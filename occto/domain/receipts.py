"""受領証: a code for each reply, and after closing a hash tree over them in which a member finds its own (RFC 6962's form).

A leaf is SHA-256 over the code and the digest of what the reply says; the digest is salted, so that nobody can guess what
another member answered from the list. Leaves and knots begin with different bytes: neither can be passed off as the other.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from occto.domain.canonical import canonical

EMPTY_ROOT: Final = hashlib.sha256(b"").hexdigest()
"""The root of a list without replies."""
_LEAF, _KNOT = b"\x00", b"\x01"


@dataclass(frozen=True, slots=True)
class Sibling:
    """One step from a leaf to the root: the hash beside it, and whether that one stands on the left."""

    hash: str
    left: bool


def reply_digest(content: dict[str, Any], *, salt: str) -> str:
    """SHA-256 of the salt and of the canonical form of what a reply says, 64 hexadecimal digits."""
    return hashlib.sha256(salt.encode() + canonical(content)).hexdigest()


def leaf_of(code: str, digest: str) -> str:
    """The leaf of one reply: its receipt code and the digest of what it says."""
    return hashlib.sha256(_LEAF + code.encode() + bytes.fromhex(digest)).hexdigest()


def root_of(leaves: Sequence[str]) -> str:
    """The root over leaves in their order. A knot without a neighbour goes up as it is."""
    level = [bytes.fromhex(leaf) for leaf in leaves]
    if not level:
        return EMPTY_ROOT
    while len(level) > 1:
        level = _above(level)
    return level[0].hex()


def proof_of(leaves: Sequence[str], place: int) -> tuple[Sibling, ...]:
    """The steps that lead from the leaf at `place` (from 0) to the root. Raises IndexError where there is none."""
    if not 0 <= place < len(leaves):
        raise IndexError(place)
    level, steps = [bytes.fromhex(leaf) for leaf in leaves], []
    while len(level) > 1:
        beside = place ^ 1
        if beside < len(level):
            steps.append(Sibling(level[beside].hex(), left=beside < place))
        level, place = _above(level), place // 2
    return tuple(steps)


def verify(leaf: str, proof: Sequence[Sibling], root: str) -> bool:
    """Whether the steps lead from the leaf to the root."""
    reached = bytes.fromhex(leaf)
    for step in proof:
        beside = bytes.fromhex(step.hash)
        reached = _knot(beside, reached) if step.left else _knot(reached, beside)
    return reached.hex() == root


def _above(level: list[bytes]) -> list[bytes]:
    pairs = [_knot(level[at], level[at + 1]) for at in range(0, len(level) - 1, 2)]
    return pairs + level[len(level) - len(level) % 2 :]


def _knot(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(_KNOT + left + right).digest()
