"""What a proposal of each kind will do, in words, and what the second person has to see of it."""

from collections.abc import Callable, Sequence

from sqlalchemy.orm import Session

from occto.admin import rights_words
from occto.admin.base import Facts, Table
from occto.admin.freeze_words import of_freeze, of_outcome, of_refreeze
from occto.admin.settings import setting_parts
from occto.domain.proposals import ProposalKind
from occto.models import Proposal

K = ProposalKind
CONSEQUENCES: dict[ProposalKind, str] = {
    K.FREEZE: "確認すると、議決権が確定します。届出と異議は締め切られ、招集通知を送れるようになります。",
    K.REFREEZE: (
        "確認すると、いまの登録で議決権を確定し直します。いままでの確定は記録として残り、届いている回答は、新しい議決権で"
        "数え直します。議決権が変わる会員には、メールでお知らせします。"
    ),
    K.LATE_FACT: "確認すると、基準日後に判明した事実の取扱いが決まります。議決権は、この依頼では変わりません。",
    K.ELECTION: "確認すると、要確認の届出の扱いが決まります。",
    K.SANCTION: "確認すると、権利の停止・制限を会員の登録に加えます。",
    K.SANCTION_END: "確認すると、権利の停止・制限を終了します。",
    K.SETTING: "確認すると、始まる日から新しい値になります。登録済みの総会の決まりは変わりません。",
}
PARTS: dict[ProposalKind, Callable[[Session, Proposal], Sequence[Facts | Table]]] = {
    K.FREEZE: of_freeze,
    K.REFREEZE: of_refreeze,
    K.LATE_FACT: of_outcome,
    K.ELECTION: rights_words.election_parts,
    K.SANCTION: rights_words.sanction_parts,
    K.SANCTION_END: rights_words.sanction_end_parts,
    K.SETTING: setting_parts,
}
"""What stands on the page of a proposal besides reason and persons."""
