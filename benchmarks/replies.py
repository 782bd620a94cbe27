"""P7: taking a reply with 10 items, against the same by hand (bare_replies.py), at 1 and at 8 clients.

`.venv/bin/python -m benchmarks.replies [--database sqlite] [--members 3000] [--rounds 5]`

Form and check page come before and are not measured. One client: request by request in turn; eight: one side after the other.
"""

import argparse
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlencode

from benchmarks.pages import line
from benchmarks.prepare import ground
from benchmarks.replying import CHOICES, Client, Meeting, RefusedError, Voter, fill, open_assembly
from benchmarks.servers import Server, bare, machine, ours

GOAL, CLIENTS, EACH, ITEMS = 1.4, 8, 4, 10
Ready = tuple[Client, str, str]


def ready_here(server: Server, meeting: Meeting, voter: Voter, number: int) -> Ready:
    """A client that has passed the form and the check page."""
    client = Client(server.connect(), voter.cookie)
    return client, *fill(client, f"/assemblies/{meeting.assembly_id}/reply", number=number)


def ready_by_hand(server: Server, meeting: Meeting, voter: Voter, number: int) -> Ready:
    """The same on the other side."""
    client, path = Client(server.connect(), voter.cookie), f"/assemblies/{meeting.assembly_id}/reply"
    status, _where, page = client.send("GET", path)
    if status != 200:
        raise RefusedError(f"by hand: {status}")
    held = json.loads(page)
    values = {
        "csrf_token": held["token"],
        "form_id": held["form"],
        "version": str(held["version"]),
        "attendance": "ELECTRONIC",
        "voting": "1",
        "attendee_1_name": "計測 太郎",
        "attendee_1_email": "reply@bench.example.jp",
    }
    values |= {f"item_{item}": CHOICES[(number + place) % len(CHOICES)] for place, item in enumerate(held["items"])}
    return client, path, urlencode(values)


def send(prepared: Ready) -> float:
    """Milliseconds of the request that takes the reply."""
    client, action, body = prepared
    client.connection.close()  # the server has let go of a connection that has waited for the others
    client.connection.connect()
    begun = time.perf_counter()
    status, _where, page = client.send("POST", action, body)
    taken = time.perf_counter() - begun
    client.connection.close()
    if status != 303:
        raise RefusedError(f"{action}: {status} {page[:300]}")
    return taken * 1000


def measure(kind: str, *, members: int, rounds: int) -> list[str]:
    """The lines of the table."""
    meeting, needed = Meeting(), CLIENTS * EACH
    added = open_assembly(meeting, items=ITEMS, voters=needed)
    with ground(kind, members, also=added) as held, tempfile.TemporaryDirectory() as folder:
        frames = Path(folder) / "frames.json"
        frames.write_text(json.dumps({"paths": [], "login": ["", "", ""]}), encoding="utf-8")
        with ours(held) as mine, bare(held, frames, "{}", target="benchmarks.bare_replies:app") as other:
            sides: Sequence[Callable[[Voter, int], Ready]] = (
                lambda voter, number: ready_here(mine, meeting, voter, number),
                lambda voter, number: ready_by_hand(other, meeting, voter, number),
            )
            one: tuple[list[float], list[float]] = ([], [])
            eight: tuple[list[float], list[float]] = ([], [])
            whole: tuple[list[float], list[float]] = ([], [])
            spread: tuple[list[float], list[float]] = ([], [])
            spent: list[tuple[float, float]] = []
            _alone(sides, meeting.voters[:8], ([], []))  # both workers of both sides have met the page
            for _ in range(rounds):
                _alone(sides, meeting.voters[:20], one)
                spent.append(_together(sides, (mine, other), meeting.voters, eight, whole, spread))
    tail = [statistics.quantiles(side, n=100)[98] for side in spread]
    return [
        line("P7 reply with 10 items, 1 client", GOAL, one[0], one[1], "ms"),
        line("P7 reply with 10 items, 8 clients", GOAL, eight[0], eight[1], "ms", spent),
        line("a reply with 8 clients, time of all over their number", None, whole[0], whole[1], "ms"),
        line("P7 p99 at 8 clients", 1.0, [tail[0]], [tail[1]], "ms"),
    ]


def _alone(
    sides: Sequence[Callable[[Voter, int], Ready]], voters: Sequence[Voter], medians: tuple[list[float], list[float]]
) -> None:
    times: tuple[list[float], list[float]] = ([], [])
    for number, voter in enumerate(voters):
        prepared = [side(voter, number) for side in sides]
        for which, one in enumerate(prepared):
            times[which].append(send(one))
    for which in (0, 1):
        medians[which].append(statistics.median(times[which]))


def _together(
    sides: Sequence[Callable[[Voter, int], Ready]],
    servers: tuple[Server, Server],
    voters: Sequence[Voter],
    medians: tuple[list[float], list[float]],
    whole: tuple[list[float], list[float]],
    spread: tuple[list[float], list[float]],
) -> tuple[float, float]:
    """Eight at once on each side; seconds on a processor of both."""
    spent = []
    for which, side in enumerate(sides):
        prepared = [side(voter, number) for number, voter in enumerate(voters)]
        before, begun = servers[which].processor_time(), time.perf_counter()
        with ThreadPoolExecutor(CLIENTS) as pool:
            times = list(pool.map(send, prepared))
        whole[which].append((time.perf_counter() - begun) * 1000 / len(times))
        spent.append(servers[which].processor_time() - before)
        medians[which].append(statistics.median(times))
        spread[which].extend(times)
    return spent[0], spent[1]


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser(description="taking a reply against the same by hand")
    options.add_argument("--database", choices=("sqlite", "postgres"), default="sqlite")
    for name, default in (("members", 3_000), ("rounds", 5)):
        options.add_argument(f"--{name}", type=int, default=default)
    given = options.parse_args()
    lines = measure(given.database, members=given.members, rounds=min(max(given.rounds, 1), 50))
    head = (
        "| page | application | by hand | ratio | single rounds | processor | goal | |",
        "|---|---|---|---|---|---|---|---|",
    )
    sys.stdout.write("\n".join([f"{given.database}, {machine()}", "", *head, *lines, ""]))


if __name__ == "__main__":
    main()
