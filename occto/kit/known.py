"""The SHA-256 of kits as pages and minutes show it: drawn once for the same rows, however often it is looked at."""

from sqlalchemy.orm import Session

from occto.kit import kit_of, sha256_of
from occto.queries.kit import kit_facts, kit_key

MOST_KEPT = 64
_known: dict[tuple[object, ...], str] = {}


def kit_hash(session: Session, assembly_id: int) -> str:
    """The hash of the kit; empty where there is none. Rows of results never change, so a key that is known stays true."""
    key = kit_key(session, assembly_id)
    if key is None:
        return ""
    if key not in _known:
        if len(_known) >= MOST_KEPT:
            _known.clear()
        _known[key] = sha256_of(kit_of(kit_facts(session, assembly_id)))
    return _known[key]
