"""加入証跡 on paper: both codes read back, the signature verified by the published key alone, by the script of the docs."""

import io
import json
import re
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import zxingcpp
from cryptography.exceptions import InvalidSignature
from flask import Flask
from pypdf import PdfReader
from sqlalchemy import delete

from occto import certificate_paper, clock, pdf, signing
from occto.domain.certificates import grouped
from occto.domain.codes import Licence
from occto.domain.dates import today_jst
from occto.domain.errors import Refusal
from occto.extensions import db
from occto.models import Member, SigningKey
from occto.queries.certificates import certificate_of, published_keys
from occto.unit_of_work import unit_of_work
from tests.certifying import code_of, drawings_of, end_licence, new_key, raw, rendered, verified
from tests.factories import Factory

ISSUER = pdf.Issuer(telephone="03-0000-0000")
DOCS = Path(__file__).parents[1] / "docs" / "certificates.md"
LONGEST = "𠮷野髙﨑ホールディングス地域新電力発電事業統括合同会社" * 4 + "第二発電所準備株式会社"


def _paper(app: Flask, member: Member) -> certificate_paper.Paper:
    with app.test_request_context():
        return certificate_paper.paper_of(db.session(), member.id, now=clock.now())


def _printed(app: Flask, member: Member, monkeypatch: pytest.MonkeyPatch) -> tuple[bytes, dict[str, Any]]:
    """The PDF, and the values that it was typeset from."""
    seen: dict[str, Any] = {}
    whole = pdf.certificate

    def note(values: Any, **kwargs: Any) -> bytes:
        seen.update(values=values, **kwargs)
        return whole(values, **kwargs)

    monkeypatch.setattr(pdf, "certificate", note)
    made = _paper(app, member)
    return certificate_paper.as_pdf(made, issuer=ISSUER, created_at=clock.now()), seen


def _published() -> dict[str, Any]:
    return json.loads(json.dumps(signing.jwks(published_keys(db.session()))))


def _signature(app: Flask, member: Member) -> str:
    signature = _paper(app, member).signature
    assert signature is not None
    return signature


@pytest.mark.parametrize(
    ("name", "licences"),
    [("汐見でんき株式会社", ("GEN",)), (LONGEST[:120], tuple(licence.value for licence in Licence))],
    ids=["usual", "longest"],
)
def test_both_codes_are_read_back_from_the_printed_page(
    make: Factory, monkeypatch: pytest.MonkeyPatch, name: str, licences: tuple[str, ...]
) -> None:
    new_key()
    member = make.member(name=name, licences=licences)
    content, seen = _printed(make.app, member, monkeypatch)
    assert content.startswith(b"%PDF-")
    values = seen.pop("values")
    pictures = rendered(values, **seen)
    assert len(pictures) == len(PdfReader(io.BytesIO(content)).pages)
    expected = {f"{make.app.config['BASE_URL']}/certificates/{code_of(member)}", _signature(make.app, member)}
    in_file = [drawings_of(page) for page in PdfReader(io.BytesIO(content)).pages]
    for shown in (pictures, in_file):
        assert {code.text for picture in shown for code in zxingcpp.read_barcodes(picture)} == expected


def test_the_usual_certificate_is_one_page(make: Factory, monkeypatch: pytest.MonkeyPatch) -> None:
    new_key()
    member = make.member(name="汐見でんき株式会社", licences=("RETAIL", "GEN", "AGG"))
    content, _seen = _printed(make.app, member, monkeypatch)
    (page,) = PdfReader(io.BytesIO(content)).pages
    text = re.sub(r"\s", "", page.extract_text())
    for words in (
        "加入証跡汐見でんき株式会社",
        "電気事業法第28条の11の規定により、当機関の会員です。",
        "加入日2020年4月1日",
        "小売電気事業者（A0001、2020年4月1日登録）",
        "発電事業者（A0001、2020年4月1日届出）",
        "事業者コード00001",
        "本店所在地東京都千代田区千代田1番1号",
        grouped(code_of(member)),
    ):
        assert words in text
    assert "鈴木" not in text


def test_the_lines_of_the_pdf_are_the_signature(make: Factory, monkeypatch: pytest.MonkeyPatch) -> None:
    new_key()
    member = make.member()
    content, _seen = _printed(make.app, member, monkeypatch)
    text = "".join(page.extract_text() for page in PdfReader(io.BytesIO(content)).pages)
    lines = [line for line in text.splitlines() if re.fullmatch(r"([A-Za-z0-9_.-]{1,8} ?)+", line.strip())]
    joined = re.sub(r"\s", "", "".join(lines))
    start = joined.index("eyJ")
    assert joined[start : start + len(_signature(make.app, member))] == _signature(make.app, member)


def test_the_signature_says_what_the_paper_says(make: Factory) -> None:
    new_key()
    member = make.member(name="汐見でんき株式会社", licences=("GEN", "RETAIL"))
    claims = verified(_signature(make.app, member), _published())
    assert claims == {
        "iss": make.app.config["BASE_URL"],
        "code": code_of(member),
        "name": "汐見でんき株式会社",
        "categories": ["RETAIL", "GEN"],
        "operator_code": member.operator_code,
        "corporate_number": claims["corporate_number"],
        "member_on": "2020-04-01",
        "issued_on": today_jst(clock.now()).isoformat(),
    }
    assert len(claims["corporate_number"]) == 13
    header = json.loads(raw(_signature(make.app, member).split(".")[0]))
    assert header == {"alg": "EdDSA", "kid": published_keys(db.session())[0].kid}


def test_a_tampered_signature_is_refused(make: Factory) -> None:
    new_key()
    published, signature = _published(), _signature(make.app, make.member())
    head, body, seal = signature.split(".")
    claims = json.loads(raw(body)) | {"name": "別の電力株式会社"}
    other = signing._base64url(signing._compact(claims))
    for forged in (f"{head}.{other}.{seal}", f"{head}.{body}.{seal[:40]}AAAA{seal[44:]}"):
        assert forged != signature
        with pytest.raises(InvalidSignature):
            verified(forged, published)


def test_another_key_of_the_same_name_is_refused(make: Factory) -> None:
    new_key()
    signature = _signature(make.app, make.member())
    published = _published()
    published["keys"][0]["x"] = signing.make_key().public_key
    with pytest.raises(InvalidSignature):
        verified(signature, published)


def test_what_was_printed_before_a_rotation_is_still_verified(make: Factory) -> None:
    member = make.member()
    new_key()
    before = _signature(make.app, member)
    new_key()
    after = _signature(make.app, member)
    assert before != after
    assert verified(before, _published()) == verified(after, _published())
    assert before.split(".")[0] != after.split(".")[0]
    newest = {"keys": _published()["keys"][:1]}
    assert verified(after, newest)
    with pytest.raises(KeyError):
        verified(before, newest)


def test_without_a_key_it_is_printed_without_a_signature(make: Factory, monkeypatch: pytest.MonkeyPatch) -> None:
    new_key()
    with unit_of_work() as session:
        session.execute(delete(SigningKey))
    content, seen = _printed(make.app, make.member(), monkeypatch)
    assert seen["values"]["signature_qr"] is None
    assert "署名" not in "".join(page.extract_text() for page in PdfReader(io.BytesIO(content)).pages)


def test_who_is_no_member_today_gets_no_paper(make: Factory) -> None:
    today = today_jst(clock.now())
    left, coming = make.member(), make.member(since=today + timedelta(days=10))
    end_licence(left, "GEN", today)
    for member, words in ((left, "無効です"), (coming, "から、加入証跡を表示できます")):
        with pytest.raises(Refusal) as refusal:
            _paper(make.app, member)
        assert refusal.value.code == "no_certificate"
        assert words in refusal.value.sentence


def test_the_address_on_paper_is_that_of_the_settings(make: Factory) -> None:
    record = certificate_of(db.session(), make.member().id, today_jst(clock.now()))
    assert record is not None
    with make.app.test_request_context(base_url="http://localhost/"):
        made = certificate_paper.paper(db.session(), record)
    assert made.check_url == f"{make.app.config['BASE_URL']}/certificates/{record.code}"
    assert "localhost" not in made.check_place


def _script() -> str:
    """The script as it stands in the docs."""
    (script,) = re.findall(r"```python\n(.*?)```", DOCS.read_text(encoding="utf-8"), re.DOTALL)
    return str(script)


def _run_script(tmp_path: Path, signature: str, published: dict[str, Any]) -> subprocess.CompletedProcess[str]:
    (tmp_path / "verify.py").write_text(_script(), encoding="utf-8")
    (tmp_path / "keys.json").write_text(json.dumps(published), encoding="utf-8")
    return subprocess.run(
        [sys.executable, "verify.py", "keys.json"],
        cwd=tmp_path,
        input=signature,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
        env={"PYTHONIOENCODING": "utf-8", "PATH": ""},
    )


def test_the_script_of_the_docs_verifies_a_printed_signature(make: Factory, tmp_path: Path) -> None:
    assert len([line for line in _script().splitlines() if line.strip()]) <= 10
    new_key()
    made = _paper(make.app, make.member(name="汐見でんき株式会社"))
    published = json.loads(make.app.test_client().get("/certificates/keys.json").get_data(as_text=True))
    done = _run_script(tmp_path, "\n".join(made.signature_lines), published)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["name"] == "汐見でんき株式会社"
    signature = made.signature or ""
    wrong = _run_script(tmp_path, signature[:-8] + signature[-8:][::-1], published)
    assert wrong.returncode != 0
    assert "InvalidSignature" in wrong.stderr
    new_key()
    unknown = _run_script(tmp_path, _signature(make.app, make.member()), published)
    assert unknown.returncode != 0
    assert "KeyError" in unknown.stderr
