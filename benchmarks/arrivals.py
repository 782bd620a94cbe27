"""P1: check-ins against the same by hand (bare_arrivals.py), and 2,000 arrivals over 8 desks with a board that is watched.

`.venv/bin/python -m benchmarks.arrivals [--database sqlite] [--arrivals 2000] [--rounds 7]`

First, at one and at eight desks, the ratio of our check-in to the bare one, interleaved. Then everybody else arrives over
eight desks as fast as they go; one of ten shows its ticket at a second desk as well. Afterwards the rows are counted: each
ticket admitted once, each advance vote set aside once, and the board equal to the rows. Listens on 127.0.0.1 only.
"""

import argparse
import http.client
import json
import random
import statistics
import sys
import tempfile
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path

from sqlalchemy import create_engine, text

from benchmarks.arriving import DESKS, Hall, Scanner, open_hall
from benchmarks.pages import line
from benchmarks.prepare import ground
from benchmarks.servers import Server, bare, machine, ours

GOAL, DEMO, ROUND = 1.3, 4_200, 40
VIEWERS, POLL, LEAST, LONGEST = 50, 2.0, 0.5, 300.0


@dataclass(slots=True)
class Seen:
    """What desks and viewers saw."""

    outcomes: Counter[str] = field(default_factory=Counter)
    statuses: Counter[int] = field(default_factory=Counter)
    scans: list[float] = field(default_factory=list)
    polls: list[float] = field(default_factory=list)
    gaps: list[float] = field(default_factory=list)
    unchanged: int = 0
    faults: list[str] = field(default_factory=list)


def scanners(server: Server, hall: Hall) -> list[Scanner]:
    """Every desk with its page open."""
    found = [Scanner(server.connect(), cookie, hall.assembly_id) for cookie in hall.desks]
    for one in found:
        one.open()
    return found


def timed(desk: Scanner, token: str) -> float:
    """Milliseconds of one check-in that admits."""
    desk.connection.close()
    desk.connection.connect()
    begun = time.perf_counter()
    status, answer = desk.scan(token)
    took = (time.perf_counter() - begun) * 1000
    if status != 200 or answer.get("outcome") != "ADMITTED":
        raise RuntimeError(f"{status} {answer}")
    return took


def ratios(
    sides: tuple[list[Scanner], list[Scanner]], servers: tuple[Server, Server], tokens: list[str], rounds: int
) -> list[str]:
    """The lines of the table: one desk request by request in turn, then eight desks at once, one side after the other."""
    one: tuple[list[float], list[float]] = ([], [])
    eight: tuple[list[float], list[float]] = ([], [])
    whole: tuple[list[float], list[float]] = ([], [])
    spent: list[tuple[float, float]] = []
    left = iter(tokens)
    for _ in range(8):
        token = next(left)
        for side in sides:
            timed(side[0], token)
    for _ in range(rounds):
        batch = [next(left) for _ in range(ROUND)]
        times: tuple[list[float], list[float]] = ([], [])
        for token in batch:
            for which in (0, 1):
                times[which].append(timed(sides[which][0], token))
        for which in (0, 1):
            one[which].append(statistics.median(times[which]))
        batch, processor = [next(left) for _ in range(ROUND)], []
        for which in (0, 1):
            before = servers[which].processor_time()
            shares = [(sides[which][place], batch[place::DESKS]) for place in range(DESKS)]
            begun = time.perf_counter()
            with ThreadPoolExecutor(DESKS) as pool:
                found = list(pool.map(lambda share: [timed(share[0], token) for token in share[1]], shares))
            whole[which].append((time.perf_counter() - begun) * 1000 / len(batch))
            processor.append(servers[which].processor_time() - before)
            eight[which].append(statistics.median(chain.from_iterable(found)))
        spent.append((processor[0], processor[1]))
    return [
        line("P1 check-in, 1 desk", GOAL, one[0], one[1], "ms"),
        line("P1 check-in, 8 desks", GOAL, eight[0], eight[1], "ms", spent),
        line("a check-in with 8 desks, time of all over their number", None, whole[0], whole[1], "ms"),
    ]


def arrive(server: Server, hall: Hall, desks: list[Scanner], tokens: list[str]) -> tuple[Seen, float]:
    """Everybody over eight desks; one of ten at the next desk too, at the same moment."""
    seen, begun, over = Seen(), time.perf_counter(), threading.Event()
    work: list[list[str]] = [[] for _ in desks]
    for place, token in enumerate(tokens):
        work[place % DESKS].append(token)
        if place % 10 == 0:
            work[(place + 1) % DESKS].append(token)
    threads = [
        threading.Thread(target=_desk, args=(*pair, seen, begun), daemon=True) for pair in zip(desks, work, strict=True)
    ]
    viewers = [threading.Thread(target=_watch, args=(server, hall, seen, over), daemon=True) for _ in range(VIEWERS)]
    for thread in [*threads, *viewers]:
        thread.start()
    for thread in threads:
        thread.join(LONGEST)
    took = time.perf_counter() - begun
    over.set()
    for thread in viewers:
        thread.join(2 * POLL)
    return seen, took


def _desk(desk: Scanner, tokens: list[str], seen: Seen, begun: float) -> None:
    for token in tokens:
        if time.perf_counter() - begun > LONGEST:
            return
        try:
            started = time.perf_counter()
            status, answer = desk.scan(token)
            seen.scans.append(time.perf_counter() - started)
            seen.statuses[status] += 1
            seen.outcomes[str(answer.get("outcome"))] += 1
        except (OSError, http.client.HTTPException) as fault:
            seen.faults.append(f"desk: {fault}")
            desk.connection.close()


def board_path(hall: Hall) -> str:
    """Where the board's figures are asked for."""
    return f"/reception/{hall.assembly_id}/board/counts?unattended=1"


def _watch(server: Server, hall: Hall, seen: Seen, over: threading.Event) -> None:
    connection, etag, counted = server.connect(), "", 0.0
    while not over.is_set():
        begun, age = time.perf_counter(), 0.0
        try:
            connection.request(
                "GET", board_path(hall), headers={"Cookie": f"session={hall.staff}", "If-None-Match": etag}
            )
            answer = connection.getresponse()
            answer.read()
            etag, age = answer.headers.get("ETag", ""), int(answer.headers.get("X-Count-Age", 0)) / 1000
            done = time.perf_counter()
            seen.polls.append(done - begun)
            seen.gaps += [done - counted] if counted and etag else []
            counted = done - age
            seen.unchanged += answer.status == 304
            if answer.status not in (200, 304):
                seen.faults.append(f"board: {answer.status}")
        except (OSError, http.client.HTTPException) as fault:
            seen.faults.append(f"board: {fault}")
            connection.close()
        over.wait(max(LEAST, POLL - age - 0.2 * random.random()))  # as static/js/board.js does  # noqa: S311 - no secret
    connection.close()


COUNTS = {
    "check-ins": "SELECT count(*) FROM check_ins WHERE assembly_id = :id",
    "tickets admitted": "SELECT count(DISTINCT ticket_id) FROM check_ins WHERE assembly_id = :id",
    "set aside": "SELECT count(set_aside_by_check_in_id) FROM standing_replies WHERE assembly_id = :id",
    "scans": "SELECT count(*) FROM scans WHERE assembly_id = :id",
    "events": (
        "SELECT count(*) FROM audit_events WHERE tag = 'reception.checked_in' "
        "AND subject IN (SELECT 'CHECK_IN:' || id FROM check_ins WHERE assembly_id = :id)"
    ),
    "votes at the hall": (
        "SELECT coalesce(sum(p.votes), 0) FROM check_ins c JOIN snapshots z ON z.assembly_id = c.assembly_id "
        "AND z.state = 'FROZEN' JOIN snapshot_members p ON p.snapshot_id = z.id AND p.member_id = c.member_id "
        "WHERE c.assembly_id = :id AND c.voting AND c.ended_at IS NULL"
    ),
    "advance votes left": "SELECT count(*) FROM standing_replies WHERE assembly_id = :id AND set_aside_by_check_in_id IS NULL",
}


def counted(url: str, hall: Hall) -> dict[str, int]:
    """What lies in the database afterwards."""
    engine = create_engine(url.replace("postgresql://", "postgresql+psycopg://"))
    with engine.connect() as connection:
        found = {
            name: int(connection.execute(text(query), {"id": hall.assembly_id} if ":id" in query else {}).scalar_one())
            for name, query in COUNTS.items()
        }
    engine.dispose()
    return found


def last_board(server: Server, hall: Hall) -> dict[str, object]:
    """What the board says a good second after the last arrival."""
    time.sleep(1.2)
    connection = server.connect()
    connection.request("GET", board_path(hall), headers={"Cookie": f"session={hall.staff}"})
    answer = connection.getresponse()
    found = json.loads(answer.read())
    connection.close()
    assert isinstance(found, dict)
    return found


def run(kind: str, *, arrivals: int, rounds: int) -> tuple[list[str], bool]:
    """The lines of the report, and whether each ticket was admitted once and the board equals the rows."""
    hall = Hall()
    measured = 8 + rounds * 2 * ROUND
    added = open_hall(hall, arrivals=arrivals + measured)
    with ground(kind, DEMO, also=added) as held, tempfile.TemporaryDirectory() as folder:
        frames = Path(folder) / "frames.json"
        frames.write_text(json.dumps({"paths": [], "login": ["", "", ""]}), encoding="utf-8")
        with ours(held) as mine, bare(held, frames, "{}", target="benchmarks.bare_arrivals:app") as other:
            sides = (scanners(mine, hall), scanners(other, hall))
            table = ratios(sides, (mine, other), hall.tokens[:measured], rounds)
            rest = hall.tokens[measured:]
            seen, took = arrive(mine, hall, sides[0], rest)
            board, rows = last_board(mine, hall), counted(held.ours, hall)
    wrong = verdict(rows, board, seen, admitted=measured + len(rest))
    lines = [
        "| | application | by hand | ratio | single rounds | processor | goal | |",
        "|---|---|---|---|---|---|---|---|",
        *table,
        "",
        f"{len(rest):,} arrivals, {DESKS} desks, {VIEWERS} viewers of the board: {took:.1f} s, {len(seen.scans) / took:.0f} scans a second",
        _spreads(seen),
        f"answers {dict(seen.statuses)}, outcomes {dict(seen.outcomes)}",
        "rows: " + ", ".join(f"{name} {found:,}" for name, found in rows.items()),
        "each ticket admitted once, the board equals the rows" if not wrong else "FAULTS: " + "; ".join(wrong[:8]),
    ]
    return lines, not wrong


def _spreads(seen: Seen) -> str:
    scans, polls, gaps = (statistics.quantiles(found, n=100) for found in (seen.scans, seen.polls, seen.gaps))
    return (
        f"a scan p50 {scans[49] * 1000:.0f} ms, p99 {scans[98] * 1000:.0f} ms; the board p50 {polls[49] * 1000:.0f} ms, "
        f"p99 {polls[98] * 1000:.0f} ms, {seen.unchanged} of {len(seen.polls)} unchanged; from a count to the next one that a "
        f"viewer has: p50 {gaps[49]:.2f} s, p99 {gaps[98]:.2f} s"
    )


def verdict(rows: dict[str, int], board: dict[str, object], seen: Seen, *, admitted: int) -> list[str]:
    """What is not as it has to be."""
    wrong = list(seen.faults)
    once = ("check-ins", "tickets admitted", "events")
    wrong += [f"{name}: {rows[name]:,} for {admitted:,}" for name in once if rows[name] != admitted]
    if any(status != 200 for status in seen.statuses):
        wrong.append(f"answers {dict(seen.statuses)}")
    at_hall = votes_at_hall(board)
    if at_hall != rows["votes at the hall"]:
        wrong.append(f"board: {at_hall} votes at the hall for {rows['votes at the hall']}")
    return wrong


def votes_at_hall(board: dict[str, object]) -> object:
    """The votes that the board shows as present at the hall."""
    return board["all"]["FLOOR"]["votes"]  # type: ignore[index]


def main() -> None:
    """Run, print, and end with 1 where anything was lost or doubled."""
    options = argparse.ArgumentParser(description="arrivals at the hall")
    options.add_argument("--database", choices=("sqlite", "postgres"), default="sqlite")
    for name, default in (("arrivals", 2_000), ("rounds", 7)):
        options.add_argument(f"--{name}", type=int, default=default)
    given = options.parse_args()
    lines, fine = run(given.database, arrivals=given.arrivals, rounds=min(max(given.rounds, 1), 12))
    sys.stdout.write("\n".join([f"{given.database}, {machine()}", "", *lines, ""]))
    sys.exit(0 if fine else 1)


if __name__ == "__main__":
    main()
