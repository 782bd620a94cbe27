"""House rules on the syntax trees: who imports whom, who commits, who reads the clock, how long a file may be."""

import ast
import re
import sys
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path

import pytest

from occto import labels
from occto.domain import codes
from occto.domain.joining import ApplicationState, Stage
from occto.domain.permissions import Role

ROOT = Path(__file__).parents[2]
SOURCES = sorted((ROOT / "occto").rglob("*.py"))
TEMPLATES = sorted(path for path in (ROOT / "templates").rglob("*") if path.suffix in {".html", ".txt"})
LONGEST = 400
ALONE = {ROOT / "occto" / "kit" / "recompute.py"}
"""Handed out to be run and read by itself: what it needs is in this one file."""
HANDLER = re.compile(r"<[a-zA-Z][^>]*\s(on[a-z]+)\s*=", re.DOTALL)
STYLE = re.compile(r"<[a-zA-Z][^>]*\sstyle\s*=", re.DOTALL)

FLOORS: dict[str, set[str]] = {
    "domain": {"domain"},
    "models": {"domain", "extensions", "types", "models"},
    "queries": {"domain", "models", "queries"},
    "services": {"domain", "models", "queries", "services"},
    "forms": {"domain", "labels", "forms"},
    "labels": {"domain"},
    "types": set(),
    "extensions": set(),
    "clock": set(),
    "unit_of_work": {"extensions"},
}
"""What each floor may import of occto. The edges above (views, admin, cli, worker …) may import all but the models."""
MAY_READ_MODELS = {"domain", "models", "queries", "services", "admin"}
EXCUSED: dict[str, set[str]] = {
    "demo": {"models"},
}
"""Edges that may import models, each with its reason: demo writes in bulk what verbs write one by one."""


def _name(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts)


def _floor(module: str) -> str:
    """The first part below occto: «domain», «views» … or «» for the package itself."""
    parts = module.split(".")
    return parts[1] if len(parts) > 1 and parts[0] == "occto" else ""


def _imports(path: Path) -> Iterator[str]:
    """Every module that a file imports to run, at the top or inside a function; what only types need is left out."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    only_types = {
        below
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
        for below in ast.walk(node)
    }
    for node in ast.walk(tree):
        if node in only_types:
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: a relative import hides its floor"
            assert node.module is not None
            if node.module == "occto":
                yield from (f"occto.{alias.name}" for alias in node.names)
            else:
                yield node.module


def _calls(path: Path) -> Iterator[str]:
    """Every call in a file, as dotted words."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func)


def test_there_is_something_to_look_at() -> None:
    assert len(SOURCES) > 50
    assert len(TEMPLATES) > 20


@pytest.mark.parametrize("path", SOURCES, ids=_name)
def test_imports_go_downwards(path: Path) -> None:
    floor = _floor(_name(path))
    used = {_floor(name) for name in _imports(path) if name.startswith("occto.")}
    if floor in FLOORS:
        assert used <= FLOORS[floor], f"{floor} may not import {used - FLOORS[floor]}"
    elif floor not in MAY_READ_MODELS and floor not in EXCUSED:
        imported = {name for name in _imports(path) if name.startswith("occto.models")}
        imported -= {"occto.models.triggers"} if floor == "cli" else set()
        assert not imported, "views, cli and worker read through queries and write through services"


@pytest.mark.parametrize("path", [path for path in SOURCES if _floor(_name(path)) == "domain"], ids=_name)
def test_the_domain_stands_on_the_standard_library(path: Path) -> None:
    foreign = {name.split(".")[0] for name in _imports(path)} - set(sys.stdlib_module_names) - {"occto"}
    assert not foreign


@pytest.mark.parametrize("path", SOURCES, ids=_name)
def test_one_place_commits(path: Path) -> None:
    committing = {call for call in _calls(path) if call.endswith(".commit")}
    if _name(path) == "occto.unit_of_work":
        assert committing
    else:
        assert not committing


CLOCK = re.compile(r"(^|\.)(datetime\.(now|utcnow|today)|date\.today|time\.(time|time_ns|localtime|gmtime))$")


@pytest.mark.parametrize("path", SOURCES, ids=_name)
def test_one_place_reads_the_clock(path: Path) -> None:
    reading = {call for call in _calls(path) if CLOCK.search(call)}
    if _name(path) == "occto.clock":
        assert reading
    else:
        assert not reading


@pytest.mark.parametrize("floor", ["domain", "models", "queries", "services"])
def test_the_floors_below_take_the_time_as_an_argument(floor: str) -> None:
    for path in SOURCES:
        if _floor(_name(path)) == floor:
            assert "occto.clock" not in set(_imports(path)), path


@pytest.mark.parametrize("path", [path for path in SOURCES if _floor(_name(path)) == "services"], ids=_name)
def test_a_verb_opens_no_unit_of_work(path: Path) -> None:
    assert not {name for name in _imports(path) if name.startswith(("occto.unit_of_work", "flask"))}


def test_rights_and_counts_know_no_float() -> None:
    """votes and tally once they exist, canonical today: an exact figure never passes through a float."""
    exact = [path for path in SOURCES if path.stem in {"votes", "tally", "quorum", "control", "canonical"}]
    assert exact
    for path in exact:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            assert not (isinstance(node, ast.Constant) and isinstance(node.value, float)), path
            assert not (isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div)), path
            assert not (isinstance(node, ast.Name) and node.id == "float"), path


@pytest.mark.parametrize(
    "path", [*SOURCES, ROOT / "config.py", ROOT / "app.py", *sorted((ROOT / "tests").rglob("*.py"))], ids=_name
)
def test_a_file_holds_one_subject(path: Path) -> None:
    free = path.is_relative_to(ROOT / "migrations") or path in ALONE
    lines = len(path.read_text(encoding="utf-8").splitlines())
    assert free or lines <= LONGEST, f"{lines} lines"


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: str(path.relative_to(ROOT)))
def test_templates_trust_no_text_and_carry_no_code(path: Path) -> None:
    page = path.read_text(encoding="utf-8")
    assert not re.search(r"\|\s*safe\b", page)
    assert "Markup(" not in page
    assert "autoescape false" not in page
    if path.suffix == ".html" and "mail" not in path.parts:
        assert not HANDLER.search(page), "an inline handler is refused by the content security policy"
        assert not STYLE.search(page), "an inline style is refused by the content security policy"
        assert "javascript:" not in page


@pytest.mark.parametrize("path", [path for path in TEMPLATES if path.suffix == ".html"], ids=lambda path: path.name)
def test_scripts_and_styles_carry_the_nonce(path: Path) -> None:
    for tag in re.findall(r"<(?:script|style)\b[^>]*>", path.read_text(encoding="utf-8")):
        assert "nonce=" in tag or "src=" in tag or "application/json" in tag, tag


ENUMS = [kind for kind in vars(codes).values() if isinstance(kind, type) and issubclass(kind, StrEnum)]
ENUMS = [kind for kind in ENUMS if kind is not StrEnum] + [ApplicationState, Stage, Role]


@pytest.mark.parametrize("kind", ENUMS, ids=lambda kind: kind.__name__)
def test_a_code_is_called_as_it_is_stored(kind: type[StrEnum]) -> None:
    assert [member.name for member in kind] == [member.value for member in kind]


@pytest.mark.parametrize("kind", ENUMS, ids=lambda kind: kind.__name__)
def test_a_code_has_a_japanese_label(kind: type[StrEnum]) -> None:
    for member in kind:
        title = labels.label(member)
        assert title
        assert title != member.value
        assert re.search(r"[ぁ-んァ-ヶ一-龠]", title) or member.name in {"OTHER"}, title
