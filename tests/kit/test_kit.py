"""再計算キット of a real assembly: recomputed as it is, and every way of tampering with it is found."""

import copy
import json
import zipfile
from collections.abc import Callable
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from occto import kit
from occto.domain.assembly import AssemblyState
from occto.domain.canonical import digest
from occto.domain.errors import NotFound
from occto.extensions import db
from occto.models import Assembly, Snapshot
from occto.queries.kit import kit_facts
from occto.unit_of_work import unit_of_work
from tests.factories import Factory
from tests.kit.kits import altered, drawn, hash_of, laid_out, recomputed, with_sums
from tests.resulting import F, Y, decided, fixed
from tests.results_scene import Ended, ended


@pytest.fixture
def scene(make: Factory) -> Ended:
    return ended(make)


def test_the_kit_of_an_assembly_is_recomputed(scene: Ended, tmp_path: Path) -> None:
    with BytesIO() as file:
        known = kit.zipped(kit.files_of(kit_facts(db.session(), scene.held.id)), file)
        with zipfile.ZipFile(file) as archive:
            archive.extractall(tmp_path / "kit")
    assert known == hash_of(drawn(scene.held)) == kit.hash_of(drawn(scene.held).items())
    assert with_sums(drawn(scene.held)) == drawn(scene.held)
    code, said = recomputed(tmp_path / "kit")
    assert code == 0, said
    for line in (
        "一致　ファイル　4個の SHA-256",
        f"このキットの SHA-256　{known}",
        "一致　議決権 議決権　8社、18票",
        "一致　議決 第3号議案　賛成 6票、反対 6票、棄権 0票　可決",
        "一致　第5号議案の結果　不成立",
        "一致　定足数　満たす",
        "結果　すべて一致しました。",
    ):
        assert line in said, line


def test_it_holds_the_facts_behind_the_votes(scene: Ended) -> None:
    files = drawn(scene.held)
    case = json.loads(files["voting.json"])["allocation"][0]
    name = {row["name"]: row["id"] for row in case["members"]}
    assert case["policies"] == {"N": "manual", "R": "equal", "G": "equal"}
    assert case["shares"] == {"N": {name["高砂送電株式会社"]: [1, 3], name["浦中配電株式会社"]: [2, 3]}}
    assert case["elections"] == [{"group": "G", "root": name["汐見電力株式会社"], "holder": name["汐見発電株式会社"]}]
    assert [row["name"] for row in case["members"] if row["sanctioned"]] == ["停止中電力株式会社"]
    second = next(one for one in json.loads(files["voting.json"])["decisions"] if one["item_no"] == 2)
    assert second["excluded"] == [name["浜風でんき株式会社"]]
    assert name["浜風でんき株式会社"] not in second["votes"]
    assert second["channels"][name["汐見発電株式会社"]] == "PAPER"
    snapshot = db.session.query(Snapshot).filter_by(assembly_id=scene.held.id, state="FROZEN").one()
    assert digest(json.loads(files["snapshot.json"])) == snapshot.sha256
    assert sha256(files["snapshot.json"]).hexdigest() == snapshot.sha256


def test_a_correction_is_another_kit(scene: Ended) -> None:
    first = drawn(scene.held)
    decided(scene.make, scene.items[4], {scene.members["grid"]: (Y, F)})
    fixed(scene.make, scene.held)
    assert drawn(scene.held)["voting.json"] != first["voting.json"]
    assert hash_of(drawn(scene.held)) != hash_of(first)


@pytest.mark.parametrize("state", [AssemblyState.VOTING, AssemblyState.CANCELLED])
def test_there_is_no_kit_without_a_result_that_stands(scene: Ended, state: AssemblyState) -> None:
    with unit_of_work() as session:
        session.get_one(Assembly, scene.held.id).state = state
    with pytest.raises(NotFound):
        kit_facts(db.session(), scene.held.id)


def test_a_result_without_the_quorum_says_so(make: Factory, tmp_path: Path) -> None:
    held = ended(make, present=1).held
    code, said = recomputed(laid_out(drawn(held), tmp_path / "kit"))
    assert code == 0, said
    assert "定足数　満たさない" in said


@pytest.mark.parametrize("name", ["rules.json", "voting.json", "snapshot.json", "result.json"])
def test_one_sign_of_one_file_is_found(scene: Ended, tmp_path: Path, name: str) -> None:
    files = drawn(scene.held)
    folder = laid_out(files | {name: files[name] + b"\n"}, tmp_path / "kit")
    code, said = recomputed(folder, "--hash", hash_of(files))
    assert code == 1
    assert "違い　議事録にある値" in said  # the list was left as it was: the hash is that of the files
    assert f"違い　ファイル：{name} の SHA-256 が一覧（SHA256SUMS）と違います" in said


def test_the_hash_is_that_of_the_minutes_or_the_kit_is_another(scene: Ended, tmp_path: Path) -> None:
    files = drawn(scene.held)
    folder, known = laid_out(files, tmp_path / "kit"), hash_of(files)
    assert recomputed(folder)[0] == 0
    code, said = recomputed(folder, "--hash", f"{known[:32].upper()} {known[32:]}")
    assert (code, "一致　議事録にある値" in said) == (0, True)
    for other in ("0" * 64, "", known[1:]):
        code, said = recomputed(folder, "--hash", other)
        assert (code, "違い　議事録にある値" in said) == (1, True)


def _retitle(document: Any) -> None:
    document["items"][2]["title"] = "会費を倍にする件"


def test_what_no_calculation_can_tell_is_told_by_the_hash(scene: Ended, tmp_path: Path) -> None:
    """A title is in no hash of the freeze or of a decision: recomputed it agrees, held against the minutes it does not."""
    files = drawn(scene.held)
    folder = laid_out(altered(files, "result.json", _retitle), tmp_path / "kit")
    assert recomputed(folder)[0] == 0
    code, said = recomputed(folder, "--hash", hash_of(files))
    assert (code, "違い　議事録にある値" in said) == (1, True)


def test_explanations_and_the_program_are_not_in_the_hash(scene: Ended, tmp_path: Path) -> None:
    files = drawn(scene.held)
    mended = files | {"README.txt": b"another", "recompute.py": files["recompute.py"] + b"# mended\n"}
    assert recomputed(laid_out(mended, tmp_path / "kit"), "--hash", hash_of(files))[0] == 0


def _flip(document: Any) -> None:
    votes = document["decisions"][0]["votes"]
    one = next(node for node, choice in votes.items() if choice == "反対")
    votes[one] = "賛成"


def _weigh(document: Any) -> None:
    held = document["allocation"][0]["expect"]["weights"]
    one = sorted(held)[0]
    held[one]["total"] += 1


def _enrich(document: Any) -> None:
    document["allocation"][0]["members"][1]["capital"] += 1


def _drop_election(document: Any) -> None:
    document["allocation"][0]["elections"].clear()


def _drop_relation(document: Any) -> None:
    document["allocation"][0]["parent_of"].popitem()


def _lift_sanction(document: Any) -> None:
    for row in document["allocation"][0]["members"]:
        row["sanctioned"] = False


def _share(document: Any) -> None:
    table = document["allocation"][0]["shares"]["N"]
    for node in table:
        table[node] = [1, 2]


def _let_in(document: Any) -> None:
    document["decisions"][1]["excluded"].clear()


def _drop_decision(document: Any) -> None:
    document["decisions"].pop()


def _by_another_door(document: Any) -> None:
    channels = document["decisions"][0]["channels"]
    channels[next(node for node, channel in channels.items() if channel == "FLOOR")] = "PROXY"


def _in_snapshot(document: Any) -> None:
    document["snapshot_members"][0][7] += 1


def _announce(document: Any) -> None:
    document["decisions"][3]["record"]["outcome"] = "CARRIED"


def _without_chair(document: Any) -> None:
    document["decisions"][2]["record"]["chair_choice"] = None


def _quorum(document: Any) -> None:
    document["result"]["record"]["quorum"]["counts"][0]["whole"] += 1


def _no_quorum(document: Any) -> None:
    document["result"]["record"]["quorum_met"] = False


def _amend(document: Any) -> None:
    document["decisions"][0]["record"]["amendment"] = "第3条は改めない。"


def _swap_alone(document: Any) -> None:
    """Two votes of the same weight and channel change places: nothing but the hash of the decision tells."""
    held = document["allocation"][0]["expect"]["weights"]
    one = document["decisions"][1]
    pairs = [
        (here, there)
        for here in sorted(one["votes"])
        for there in sorted(one["votes"])
        if one["votes"][here] != one["votes"][there] and held[here]["total"] == held[there]["total"]
    ]
    here, there = pairs[0]
    one["votes"][here], one["votes"][there] = one["votes"][there], one["votes"][here]


def _rule(document: Any) -> None:
    document["special"] = "2*yes > present"


_TAMPERED: list[tuple[str, Callable[[Any], None], str]] = [
    ("voting.json", _flip, "議決 第1号議案"),
    ("voting.json", _swap_alone, "第2号議案の結果の SHA-256"),
    ("voting.json", _weigh, "議決権 議決権"),
    ("voting.json", _enrich, "会員 "),
    ("voting.json", _drop_election, "議決権 議決権"),
    ("voting.json", _drop_relation, "資本関係"),
    ("voting.json", _lift_sanction, "議決権 議決権"),
    ("voting.json", _share, "議決権 議決権"),
    ("voting.json", _let_in, "第2号議案"),
    ("voting.json", _drop_decision, "議決した議案"),
    ("voting.json", _by_another_door, "第1号議案の結果の SHA-256"),
    ("snapshot.json", _in_snapshot, "確定した議決権の SHA-256"),
    ("result.json", _announce, "第4号議案の結果"),
    ("result.json", _without_chair, "第3号議案の結果"),
    ("result.json", _quorum, "定足数"),
    ("result.json", _amend, "第1号議案の結果の SHA-256"),
    ("result.json", _no_quorum, "定足数の判定"),
    ("rules.json", _rule, "計算の規則"),
]


@pytest.mark.parametrize(("name", "change", "words"), _TAMPERED, ids=lambda one: getattr(one, "__name__", None))
def test_a_changed_value_with_its_hash_made_to_agree_is_found(
    scene: Ended, tmp_path: Path, name: str, change: Callable[[Any], None], words: str
) -> None:
    code, said = recomputed(laid_out(altered(drawn(scene.held), name, change), tmp_path / "kit"))
    assert code == 1
    assert any(line.startswith("違い　") and words in line for line in said.splitlines()), said
    assert "件あります。" in said.splitlines()[-1]


@pytest.mark.parametrize("name", ["rules.json", "snapshot.json", "result.json", "voting.json", "README.txt"])
def test_a_missing_file_is_found_with_the_list_made_to_agree(scene: Ended, tmp_path: Path, name: str) -> None:
    files = drawn(scene.held)
    for sums in (False, True):
        left = {key: content for key, content in files.items() if key != name}
        code, said = recomputed(laid_out(with_sums(left) if sums else left, tmp_path / "kit"))
        assert code == 1
        assert f"違い　ファイル：{name} がありません" in said


def test_an_added_file_is_found(scene: Ended, tmp_path: Path) -> None:
    files = drawn(scene.held) | {"voting-2.json": b"{}"}
    code, said = recomputed(laid_out(with_sums(files), tmp_path / "kit"))
    assert code == 1
    assert "違い　ファイル：voting-2.json は、このキットのファイルではありません" in said


def test_a_kit_without_its_list_or_that_is_no_json_is_an_answer(scene: Ended, tmp_path: Path) -> None:
    files = drawn(scene.held)
    broken = copy.copy(files)
    del broken[kit.SUMS]
    assert recomputed(laid_out(broken, tmp_path / "kit"))[0] == 1
    code, said = recomputed(laid_out(with_sums(files | {"voting.json": b"{"}), tmp_path / "kit"))
    assert (code, "違い　記録を読み取れません" in said) == (1, True)
