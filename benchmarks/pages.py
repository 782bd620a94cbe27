"""Pages against the same pages by hand: `.venv/bin/python -m benchmarks.pages --database sqlite --rounds 7`.

Prints the median of the rounds' medians for both sides, their ratio, and how far the ratios of single rounds lie apart.
"""

import argparse
import http.client
import json
import re
import statistics
import sys
import tempfile
import time
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from urllib.parse import quote

from benchmarks.bare_marks import NONCE, TOKEN
from benchmarks.prepare import Ground, ground
from benchmarks.servers import Server, bare, machine, ours
from occto.domain.codes import Licence, MemberState
from occto.domain.joining import Stage
from occto.domain.sections import TASKS
from occto.labels import label

REQUESTS = 30  # a side, a page and a round
WARM_UP = 6  # connections, so that both workers have rendered every page
MOST_ROUNDS = 50


@dataclass(slots=True)
class Page:
    """A page to measure; `marks` enclose the part that the bare page renders by hand (None: all of it is frame)."""

    name: str
    title: str
    path: str
    goal: float | None
    who: str = ""
    marks: tuple[str, str] | None = None
    requests: int = REQUESTS
    whole: bool = False
    """Whether the answer is a file, with nothing around it."""
    ours: list[float] = field(default_factory=list)
    bare: list[float] = field(default_factory=list)


def pages(held: Ground) -> list[Page]:
    """What is measured, with the goals of the project."""
    table, main = ("<tbody>", "</tbody>"), ("<h1>", "</main>")
    near = f"/admin/members/?after={held.near_the_end}"
    return [
        Page("login", "P2 sign-in page", "/login", 1.5),
        Page("home", "P3 member home", "/home", 2.0, "member", main),
        Page("list", "P4 staff member list, page 1", "/admin/members/", 1.8, "staff", table),
        Page("list-end", "P4 staff member list, near the end", near, 1.8, "staff", table),
        Page("code", "P4 by operator code, page 1", "/admin/members/?order=code", 1.8, "staff", table),
        Page(
            "code-end",
            "P4 by operator code, near the end",
            f"/admin/members/?order=code&after={held.near_by_code}",
            1.8,
            "staff",
            table,
        ),
        Page("common", "P5 search for 電力", f"/admin/members/?q={quote('電力')}", 2.0, "staff", table),
        Page("rare", f"P5 search for {held.rare}", f"/admin/members/?q={quote(held.rare)}", 2.0, "staff", table),
        Page("csv", "P6 CSV of all members", "/admin/members/export-csv/", 1.2, "staff", requests=4, whole=True),
        Page(
            "tasks", "applicant task list", f"/join/applications/{held.application_id}/tasks", None, "applicant", main
        ),
    ]


def _get(connection: http.client.HTTPConnection, page: Page, cookies: dict[str, str]) -> tuple[float, bytes]:
    """Seconds and body of one request; anything but 200 ends the run."""
    headers = {"Cookie": f"session={cookies[page.who]}"} if page.who else {}
    started = time.perf_counter()
    connection.request("GET", page.path, headers=headers)
    answer = connection.getresponse()
    body = answer.read()
    seconds = time.perf_counter() - started
    if answer.status != 200:
        raise RuntimeError(f"{page.path}: {answer.status}")
    return seconds, body


def _frames(server: Server, measured: list[Page], cookies: dict[str, str]) -> dict[str, list[str]]:
    """The bytes around the measured part of every page, taken from the application itself."""
    found = {}
    for page in measured:
        if page.whole:
            continue
        html = _get(server.connect(), page, cookies)[1].decode()
        html = re.sub(r'(name="csrf_token" value=")[^"]*', rf"\g<1>{TOKEN}", html)
        html = re.sub(r'(nonce=")[^"]*', rf"\g<1>{NONCE}", html)
        begin = html.index(page.marks[0]) if page.marks else len(html)
        end = html.index(page.marks[1]) if page.marks else len(html)
        found[page.name] = [html[:begin], html[begin:end], html[end:]]
    found["paths"] = [(page.name, page.path) for page in measured]  # type: ignore[misc]
    return found


def _words() -> str:
    """The labels that the pages show, for the side that has no labels of its own."""
    named = {code.value: label(code) for kind in (Licence, MemberState) for code in kind}
    sections = {f"section:{task.key}": task.title for task in TASKS[Stage.PROVISIONAL]}
    return json.dumps(named | sections)


def _round(sides: tuple[Server, Server], measured: list[Page], cookies: dict[str, str]) -> None:
    """One median for each page and side, request by request in turn."""
    for page in measured:
        connections = [side.connect() for side in sides]
        times: tuple[list[float], list[float]] = ([], [])
        for number in range(page.requests + 2):
            for which in (0, 1):
                seconds = _get(connections[which], page, cookies)[0]
                if number > 1:  # the first ones open the connection
                    times[which].append(seconds)
        page.ours.append(statistics.median(times[0]))
        page.bare.append(statistics.median(times[1]))
        for connection in connections:
            connection.close()


def _warm(side: Server, measured: list[Page], cookies: dict[str, str]) -> None:
    for _ in range(WARM_UP):
        for page in (page for page in measured if not page.whole):
            connection = side.connect()
            _get(connection, page, cookies)
            connection.close()


def _line(title: str, goal: float | None, mine: list[float], other: list[float], unit: str) -> str:
    ratios = [a / b for a, b in zip(mine, other, strict=True)]
    ratio = statistics.median(mine) / statistics.median(other)
    verdict = "" if goal is None else "met" if ratio <= goal else "MISSED"
    return (
        f"| {title} | {statistics.median(mine):.1f} {unit} | {statistics.median(other):.1f} {unit} | {ratio:.2f} "
        f"| {min(ratios):.2f}–{max(ratios):.2f} | {'' if goal is None else f'≤ {goal}'} | {verdict} |"
    )


def _verdict(fine: bool) -> str:
    return "met" if fine else "MISSED"


def _excel(mine: Server, cookies: dict[str, str]) -> tuple[float, float]:
    """Median seconds of three workbooks of all members, and the peak of the larger worker after them."""
    page = Page("xlsx", "", "/admin/members/export-xlsx/", None, "staff")
    times = [_get(mine.connect(), page, cookies)[0] for _ in range(3)]
    return statistics.median(times), mine.peak_memory()


def measure(kind: str, *, members: int, rounds: int) -> list[str]:
    """The lines of the table for one kind of database."""
    with ground(kind, members) as held, tempfile.TemporaryDirectory() as folder:
        measured, cookies, frames = pages(held), dict(held.cookies), Path(folder) / "frames.json"
        starts: tuple[list[float], list[float]] = ([], [])
        with ours(held) as mine:
            starts[0].append(mine.first_answer)
            frames.write_text(json.dumps(_frames(mine, measured, cookies)), encoding="utf-8")
            with bare(held, frames, _words()) as other:
                starts[1].append(other.first_answer)
                for side in (mine, other):
                    _warm(side, measured, cookies)
                short = [page for page in measured if not page.whole]
                for _ in range(rounds):
                    _round((mine, other), short, cookies)
                peaks = mine.peak_memory(), other.peak_memory()
                for _ in range(rounds):
                    _round((mine, other), [page for page in measured if page.whole], cookies)
                grown = mine.peak_memory() - peaks[0]
                excel, excel_peak = _excel(mine, cookies)
        for _ in range(2):
            with bare(held, frames, _words()) as other:
                starts[1].append(other.first_answer)
            with ours(held) as mine:
                starts[0].append(mine.first_answer)
    lines = [
        _line(page.title, page.goal, [s * 1000 for s in page.ours], [s * 1000 for s in page.bare], "ms")
        for page in measured
    ]
    lines.append(f"| P6 a worker grows by, for the CSV | {grown:.1f} MiB |  |  |  | ≤ 5 MiB | {_verdict(grown <= 5)} |")
    fine = excel <= 3 and excel_peak <= 150
    lines.append(
        f"| P6 Excel of all members | {excel:.1f} s, {excel_peak:.0f} MiB |  |  |  | ≤ 3 s, ≤ 150 MiB | {_verdict(fine)} |"
    )
    lines.append(_line("P9 first answer after start", 2.0, starts[0], starts[1], "s"))
    lines.append(_line("P10 peak of a worker after these pages", 1.5, [peaks[0]], [peaks[1]], "MiB"))
    return lines


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="pages against the same pages by hand")
    parser.add_argument("--database", choices=("sqlite", "postgres"), default="sqlite")
    parser.add_argument("--members", type=int, default=2_000)
    parser.add_argument("--rounds", type=int, default=7)
    given = parser.parse_args()
    rounds = min(max(given.rounds, 1), MOST_ROUNDS)
    lines = measure(given.database, members=given.members, rounds=rounds)
    heading = f"{given.database}, {given.members:,} members, {rounds} rounds of {REQUESTS}, {date.today()}, {machine()}"  # noqa: DTZ011 - for people
    table = ["| page | application | by hand | ratio | single rounds | goal | |", "|---|---|---|---|---|---|---|"]
    sys.stdout.write("\n".join([heading, "", *table, *lines, ""]))


if __name__ == "__main__":
    main()
