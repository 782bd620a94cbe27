"""受領証: the hash tree in which a member finds its own reply."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from occto.domain.receipts import EMPTY_ROOT, Sibling, leaf_of, proof_of, reply_digest, root_of, verify

HASHES = st.integers(0, 2**256 - 1).map(lambda number: f"{number:064x}")
LEAVES = st.lists(HASHES, min_size=1, max_size=40, unique=True)


@given(LEAVES, st.data())
def test_every_leaf_leads_to_the_root(leaves: list[str], data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(leaves) - 1))
    assert verify(leaves[place], proof_of(leaves, place), root_of(leaves))


@given(LEAVES, HASHES, st.data())
def test_another_leaf_does_not(leaves: list[str], other: str, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(leaves) - 1))
    if other != leaves[place]:
        assert not verify(other, proof_of(leaves, place), root_of(leaves))


@given(LEAVES, st.data())
def test_a_changed_leaf_changes_the_root(leaves: list[str], data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(leaves) - 1))
    changed = [*leaves]
    changed[place] = hashlib.sha256(leaves[place].encode()).hexdigest()
    assert root_of(changed) != root_of(leaves)


def test_the_tree_as_it_is_written_down() -> None:
    a, b, c = (leaf_of(code, "00" * 32) for code in ("A", "B", "C"))
    assert a == hashlib.sha256(b"\x00A" + bytes(32)).hexdigest()
    pair = hashlib.sha256(b"\x01" + bytes.fromhex(a) + bytes.fromhex(b)).hexdigest()
    root = hashlib.sha256(b"\x01" + bytes.fromhex(pair) + bytes.fromhex(c)).hexdigest()
    assert (root_of([]), root_of([a]), root_of([a, b]), root_of([a, b, c])) == (EMPTY_ROOT, a, pair, root)
    assert proof_of([a, b, c], 2) == (Sibling(pair, left=True),)


def test_the_digest_depends_on_the_salt() -> None:
    content = {"attendance": "ABSENT"}
    assert reply_digest(content, salt="a" * 32) != reply_digest(content, salt="b" * 32)
    assert len(reply_digest(content, salt="a" * 32)) == 64


def test_there_is_no_proof_outside_the_list() -> None:
    with pytest.raises(IndexError):
        proof_of([], 0)
