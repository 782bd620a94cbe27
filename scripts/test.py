"""`make test` and `make check` (--quick): runs the parts one after the other, all of them, and sums up at the end.

A part that this machine cannot run is named as not run; with REQUIRE_ALL=1 that is a failure. TEST_POSTGRES_URL names the
server of PostgreSQL (default: postgres at 127.0.0.1:5432), CHROMIUM the browser.
"""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import psycopg

ROOT = Path(__file__).resolve().parent.parent
BIN = ROOT / ".venv" / "bin"
POSTGRES = os.environ.get("TEST_POSTGRES_URL", "postgresql://postgres@127.0.0.1:5432/postgres")
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
PURE = ("tests/domain", "tests/forms")
ALIKE = ("tests/rules",)  # floors, printed flows, permissions of routes: no statement of theirs is another database's
NARROW = " and not races and not wide"  # what the inner loop leaves to the whole
NO_TESTS = 5  # pytest's exit code where nothing was selected


@dataclass(frozen=True, slots=True)
class Part:
    """Commands that stand or fall together; `missing` says what the machine lacks for them, None where nothing."""

    name: str
    commands: tuple[tuple[str, ...], ...]
    quick: bool = True
    missing: Callable[[], str | None] = lambda: None


def _no_postgres() -> str | None:
    try:
        psycopg.connect(POSTGRES, connect_timeout=3).close()
    except psycopg.Error as error:
        return f"no PostgreSQL answers ({str(error).splitlines()[0]}); set TEST_POSTGRES_URL"
    return None


def _no_browser() -> str | None:
    named = os.environ.get("CHROMIUM")
    if not (Path(named).is_file() if named else any(shutil.which(name) for name in BROWSERS)):
        return "no Chromium; install the package chromium or set CHROMIUM"
    lister = shutil.which("fc-list")
    if not lister:
        return "no fontconfig to find Japanese fonts with; install fonts-noto-cjk"
    fonts = subprocess.run((lister, ":lang=ja", "family"), capture_output=True, check=False)  # noqa: S603 - fixed
    return None if fonts.stdout.strip() else "no Japanese font; install the package fonts-noto-cjk"


def _pytest(*arguments: str) -> tuple[str, ...]:
    return (str(BIN / "pytest"), "-q", "--no-header", *arguments)


def _parts(*, quick: bool) -> tuple[Part, ...]:
    pure = [f"--ignore={folder}" for folder in PURE]
    alike = [f"--ignore={folder}" for folder in ALIKE]
    return (
        Part(
            "style",
            (
                (str(BIN / "ruff"), "check", "--quiet", "."),
                (str(BIN / "ruff"), "format", "--check", "--quiet", "."),
                (str(BIN / "djlint"), "templates", "--lint", "--quiet"),
            ),
        ),
        Part("types", ((str(BIN / "mypy"), "app.py", "config.py", "occto", "scripts"),)),
        Part("pure", (_pytest("-n", "2", *PURE),)),
        Part("sqlite", (_pytest("-n", "2", "-m", "not browser" + NARROW * quick, *pure, "tests"),)),
        Part(
            "postgres",
            (_pytest("-n", "2", "-m", "not browser", "--database", "postgres", *pure, *alike, "tests"),),
            quick=False,
            missing=_no_postgres,
        ),
        Part("browser", (_pytest("-n", "2", "-m", "browser", "tests"),), quick=False, missing=_no_browser),
    )


def _run(part: Part) -> bool:
    """All commands of the part, also after one that failed; whether each succeeded."""
    codes = [subprocess.run(command, cwd=ROOT, check=False).returncode for command in part.commands]  # noqa: S603 - fixed
    if NO_TESTS in codes and len(codes) == 1:
        _say(f"    no test of the part {part.name} was found")
    return not any(codes)


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main() -> int:
    """Run the parts; 0 where all succeeded (and, with REQUIRE_ALL=1, none was left out)."""
    require_all = os.environ.get("REQUIRE_ALL") == "1"
    begun, results, failed = time.monotonic(), [], False
    quick = "--quick" in sys.argv
    for part in _parts(quick=quick):
        if quick and not part.quick:
            continue
        started, lacking = time.monotonic(), part.missing()
        if lacking:
            failed |= require_all
            results.append(f"  {'FAILED ' if require_all else 'not run'}  {part.name:<9} not run: {lacking}")
            continue
        _say(f"--- {part.name}")
        good = _run(part)
        failed |= not good
        results.append(f"  {'ok     ' if good else 'FAILED '}  {part.name:<9} {time.monotonic() - started:6.1f} s")
    _say("\n" + "\n".join(results))
    _say(f"  {'FAILED' if failed else 'ok'} after {time.monotonic() - begun:.1f} s")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
