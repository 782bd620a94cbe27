"""The first load: a workbook of 2,000 members with licences, relations, administrators and past changes, from file to register.

`.venv/bin/python -m benchmarks.first_load [--members 2000] [--database sqlite]`
"""

import argparse
import resource
import sys
import tempfile
import time
from datetime import date
from pathlib import Path
from typing import Any

from flask_migrate import upgrade

from benchmarks.prepare import POSTGRES
from occto import loading
from occto.domain.importing import ImportState, SheetKind
from occto.extensions import db
from tests.conftest import make_app
from tests.factories import Factory
from tests.importing import Loading, Rows, batch, book, company, licence, outcomes, person


def rows(members: int) -> Rows:
    """So many companies; every fourth is the subsidiary of the one before, every tenth was called otherwise."""
    serials = range(1, members + 1)
    return {
        SheetKind.MEMBERS: [company(serial) for serial in serials],
        SheetKind.LICENCES: [licence(serial) for serial in serials]
        + [licence(serial, category="小売電気事業者") for serial in serials if serial % 3 == 0],
        SheetKind.RELATIONS: [_parent(serial) for serial in serials if serial % 4 == 0],
        SheetKind.USERS: [person(serial) for serial in serials],
        SheetKind.PAST: [_renamed(serial) for serial in serials if serial % 10 == 0],
    }


def _parent(serial: int) -> dict[str, Any]:
    above = company(serial - 1)
    return {
        "operator_code": f"{serial:05d}",
        "relation": "親法人等",
        "other_name": above["name"],
        "other_number": above["corporate_number"],
        "controlling": "支配している",
        "basis": "議決権の過半数",
        "acquired_on": date(2018, 4, 1),
    }


def _renamed(serial: int) -> dict[str, Any]:
    name = company(serial)["name"]
    change = {"item": "商号", "changed_on": date(2020, 7, 1), "before": f"旧{name}", "after": name}
    return {"operator_code": f"{serial:05d}", **change}


def _work_while(number: int, *states: ImportState) -> tuple[float, float]:
    """Seconds until the import has left these states, and the longest round of the worker among them."""
    begun, longest = time.perf_counter(), 0.0
    while batch(number).state in states:
        at = time.perf_counter()
        loading.work_imports()
        db.session.remove()
        longest = max(longest, time.perf_counter() - at)
    return time.perf_counter() - begun, longest


def main() -> None:
    """Print what each step takes, and the memory at its peak."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--members", type=int, default=2000)
    options.add_argument("--url", default="", help=f"a database of its own, such as one on {POSTGRES}")
    given = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        app = make_app(given.url or f"sqlite:///{Path(folder) / 'load.db'}")
        with app.app_context():
            upgrade()
            content = book(rows(given.members))
            people = Loading(Factory(app))
            before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
            number = people.upload(content)
            steps = {"read": _work_while(number, ImportState.UPLOADED)}
            steps["compare"] = _work_while(number, ImportState.READ)
            people.release(number)
            steps["enter"] = _work_while(number, ImportState.RELEASED)
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
            found = {outcome for _sheet, _row, outcome in outcomes(number)}
            sys.stdout.write(
                f"{given.members:,} members, {batch(number).total:,} rows, {len(content):,} bytes, {found}\n"
            )
            for name, (seconds, longest) in steps.items():
                sys.stdout.write(f"{name} {seconds:.1f} s, longest round {longest:.1f} s\n")
            sys.stdout.write(f"memory {before / 1024:.0f} → {peak / 1024:.0f} MiB\n")
            db.session.remove()
            db.engine.dispose()


if __name__ == "__main__":
    main()
