"""本システム利用契約: the grounds on which it may be terminated (利用規約 2.7.2). Membership is another thing."""

from occto.domain.clauses import Clause

GROUNDS: dict[Clause, str] = {
    Clause.C2_7_2_1: "定款に基づく会員の権利の停止または制限の処分を受けた",
    Clause.C2_7_2_2: "利用規約 2.5 の禁止行為を行った",
    Clause.C2_7_2_3: "反社会的勢力であることなどが判明した（利用規約 5.3.1）",
}
"""2.7.2④ (no main application within a year) belongs to 加入手続き alone."""
LIVE, ENDED, PAPER = "契約中", "終了", "紙対応"
"""Words for a contract in force, an ended one, and a member that has none in force."""
