#!/usr/bin/env python3
"""総会の議決権と議決を、はじめから計算し直して、結果の記録と照らし合わせる。

使い方: 再計算キットを展開したフォルダで  python3 recompute.py --hash 議事録にあるキットの SHA-256
必要なもの: Python 3.8 以上。標準ライブラリのほかは何も使わず、通信もしない。
終わり方: すべて一致すれば 0、1つでも違いがあれば 1 (exits with 1 on any difference, missing or extra file, other hash)。
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
import unicodedata
from fractions import Fraction
from math import gcd
from pathlib import Path
from typing import Any, Dict, Set

SUMS = "SHA256SUMS"
DATA = ("result.json", "rules.json", "snapshot.json", "voting.json")
BESIDE = {SUMS, "README.txt", "recompute.py"}
GROUPS = ("N", "R", "G")
LICENCES = {
    "小売": ("RETAIL", "R"),
    "一般送配電": ("GTD", "N"),
    "送電": ("TRANS", "N"),
    "配電": ("DIST", "N"),
    "特定送配電": ("SPTD", "N"),
    "登録特定送配電": ("RSPTD", "NR"),
    "発電": ("GEN", "G"),
    "特定卸供給": ("AGG", "G"),
}
YES, NO, ABSTAIN = "賛成", "反対", "棄権"
Doc = Dict[str, Any]
Groups = Dict[str, Set[str]]
CODES = {YES: "YES", NO: "NO", ABSTAIN: "ABSTAIN", None: None}
OUTCOMES = {"可決": "CARRIED", "否決": "REJECTED", "不成立": "NOT_DECIDED", "可否同数(議長決裁)": "TIED"}
RULES = {"ordinary": "2*yes > present", "special": "3*yes >= 2*present", "quorum": "2*present >= whole"}


class Report:
    """What was found: every difference is a line, and their number decides how the program ends."""

    differences = 0

    def same(self, words: str) -> None:
        print("一致　" + words)

    def differs(self, words: str) -> None:
        self.differences += 1
        print("違い　" + words)

    def compare(self, words: str, kept: Any, found: Any) -> bool:
        """Say whether the record is what was calculated; the first place where it is not."""
        place = difference(kept, found)
        if place is None:
            return True
        self.differs(words + "：" + place)
        return False


def difference(kept: Any, found: Any, path: str = "") -> str | None:
    """The first place where two documents differ; None where they do not."""
    if isinstance(kept, list) and isinstance(found, list):
        kept, found = dict(enumerate(kept, 1)), dict(enumerate(found, 1))
    if isinstance(kept, dict) and isinstance(found, dict):
        for key in sorted(set(kept) | set(found)):
            here = path + ("." if path else "") + str(key)
            if key not in kept or key not in found:
                return here + (" が記録にありません" if key not in kept else " が計算にありません")
            below = difference(kept[key], found[key], here)
            if below is not None:
                return below
        return None
    if type(kept) is type(found) and kept == found:
        return None
    words = (json.dumps(one, ensure_ascii=False)[:80] for one in (kept, found))
    return "{} 記録は {}、計算では {}".format(path, *words)


def check_files(folder: Path, report: Report) -> str:
    """Every data file and no other, with the SHA-256 that is listed. Returns what the kit is known by: that of the list."""
    present = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if not path.is_dir()}
    faults = [name + " がありません" for name in sorted({*DATA, *BESIDE} - present)]
    faults += [name + " は、このキットのファイルではありません" for name in sorted(present - {*DATA, *BESIDE})]
    lines = [sha256_of((folder / name).read_bytes()) + "  " + name for name in DATA if name in present]
    listed = (folder / SUMS).read_text(encoding="utf-8").splitlines()
    for name in sorted({line[66:] for line in {*lines} ^ {*listed}}):
        faults.append(name + " の SHA-256 が一覧（SHA256SUMS）と違います")
    for fault in faults:
        report.differs("ファイル：" + fault)
    if not faults:
        report.same("ファイル　{}個の SHA-256".format(len(lines)))
    return sha256_of("".join(line + "\n" for line in lines).encode("utf-8"))


def sha256_of(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def digest_of(value: Any) -> str:
    """SHA-256 of the canonical form: UTF-8, NFC, sorted keys, no spaces."""
    text = json.dumps(normal(value), ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return sha256_of(text.encode("utf-8"))


def normal(value: Any) -> Any:
    if isinstance(value, str):
        return unicodedata.normalize("NFC", value)
    if isinstance(value, dict):
        return {normal(key): normal(item) for key, item in value.items()}
    return [normal(item) for item in value] if isinstance(value, list) else value


def allocate(case: Doc) -> Doc:
    """The division of votes, from licences, capital, roster, relations and elections on the record date."""
    voters = eligible(case)
    groups = {one["id"]: {group for word in one["licences"] for group in LICENCES[word][1]} for one in voters}
    units = {group: units_of(group, voters, groups, case) for group in GROUPS}
    shares = {group: shares_of(case, group, units) for group in GROUPS if units[group]}
    per_group = 1 if shares else 0
    for share in {share for each in shares.values() for share in each}:
        per_group = per_group * share.denominator // gcd(per_group, share.denominator)
    weights: dict[str, Doc] = {}
    for group, each in shares.items():
        for unit, share in zip(units[group], each):
            held = weights.setdefault(unit["holder"], {"by_group": {}, "total": 0})
            held["by_group"][group] = share.numerator * (per_group // share.denominator)
            held["total"] += held["by_group"][group]
    return {"per_group_total": per_group, "total": per_group * len(shares), "units": units, "weights": weights}


def eligible(case: Doc) -> list[Doc]:
    """The members of the record date whose votes no sanction takes away, in the order of the roster."""
    day = case["record_date"]
    found = [
        one
        for one in case["members"]
        if one["effective_from"] <= day
        and (one["effective_to"] is None or day < one["effective_to"])
        and not one.get("sanctioned", False)
    ]
    return sorted(found, key=lambda one: (one["roster_no"] is None, one["roster_no"] or 0, one["id"]))


def line_of(node: str, case: Doc) -> list[str]:
    """The companies above this one, the nearest first. A ring is no line: with one, nothing can be calculated."""
    above: list[str] = []
    while node in case["parent_of"]:
        node = case["parent_of"][node]
        if node in above:
            raise ValueError("資本関係が輪になっています（" + node + "）")
        above.append(node)
    return above


def root_of(node: str, case: Doc) -> str:
    return (line_of(node, case) or [node])[-1]


def units_of(group: str, voters: list[Doc], groups: Groups, case: Doc) -> list[Doc]:
    """The voters of a group: companies, and families deemed one member, in the order of the roster."""
    families: dict[str, list[Doc]] = {}
    for one in voters:
        if group in groups[one["id"]]:
            families.setdefault(root_of(one["id"], case), []).append(one)
    units = []
    for root, family in families.items():
        named = elected(group, root, groups, case)
        holder, reason = (named, "election") if named is not None else by_rules(group, family, groups, case)
        units.append({"holder": holder, "members": [one["id"] for one in family], "reason": reason})
    return units


def elected(group: str, root: str, groups: Groups, case: Doc) -> str | None:
    """The company that a family named last, where it is one of that family and of this group."""
    named = [one["holder"] for one in case["elections"] if one["root"] == root and one["group"] in ("*", group)]
    valid = [one for one in named if root_of(one, case) == root and group in groups.get(one, set())]
    return valid[-1] if valid else None


def by_rules(group: str, family: list[Doc], groups: Groups, case: Doc) -> tuple[str, str]:
    """Rule 1, the company that has none of this group above it; else rule 2, the largest capital, then the roster."""
    if len(family) == 1:
        return family[0]["id"], "single"
    tops = [one for one in family if not any(group in groups.get(up, set()) for up in line_of(one["id"], case))]
    if len(tops) == 1:
        return tops[0]["id"], "parent"
    largest = max(one["capital"] or 0 for one in tops)
    richest = [one for one in tops if (one["capital"] or 0) == largest]
    return richest[0]["id"], "capital" if len(richest) == 1 else "roster"


def shares_of(case: Doc, group: str, units: dict[str, list[Doc]]) -> list[Fraction]:
    """The share of each unit of a group: equal, by a table, or a third of all votes for the former utilities."""
    policy, held = case.get("policies", {}).get(group, "equal"), units[group]
    if policy == "equal":
        return [Fraction(1, len(held))] * len(held)
    if policy == "manual":
        table = case["shares"][group]
        shares = [
            Fraction(*next(table[node] for node in [unit["holder"], *unit["members"]] if node in table))
            for unit in held
        ]
        if sum(shares) != 1:
            raise ValueError("割合の合計が 1 ではありません（" + group + "）")
        return shares
    if policy != "former_gdu_third":
        raise ValueError("分け方 " + str(policy) + " は知られていません")
    former = set(case["former_gdus"])
    marked = [bool(former & set(unit["members"])) for unit in held]
    theirs = Fraction(1)
    for other in ("R", "G"):
        each = shares_of(case, other, units) if units[other] else []
        theirs -= sum((s for unit, s in zip(units[other], each) if former & set(unit["members"])), Fraction(0))
    part = {True: max(Fraction(0), theirs), False: 1 - max(Fraction(0), theirs)}
    return [part[side] / marked.count(side) for side in marked]


def decide(decision: Doc, weights: dict[str, Doc]) -> Doc:
    """The decision on an item from the choice and the votes of each holder; conflict members count for nothing."""
    counted = dict.fromkeys((YES, NO, ABSTAIN), 0)
    for node, choice in decision["votes"].items():
        if node not in decision["excluded"]:
            counted[choice] += weights[node]["total"] if node in weights else 0
    yes, against, present = counted[YES], counted[NO], sum(counted.values())
    if present == 0:
        result = "不成立"
    elif decision["kind"] == "special":
        result = "可決" if 3 * yes >= 2 * present else "否決"
    elif 2 * yes > present:
        result = "可決"
    else:
        result = "可否同数(議長決裁)" if yes == against > 0 else "否決"
    found = {"yes": yes, "no": against, "abstain": counted[ABSTAIN], "present": present, "result": result}
    if result == "可否同数(議長決裁)" and decision.get("chair_choice") in (YES, NO):
        found["result"] = "可決" if decision["chair_choice"] == YES else "否決"
    elif decision.get("chair_choice") is not None:
        raise ValueError("可否同数ではないのに、議長の決定が記録されています")
    return found


def check_voting(voting: Doc, report: Report) -> dict[str, Doc]:
    """Every division and every decision of voting.json anew; what was calculated, by the id of the division."""
    divided = {}
    for case in voting["allocation"]:
        found = allocate(case)
        divided[case["id"]] = found
        if report.compare("議決権 " + case["id"], case["expect"], found):
            report.same("議決権 {}　{:,}社、{:,}票".format(case["id"], len(case["members"]), found["total"]))
    for one in voting["decisions"]:
        weights = divided[one["weights_of"]]["weights"]
        found = decide(one, weights)
        if "channels" in one:
            check_voters(one, weights, report)
        if report.compare("議決 " + one["id"], one["expect"], found):
            figures = "賛成 {yes:,}票、反対 {no:,}票、棄権 {abstain:,}票　{result}".format(**found)
            report.same("議決 " + one["id"] + "　" + figures)
    return divided


def check_voters(one: Doc, weights: dict[str, Doc], report: Report) -> None:
    """Whoever is counted holds votes and is no conflict member, and each vote has its channel."""
    for node in one["votes"]:
        if node not in weights or node in one["excluded"]:
            report.differs("議決 " + one["id"] + "：" + node + " は、この議案の議決権を持ちません")
    if set(one["votes"]) != set(one["channels"]):
        report.differs("議決 " + one["id"] + "：賛否と行使の方法の会社が一致しません")


def check_snapshot(snapshot: Doc, result: Doc, case: Doc, report: Report) -> None:
    """The frozen record hashes to what was announced, and voting.json says what it says."""
    report.compare("確定した議決権の SHA-256", result["snapshot"]["sha256"], digest_of(snapshot))
    head = snapshot["snapshot"]
    bodies = {row[0]: row for row in snapshot["snapshot_members"]}  # body, capital, licences, member, name, roster, …
    node = {member["body_id"]: member["id"] for member in case["members"]}
    members = {row[3]: node[row[0]] for row in bodies.values() if row[0] in node}
    report.compare("名簿の会員", sorted(bodies), sorted(node))
    for one in case["members"]:
        row = bodies.get(one["body_id"])
        licences = ",".join(code for word, (code, _) in LICENCES.items() if word in one["licences"])
        said = [one["capital"], licences, one["name"], one["roster_no"], one["sanctioned"]]
        report.compare("会員 " + one["id"], None if row is None else [row[1], row[2], row[4], row[5], row[6]], said)
    code = {one["body_id"]: one["id"] for one in [*case["members"], *case["others"]]}
    relations = {code.get(row[0], ""): code.get(row[2], "") for row in snapshot["snapshot_relations"]}
    report.compare("資本関係", relations, case["parent_of"])
    kept = [
        [group or "*", code.get(root, ""), code.get(holder, "")]
        for _, group, root, holder in head["basis"]["elections"]
    ]
    report.compare("届出", kept, [[one["group"], one["root"], one["holder"]] for one in case["elections"]])
    check_settings(head["basis"]["settings"], case, members, report)
    report.compare("基準日", [head["record_on"], result["assembly"]["record_on"]], [case["record_date"]] * 2)
    totals = [head["per_group_total"], head["total"]]
    report.compare("議決権の総数", totals, [case["expect"]["per_group_total"], case["expect"]["total"]])
    weights = {node[row[0]]: row[7] for row in bodies.values() if row[7] and row[0] in node}
    report.compare("会員の議決権", weights, {one: held["total"] for one, held in case["expect"]["weights"].items()})


def check_settings(settings: Doc, case: Doc, members: dict[int, str], report: Report) -> None:
    """How each group is divided, as frozen."""
    policies = {group: settings["policies"].get(group, "EQUAL").lower() for group in GROUPS}
    report.compare("分け方", policies, case["policies"])
    for group in [group for group, policy in policies.items() if policy == "manual"]:
        table = {members[int(one)]: part for one, part in settings["shares"][group].items() if int(one) in members}
        report.compare("割合の表", table, case["shares"].get(group))
    former = sorted(members[one] for one in settings["former_gdus"] if one in members)
    report.compare("旧一般電気事業者", former, case["former_gdus"])


def check_result(result: Doc, voting: Doc, divided: Doc, report: Report) -> None:
    """The decisions and the quorum as announced are those of the votes, and hash to what was recorded then."""
    case = voting["allocation"][0]
    numbered = {one["item_no"]: one for one in voting["decisions"]}
    report.compare("議決した議案", [one["item_no"] for one in result["decisions"]], list(numbered))
    check_items(result, report)
    for kept in result["decisions"]:
        if kept["item_no"] in numbered:
            check_decision(kept, numbered[kept["item_no"]], case, divided, report)
    fixed, record = result["result"], result["result"]["record"]
    decisions = [[one["item_no"], one["record"]["no"], one["sha256"]] for one in result["decisions"]]
    rests_on = {"decisions": decisions, "withdrawn": fixed["withdrawn"]}
    report.compare("結果の SHA-256", fixed["sha256"], digest_of({**record, **rests_on}))
    check_quorum("定足数", record["quorum"], case, divided, report)
    if result["decisions"]:  # where nothing was put to vote, the quorum is that of the moment of fixing
        report.compare("結果の定足数", record["quorum"], deciding_quorum(result["decisions"]))
    met = record["quorum"]["met"]
    if report.compare("定足数の判定", record["quorum_met"], met):
        report.same("定足数　" + ("満たす" if met else "満たさない（理由を記録して確定）"))


def check_items(result: Doc, report: Report) -> None:
    """Agenda, withdrawals and decisions speak of the same items; those without a majority are reports."""
    put = {one["no"]: one for one in result["items"] if one["majority"] is not None}
    withdrawn = [no for no, one in put.items() if one["withdrawn"]]
    report.compare("取り下げた議案", result["result"]["withdrawn"], withdrawn)
    decided = {one["item_no"]: one["record"] for one in result["decisions"]}
    report.compare("取り下げていない議案", [no for no in put if no not in withdrawn], list(decided))
    for no in [no for no in decided if no in put]:
        kept = [put[no]["id"], put[no]["majority"]]
        report.compare("議案 第{}号".format(no), kept, [decided[no]["item_id"], decided[no]["resolution"]])


def deciding_quorum(decisions: list[Doc]) -> Any:
    """Of the decision, by their instants, at which it was first not met; where it always was, of the last."""
    kept = [one["record"]["quorum"] for one in sorted(decisions, key=lambda one: one["record"]["decided_at"])]
    return next((one for one in kept if not one["met"]), kept[-1])


def formula_of(one: Doc, found: Doc) -> str:
    """The calculation in the words in which it is announced."""
    yes, present = found["yes"], found["present"]
    if present == 0:
        return "出席した議決権が 0票のため、不成立です。"
    if one["kind"] == "special":
        sign = "≧" if 3 * yes >= 2 * present else "＜"
        return "賛成 {:,}票 × 3 {} 出席 {:,}票 × 2（3分の2以上）".format(yes, sign, present)
    if yes == found["no"] > 0:
        chair = "議長が決定しました" if one["chair_choice"] is not None else "議長が決定します"
        return "賛成 {:,}票 ＝ 反対 {:,}票（可否同数。{}）".format(yes, found["no"], chair)
    return "賛成 {:,}票 × 2 {} 出席 {:,}票（過半数）".format(yes, "＞" if 2 * yes > present else "≦", present)


def check_decision(kept: Doc, one: Doc, case: Doc, divided: Doc, report: Report) -> None:
    """A decision as announced, down to the hash over every vote in it."""
    words, record = "第{}号議案の結果".format(kept["item_no"]), kept["record"]
    weights = divided[case["id"]]["weights"]
    found = decide(one, weights)
    said = {"yes": found["yes"], "against": found["no"], "abstain": found["abstain"], "present": found["present"]}
    said.update(
        resolution=one["kind"].upper(), outcome=OUTCOMES[found["result"]], chair_choice=CODES[one["chair_choice"]]
    )
    if report.compare(words, {name: record[name] for name in said}, said):
        report.same(words + "　" + found["result"])
    report.compare(words + "で議決権のない会員", kept["excluded"], one["excluded"])
    report.compare(words + "の計算", kept["formula"], formula_of(one, found))
    earlier = [each["no"] for each in kept["corrected"]]
    report.compare(words + "の訂正", earlier, list(range(record["no"] - 1, 0, -1)))
    number = {row["id"]: row["member_id"] for row in case["members"]}
    votes = [
        [number[node], one["channels"][node], CODES[one["votes"][node]], weights[node]["total"]]
        for node in one["votes"]
    ]
    report.compare(words + "の SHA-256", kept["sha256"], digest_of({**record, "votes": sorted(votes)}))
    check_quorum(words + "の定足数", record["quorum"], case, divided, report)
    came = {count["basis"]: count["present"] for count in record["quorum"]["counts"]}
    if found["present"] > came["VOTES"] or len(one["votes"]) > came["DEEMED_MEMBERS"]:
        report.differs(words + "の定足数：この議案に加わった票または会員が、出席より多くなっています")


def check_quorum(words: str, quorum: Doc, case: Doc, divided: Doc, report: Report) -> None:
    """What the present are counted out of is the roll, its holders and their votes; half of it on the deciding basis."""
    found = divided[case["id"]]
    whole = {"ALL_MEMBERS": len(case["members"]), "DEEMED_MEMBERS": len(found["weights"]), "VOTES": found["total"]}
    half = {one["basis"]: one["whole"] > 0 and 2 * one["present"] >= one["whole"] for one in quorum["counts"]}
    report.compare(words, {one["basis"]: one["whole"] for one in quorum["counts"]}, whole)
    report.compare(words, {one["basis"]: one["met"] for one in quorum["counts"]}, half)
    met = all(half.values()) if quorum["basis"] is None else half[quorum["basis"]]
    report.compare(words + "の判定", quorum["met"], met)
    if any(not 0 <= one["present"] <= one["whole"] for one in quorum["counts"]):
        report.differs(words + "：出席が全体を超えています")


def check_rules(rules: Doc, voting: Doc, report: Report) -> None:
    """The rules of the kit are those of this program."""
    used = {word for case in voting["allocation"] for one in case["members"] for word in one["licences"]}
    report.compare("計算の規則", rules, {**RULES, "groups": {word: LICENCES[word][1] for word in used}})


def main(known: str | None) -> int:
    """Check the folder that this program lies in, and that it is the kit `known` by this hash."""
    folder, report = Path(__file__).resolve().parent, Report()
    try:
        sha256 = check_files(folder, report)
        print("このキットの SHA-256　" + sha256)
        if known is not None and report.compare("議事録にある値", "".join(known.split()).lower(), sha256):
            report.same("議事録にある値")
        result, rules, snapshot, voting = (json.loads((folder / name).read_text(encoding="utf-8")) for name in DATA)
        check_rules(rules, voting, report)
        divided = check_voting(voting, report)
        check_snapshot(snapshot, result, voting["allocation"][0], report)
        check_result(result, voting, divided, report)
    except (OSError, ValueError, KeyError, IndexError, TypeError, AttributeError, StopIteration) as error:
        report.differs("記録を読み取れません：" + type(error).__name__ + " " + str(error))
    if report.differences:
        print("結果　違いが " + str(report.differences) + "件あります。 (NOT OK: differences found)")
        return 1
    print("結果　すべて一致しました。 (OK: everything agrees)")
    if known is None:
        print(
            "　　　このキットの SHA-256 が議事録にある値と同じことも、確かめてください (compare the hash with the minutes)。"
        )
    return 0


if __name__ == "__main__":
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(encoding="utf-8", errors="replace")  # type: ignore[union-attr]  # an older console knows fewer signs
    options = argparse.ArgumentParser(description="総会の議決権と議決を計算し直して、結果の記録と照らし合わせる。")
    options.add_argument("--hash", help="議事録にある、再計算キットの SHA-256")
    sys.exit(main(options.parse_args().hash))
