"""The 再計算キット on record: its hash noted once for each 結果確定, and every kit that leaves held against it.

Kits are drawn outside any unit of work (`occto/kit`); what is drawn counts only where its result still stands here.
"""

from datetime import datetime

from sqlalchemy.orm import Session

from occto.domain.actor import SYSTEM, Actor
from occto.domain.errors import NotFound, Refusal, Stale
from occto.models import Assembly, AssemblyResult, KitHash
from occto.queries.kit import noted_hash
from occto.queries.results import FIXED, fixed_results
from occto.services import audit

CORRECTED = "キットを用意しているあいだに、結果の訂正が始まりました。確定し直してから、受け取ってください。"
NOT_READY = "再計算キットは準備中です。1分ほどたってから、この画面を開き直してください。"
DIFFERS = (
    "再計算キットをお渡しできません。いま作ったキットの SHA-256 が、結果を確定したあとに記録した値と違います。"
    "確定のあとに、記録が書き換えられたおそれがあります。システム管理者に知らせてください。"
    "2つの値は「記録」に残しました。"
)


def note_kit(session: Session, assembly_id: int, *, no: int, sha256: str, now: datetime) -> bool:
    """Note what the kit of result `no` is known by; whether this call did it. Once, whoever drew it and however often.

    Nothing is noted where the result was corrected while its kit was drawn.
    """
    assembly = session.get(Assembly, assembly_id, with_for_update=True, populate_existing=True)
    fixed = _standing(session, assembly)
    if fixed is None or fixed.no != no or noted_hash(session, fixed) is not None:
        return False
    session.add(KitHash(assembly_id=assembly_id, no=no, sha256=sha256, noted_at=now))
    detail = {"no": no, "sha256": sha256}
    audit.record(session, "kit.noted", subject=f"ASSEMBLY:{assembly_id}", actor=SYSTEM, now=now, detail=detail)
    session.flush()
    return True


def require_noted(session: Session, assembly_id: int) -> KitHash:
    """The noted hash of the result that stands. Refusals not_found (no result stands), kit_not_ready."""
    fixed = _standing(session, session.get(Assembly, assembly_id))
    if fixed is None:
        raise NotFound
    noted = noted_hash(session, fixed)
    if noted is None:
        raise Refusal("kit_not_ready", NOT_READY)
    return noted


def let_out(session: Session, assembly_id: int, *, no: int, sha256: str, actor: Actor, now: datetime) -> bool:
    """Whether a kit drawn of result `no` is the one that was noted. The trail says either way: it leaves, or is kept in.

    Shares the lock of the assembly. Refusals: stale (the result was corrected while the kit was drawn), kit_not_ready.
    """
    assembly = session.get(Assembly, assembly_id, with_for_update={"read": True}, populate_existing=True)
    fixed = _standing(session, assembly)
    if fixed is None or fixed.no != no:
        raise Stale(CORRECTED)
    noted = require_noted(session, assembly_id)
    right = noted.sha256 == sha256
    detail = {"no": no, "sha256": noted.sha256} | ({} if right else {"drawn": sha256})
    tag = "kit.taken" if right else "kit.differs"
    audit.record(session, tag, subject=f"ASSEMBLY:{assembly_id}", actor=actor, now=now, detail=detail)
    return right


def _standing(session: Session, assembly: Assembly | None) -> AssemblyResult | None:
    """The result that stands; None before the first and while it is corrected."""
    if assembly is None or assembly.state not in FIXED:
        return None
    return next(iter(fixed_results(session, assembly.id)), None)
