"""After the votes: the result read by staff and members, minutes written, papers taken away, the kit recomputed."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from docx import Document
from playwright.sync_api import Download
from pypdf import PdfReader

from occto.domain.permissions import Role
from occto.worker import note_kits
from tests.browser.conftest import Person, Site
from tests.browser.test_joining import MakePerson
from tests.browser.test_office import as_staff
from tests.factories import Factory
from tests.results_scene import ended, surrounded

pytestmark = [pytest.mark.browser]


def taken(someone: Person, words: str) -> Path:
    """The file behind a link."""
    with someone.page.expect_download() as waiting:
        someone.page.get_by_role("link", name=words).first.click()
    found: Download = waiting.value
    return Path(found.path())


def test_the_result_is_read_the_minutes_written_and_the_kit_recomputed(
    site: Site, person: MakePerson, tmp_path: Path
) -> None:
    with site.app.app_context():
        make = Factory(site.app)
        scene = ended(make)
        surrounded(scene)
        number, item = scene.held.id, scene.items[1].id
        assert note_kits() == 1
        user = make.user(email="soukai@shiomi.example.jp")
        make.affiliate(user, scene.members["child"], Role.ASSEMBLY)
        own = make.signed_in(user, member=scene.members["child"])
        office = as_staff(person, make, "小林 恵")
    office.go(f"/admin/results/?id={number}")
    office.page.locator("#item-1 ~ details summary").first.click()
    office.look("result")
    office.follow("会員ごとの賛否（記名）を見る")
    office.look("nominal")
    office.go(f"/admin/results/consent/?id={number}&item={item}")
    office.look("consent")
    office.press("認可を記録する")
    office.look_at_refusal("consent-empty")
    office.go(f"/admin/minutes/?id={number}")
    office.look("minutes-before")
    office.fill(
        {
            "chair": "理事長　大山 一郎",
            "officers": "理事長　大山 一郎\n監事　小川 花子",
            "opened_at": "10:00",
            "closed_at": "11:35",
            f"item_{item}": "議長は、事務局に説明を求めた。質疑のあと、採決した。",
            "signers": "議長　大山 一郎\n議事録署名人　山田 花子",
        }
    )
    office.press("議事録を保存する")
    assert "議事録を保存しました。" in office.page.locator(".flashes").inner_text()
    office.look("minutes")
    _read_minutes(office)
    office.go(f"/admin/results/?id={number}")
    shown = office.page.locator("#kit .code-long").inner_text()
    _recompute(taken(office, "再計算キットを受け取る"), shown.strip(), tmp_path / "kit")
    member = person("member")
    member.take_session(own)
    member.go("/assemblies/")
    member.look("assemblies")
    member.go(f"/assemblies/{number}")
    member.look("assembly")
    member.follow("議決の結果を見る")
    assert "反対　3票（書面）" in member.page.locator("#item-1").inner_text()
    member.look("result")
    said = "".join(page.extract_text() for page in PdfReader(taken(member, "結果を PDF で受け取る")).pages)
    assert "議決の結果" in said.replace(" ", "")


def _read_minutes(office: Person) -> None:
    """What was typed stands in both papers."""
    document = Document(str(taken(office, "案を Word（DOCX）で保存")))
    assert any("議長は、事務局に説明を求めた。" in one.text for one in document.paragraphs)
    said = "".join(page.extract_text() for page in PdfReader(taken(office, "案を PDF で保存")).pages)
    assert "事務局に説明を求めた" in said.replace(" ", "").replace("\n", "")


def _recompute(path: Path, shown: str, folder: Path) -> None:
    """The kit is the one whose hash was shown; it agrees as it is, and says where it was tampered with."""
    with zipfile.ZipFile(path) as archive:
        archive.extractall(folder)
    command = [sys.executable, "-I", str(folder / "recompute.py"), "--hash", shown]
    assert subprocess.run(command, capture_output=True, check=False).returncode == 0
    votes = folder / "voting.json"
    votes.write_text(votes.read_text(encoding="utf-8").replace("反対", "賛成", 1), encoding="utf-8")
    done = subprocess.run(command, capture_output=True, encoding="utf-8", check=False)
    assert done.returncode == 1
    assert "違い　" in done.stdout
