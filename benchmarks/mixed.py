"""P11: 60 s of mixed load at 8 clients: 70 % of the acts read, 20 % are check-ins, 10 % take a reply.

`.venv/bin/python -m benchmarks.mixed [--database sqlite] [--members 4200] [--seconds 60]`

Goals: no 5xx, no «database is locked» (a 503), and p99 ≤ 10 × p50 of what is read and of what is written.
"""

import argparse
import http.client
import random
import statistics
import sys
import threading
import time
from collections import Counter
from dataclasses import dataclass, field

from flask import Flask

from benchmarks.arriving import Hall, Scanner, open_hall
from benchmarks.prepare import ground
from benchmarks.replying import Client, Meeting, RefusedError, Voter, fill, open_assembly
from benchmarks.servers import Server, machine, ours

CLIENTS, ITEMS, SCANS, REPLIES, TAIL = 8, 10, 0.2, 0.1, 10
LONGEST = 120.0
ARRIVALS = 2_400
"""Tickets: more than eight clients scan in the time; one who has none left shows an earlier one again."""


@dataclass(slots=True)
class Seen:
    """Seconds of reading, of check-ins and of taking replies, and every status."""

    read: list[float] = field(default_factory=list)
    scanned: list[float] = field(default_factory=list)
    taken: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)


def run(server: Server, meeting: Meeting, hall: Hall, *, seconds: float) -> Seen:
    """Let the clients go on for so long, each with members of its own."""
    seen, end = Seen(), time.perf_counter() + min(seconds, LONGEST)
    shares = [meeting.voters[place::CLIENTS] for place in range(CLIENTS)]
    threads = [
        threading.Thread(target=_client, args=(server, meeting, hall, share, seed, seen, end), daemon=True)
        for seed, share in enumerate(shares)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(LONGEST + 60)
    return seen


def _client(
    server: Server, meeting: Meeting, hall: Hall, voters: list[Voter], seed: int, seen: Seen, end: float
) -> None:
    chance, base = random.Random(seed), f"/assemblies/{meeting.assembly_id}"  # noqa: S311 - a reproducible load
    board = f"/admin/reply_board/counts/?id={meeting.assembly_id}"
    live = f"/reception/{hall.assembly_id}/board/counts?unattended=1"
    pages = ("/home", "/assemblies/", base, board, live)
    desk = Scanner(server.connect(), hall.desks[seed], hall.assembly_id)
    desk.open()
    tokens, number, scans = hall.tokens[seed::CLIENTS], 0, 0
    while time.perf_counter() < end:
        number += 1
        voter = voters[number % len(voters)]
        path = chance.choice(pages)
        dice = chance.random()
        if dice < SCANS:
            scans += 1
            _scan(desk, tokens[scans % len(tokens)], seen)
            continue
        replying = dice < SCANS + REPLIES
        client = Client(server.connect(), meeting.staff if path in (board, live) and not replying else voter.cookie)
        try:
            action, body = fill(client, f"{base}/reply", number=number) if replying else (path, None)
            begun = time.perf_counter()
            status, _where, _page = client.send("POST" if replying else "GET", action, body)
            (seen.taken if replying else seen.read).append(time.perf_counter() - begun)
            seen.statuses[status] += 1
        except (OSError, RefusedError) as fault:
            seen.faults.append(str(fault))
        finally:
            client.connection.close()


def _scan(desk: Scanner, token: str, seen: Seen) -> None:
    try:
        begun = time.perf_counter()
        status, _answer = desk.scan(token)
        seen.scanned.append(time.perf_counter() - begun)
        seen.statuses[status] += 1
    except (OSError, http.client.HTTPException):
        desk.connection.close()  # the server lets go of a connection that has been idle: the next scan opens it anew


def line(title: str, seconds: list[float]) -> tuple[str, bool]:
    """p50, p99 and their ratio."""
    cuts = statistics.quantiles(seconds, n=100)
    ratio = cuts[98] / cuts[49]
    verdict = "met" if ratio <= TAIL else "MISSED"
    words = f"| P11 {title} | {len(seconds):,} | {cuts[49] * 1000:.0f} ms | {cuts[98] * 1000:.0f} ms | {ratio:.1f} | ≤ {TAIL} | {verdict} |"
    return words, ratio <= TAIL


def main() -> None:
    """Run and print; ends with 1 where a request failed."""
    options = argparse.ArgumentParser(description="mixed load")
    options.add_argument("--database", choices=("sqlite", "postgres"), default="sqlite")
    for name, default in (("members", 4_200), ("seconds", 60)):
        options.add_argument(f"--{name}", type=int, default=default)
    given = options.parse_args()
    meeting, hall = Meeting(), Hall()

    def added(app: Flask) -> None:
        open_hall(hall, arrivals=ARRIVALS)(app)
        open_assembly(meeting, items=ITEMS, voters=400)(app)

    with ground(given.database, given.members, also=added) as held, ours(held) as server:
        seen = run(server, meeting, hall, seconds=given.seconds)
    failed = {status: count for status, count in seen.statuses.items() if status >= 400}
    heads = ("| | requests | p50 | p99 | ratio | goal | |", "|---|---|---|---|---|---|---|")
    kinds = (("reading", seen.read), ("a check-in", seen.scanned), ("taking a reply", seen.taken))
    lines = [line(title, found)[0] for title, found in kinds]
    end = f"failed: {failed or 'none'}; faults: {len(seen.faults)} {seen.faults[:3]}"
    sys.stdout.write("\n".join([f"{given.database}, {CLIENTS} clients, {machine()}", "", *heads, *lines, "", end, ""]))
    sys.exit(1 if failed or seen.faults else 0)


if __name__ == "__main__":
    main()
