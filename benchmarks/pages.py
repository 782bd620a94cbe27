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
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from urllib.parse import quote

from benchmarks.bare_marks import NONCE, TOKEN
from benchmarks.prepare import Ground, ground
from benchmarks.servers import Server, bare, machine, ours
from occto.domain.changes import ChangeState
from occto.domain.codes import LegalForm, Licence, MemberState, UserState
from occto.domain.joining import Stage
from occto.domain.permissions import Role
from occto.domain.profile import ITEMS
from occto.domain.sections import TASKS
from occto.labels import label

REQUESTS = 30  # a side, a page and a round
WARM_UP = 6  # connections, so that both workers have rendered every page
MOST_ROUNDS = 50
FEW = 20_000  # of more members, a round asks for one file
LISTS, LARGE_GOAL = ("list", "list-end", "code", "code-end", "new", "new-end"), 1.15


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
    spent: list[tuple[float, float]] = field(default_factory=list)
    """Seconds on a processor that each side took for all requests of a round."""


def pages(held: Ground) -> list[Page]:
    """What is measured, with the goals of the project."""
    table, main = ("<tbody>", "</tbody>"), ("<h1>", "</main>")
    near = f"/admin/members/?after={held.near_the_end}"
    exports = 4 if held.members <= FEW else 1
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
        Page("new", "P4 newest, page 1", "/admin/members/?order=new", 1.8, "staff", table),
        Page(
            "new-end",
            "P4 newest, near the end",
            f"/admin/members/?order=new&after={held.near_by_id}",
            1.8,
            "staff",
            table,
        ),
        Page("common", "P5 search for 電力", f"/admin/members/?q={quote('電力')}", 2.0, "staff", table),
        Page("rare", f"P5 search for {held.rare}", f"/admin/members/?q={quote(held.rare)}", 2.0, "staff", table),
        Page(
            "details", "staff page of one member", f"/admin/members/details/?id={held.member_id}", None, "staff", main
        ),
        Page("csv", "P6 CSV of all members", "/admin/members/export-csv/", 1.2, "staff", requests=exports, whole=True),
        Page(
            "tasks", "applicant task list", f"/join/applications/{held.application_id}/tasks", None, "applicant", main
        ),
    ]


def _get(connection: http.client.HTTPConnection, page: Page, cookies: Mapping[str, str]) -> tuple[float, bytes]:
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
    named = {code.value: label(code) for kind in (Licence, MemberState, Role, ChangeState) for code in kind}
    named |= {f"section:{task.key}": task.title for task in TASKS[Stage.PROVISIONAL]}
    named |= {f"item:{key}": item.title for key, item in ITEMS.items()}
    named |= {f"user:{state.value}": label(state) for state in UserState}
    return json.dumps(named | {f"form:{form.value}": label(form) for form in LegalForm})


@dataclass(frozen=True, slots=True)
class Side:
    """A server and who is signed in there."""

    server: Server
    cookies: Mapping[str, str]

    def get(self, connection: http.client.HTTPConnection, page: Page) -> tuple[float, bytes]:
        return _get(connection, page, self.cookies)


def in_turn(sides: tuple[Side, Side], asked: tuple[Page, Page]) -> tuple[list[float], list[float]]:
    """Median seconds of a page on each side, request by request in turn, and the seconds that each spent on a processor."""
    connections = [side.server.connect() for side in sides]
    times: tuple[list[float], list[float]] = ([], [])
    spent = [0.0, 0.0]
    opening = 0 if asked[0].whole else 2  # requests that open the connection
    for number in range(asked[0].requests + opening):
        if number == opening:
            spent = [-side.server.processor_time() for side in sides]
        for which in (0, 1):
            if asked[which].whole:  # a file takes longer than a server keeps the other's connection for
                connections[which].close()
            seconds = sides[which].get(connections[which], asked[which])[0]
            if number >= opening:
                times[which].append(seconds)
    spent = [before + side.server.processor_time() for before, side in zip(spent, sides, strict=True)]
    for connection in connections:
        connection.close()
    return [statistics.median(one) for one in times], spent


def _round(sides: tuple[Side, Side], measured: list[Page]) -> None:
    for page in measured:
        (mine, other), (spent, spent_by_hand) = in_turn(sides, (page, page))
        page.ours.append(mine)
        page.bare.append(other)
        page.spent.append((spent, spent_by_hand))


def warm(side: Side, measured: list[Page]) -> None:
    """Let both workers meet every page."""
    for _ in range(WARM_UP):
        for page in (page for page in measured if not page.whole):
            connection = side.server.connect()
            side.get(connection, page)
            connection.close()


def line(
    title: str,
    goal: float | None,
    mine: list[float],
    other: list[float],
    unit: str,
    spent: list[tuple[float, float]] | None = None,
) -> str:
    """A line of the table: medians, the ratio of the medians, that of the time on a processor, those of single rounds."""
    ratios = [a / b for a, b in zip(mine, other, strict=True)]
    ratio = statistics.median(mine) / statistics.median(other)
    processor = f"{statistics.median(a / b for a, b in spent):.2f}" if spent else ""
    return (
        f"| {title} | {statistics.median(mine):.1f} {unit} | {statistics.median(other):.1f} {unit} | {ratio:.2f} "
        f"| {min(ratios):.2f}–{max(ratios):.2f} | {processor} | {'' if goal is None else f'≤ {goal}'} "
        f"| {'' if goal is None else _verdict(ratio <= goal)} |"
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
                sides = Side(mine, cookies), Side(other, cookies)
                for side in sides:
                    warm(side, measured)
                for _ in range(rounds):
                    _round(sides, [page for page in measured if not page.whole])
                peaks = mine.peak_memory(), other.peak_memory()
                for _ in range(rounds):
                    _round(sides, [page for page in measured if page.whole])
                grown = mine.peak_memory() - peaks[0]
                excel = _excel(mine, cookies) if members <= FEW else None
        for _ in range(2):
            with bare(held, frames, _words()) as other:
                starts[1].append(other.first_answer)
            with ours(held) as mine:
                starts[0].append(mine.first_answer)
    lines = [
        line(page.title, page.goal, [s * 1000 for s in page.ours], [s * 1000 for s in page.bare], "ms", page.spent)
        for page in measured
    ]
    lines.append(
        f"| P6 a worker grows by, for the CSV | {grown:.1f} MiB |  |  |  |  | ≤ 5 MiB | {_verdict(grown <= 5)} |"
    )
    if excel:
        seconds, peak = excel
        shown, fine = f"{seconds:.1f} s, {peak:.0f} MiB", seconds <= 3 and peak <= 150
        lines.append(f"| P6 Excel of all members | {shown} |  |  |  |  | ≤ 3 s, ≤ 150 MiB | {_verdict(fine)} |")
    lines.append(line("P9 first answer after start", 2.0, starts[0], starts[1], "s"))
    lines.append(line("P10 peak of a worker after these pages", 1.5, [peaks[0]], [peaks[1]], "MiB"))
    return lines


def growth(kind: str, *, sizes: tuple[int, int], rounds: int) -> list[str]:
    """The lists of the application with many members and with few, in turn: the ratio is what a list grows by."""
    with ground(kind, sizes[0]) as large, ground(kind, sizes[1]) as small, ours(large) as much, ours(small) as little:
        sides = Side(much, large.cookies), Side(little, small.cookies)
        listed = [[page for page in pages(held) if page.name in LISTS] for held in (large, small)]
        for side, measured in zip(sides, listed, strict=True):
            warm(side, measured)
        pairs = list(zip(*listed, strict=True))
        for _ in range(rounds):
            for page, same in pairs:
                (many, few), spent = in_turn(sides, (page, same))
                page.ours.append(many * 1000)
                page.bare.append(few * 1000)
                page.spent.append((spent[0], spent[1]))
    return [line(page.title, LARGE_GOAL, page.ours, page.bare, "ms", page.spent) for page, _same in pairs]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="pages against the same pages by hand")
    parser.add_argument("--database", choices=("sqlite", "postgres"), default="sqlite")
    parser.add_argument("--members", type=int, default=2_000)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument(
        "--against", type=int, help="the same lists with so many members, in turn: what a list grows by"
    )
    given = parser.parse_args()
    rounds = min(max(given.rounds, 1), MOST_ROUNDS)
    lines = measure(given.database, members=given.members, rounds=rounds)
    heading = f"{given.database}, {given.members:,} members, {rounds} rounds of {REQUESTS}, {date.today()}, {machine()}"  # noqa: DTZ011 - for people
    sys.stdout.write("\n".join([heading, "", *_head("application", "by hand"), *lines, ""]))
    if given.against:
        sizes = f"{given.members:,} members", f"{given.against:,} members"
        sys.stdout.write("\n".join(["", *_head(*sizes), ""]))
        grown = growth(given.database, sizes=(given.members, given.against), rounds=rounds)
        sys.stdout.write("\n".join([*grown, ""]))


def _head(one: str, other: str) -> tuple[str, str]:
    return (
        f"| page | {one} | {other} | ratio | single rounds | processor | goal | |",
        "|---|---|---|---|---|---|---|---|",
    )


if __name__ == "__main__":
    main()
