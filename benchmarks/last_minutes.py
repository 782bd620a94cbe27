"""2,000 members answer in the last minutes: 50 clients against gunicorn with 2 workers, staff watching the board meanwhile.

`.venv/bin/python -m benchmarks.last_minutes [--database sqlite] [--members 2000] [--clients 50] [--seconds 60]`

Every member opens the form, has it checked and sends it, through the real pages. The arrivals are spread evenly over the
seconds; whoever finds no free client waits. Afterwards the rows are counted: one standing reply a member, one ballot an item.
No client goes on longer than seven minutes; everything listens on 127.0.0.1 and is ended with the run.
"""

import argparse
import json
import queue
import statistics
import sys
import threading
import time
from collections import Counter
from dataclasses import dataclass, field

from sqlalchemy import create_engine, text

from benchmarks.prepare import ground
from benchmarks.replying import Client, Meeting, RefusedError, Voter, errors_of, fill, open_assembly
from benchmarks.servers import Server, machine, ours

ITEMS = 10
DEMO = 4_200
"""Members of the demo, some of whom hold no votes or have no active administrator."""
LONGEST, UNDER_WAY = 420.0, 90.0
"""Seconds after which no client begins another reply, and which it has to end the one that it is at."""
WATCHERS = 3
POLL = 2.0


@dataclass(slots=True)
class Seen:
    """What the clients saw: seconds of each kind of request, faults, and what became of the board."""

    taken: list[float] = field(default_factory=list)
    pages: list[float] = field(default_factory=list)
    polls: list[float] = field(default_factory=list)
    board: list[int] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)


def answer_all(server: Server, meeting: Meeting, *, clients: int, seconds: float) -> tuple[Seen, float]:
    """Let every voter answer once; what was seen, and how long it took."""
    waiting: queue.SimpleQueue[tuple[int, Voter]] = queue.SimpleQueue()
    for entry in enumerate(meeting.voters):
        waiting.put(entry)
    seen, begun, over = Seen(), time.perf_counter(), threading.Event()
    pause = seconds / max(1, len(meeting.voters))
    arguments = (server, meeting, waiting, seen, begun, pause)
    threads = [threading.Thread(target=_client, args=arguments, daemon=True) for _ in range(clients)]
    watchers = [
        threading.Thread(target=_watch, args=(server, meeting, seen, over), daemon=True) for _ in range(WATCHERS)
    ]
    for thread in [*threads, *watchers]:
        thread.start()
    for thread in threads:
        thread.join(max(0.1, LONGEST + UNDER_WAY - (time.perf_counter() - begun)))
    took = time.perf_counter() - begun
    over.set()
    for thread in watchers:
        thread.join(2 * POLL)
    return seen, took


def _client(
    server: Server,
    meeting: Meeting,
    waiting: "queue.SimpleQueue[tuple[int, Voter]]",
    seen: Seen,
    begun: float,
    pause: float,
) -> None:
    while time.perf_counter() - begun < LONGEST:
        try:
            number, voter = waiting.get_nowait()
        except queue.Empty:
            return
        time.sleep(max(0.0, begun + number * pause - time.perf_counter()))
        try:
            _answer(server, meeting, number, voter, seen)
        except (OSError, RefusedError) as fault:
            seen.faults.append(f"member {voter.member_id}: {fault}")


def _answer(server: Server, meeting: Meeting, number: int, voter: Voter, seen: Seen) -> None:
    """One member from opening the form to the page with the reply number."""
    client = Client(server.connect(), voter.cookie)
    try:
        begun = time.perf_counter()
        action, body = fill(client, f"/assemblies/{meeting.assembly_id}/reply", number=number)
        ready = time.perf_counter()
        status, _where, page = client.send("POST", action, body)
        seen.taken.append(time.perf_counter() - ready)
        seen.pages.append((ready - begun) / 2)
        seen.statuses[status] += 1
        if status != 303:
            raise RefusedError(f"answered {status} {errors_of(page)}")
    finally:
        client.connection.close()


def _watch(server: Server, meeting: Meeting, seen: Seen, over: threading.Event) -> None:
    """A board that asks every two seconds with the etag that it has."""
    connection, etag = server.connect(), ""
    path = f"/admin/reply_board/counts/?id={meeting.assembly_id}&unattended=1"
    while not over.is_set():
        begun = time.perf_counter()
        try:
            headers = {"Cookie": f"session={meeting.staff}", "If-None-Match": etag}
            connection.request("GET", path, headers=headers)
            answer = connection.getresponse()
            body = answer.read()
            if answer.status not in (200, 304):
                seen.faults.append(f"board: {answer.status}")
            if answer.status == 200:
                seen.board.append(int(json.loads(body)["all"]["answered"]["members"]))
            etag = answer.headers.get("ETag", "")
            seen.polls.append(time.perf_counter() - begun)
        except OSError as fault:
            seen.faults.append(f"board: {fault}")
        over.wait(max(0.0, POLL - (time.perf_counter() - begun)))
    connection.close()


COUNTS = {
    "standing replies": "SELECT count(*) FROM standing_replies WHERE assembly_id = :id",
    "members with one": "SELECT count(DISTINCT member_id) FROM standing_replies WHERE assembly_id = :id",
    "replies": "SELECT count(*) FROM replies WHERE assembly_id = :id",
    "ballots": "SELECT count(*) FROM ballots b JOIN replies r ON r.id = b.reply_id WHERE r.assembly_id = :id",
    "reply numbers": "SELECT count(DISTINCT number) FROM replies WHERE assembly_id = :id",
    "receipt codes": "SELECT count(DISTINCT receipt_code) FROM replies WHERE assembly_id = :id",
    "events": "SELECT count(*) FROM audit_events WHERE tag = 'reply.taken' AND subject = :subject",
}


def counted(url: str, meeting: Meeting) -> dict[str, int]:
    """What lies in the database afterwards."""
    engine = create_engine(url.replace("postgresql://", "postgresql+psycopg://"))
    with engine.connect() as connection:
        given = {"id": meeting.assembly_id, "subject": f"ASSEMBLY:{meeting.assembly_id}"}
        found = {
            name: connection.execute(text(query), {key: given[key] for key in given if f":{key}" in query}).scalar_one()
            for name, query in COUNTS.items()
        }
    engine.dispose()
    return found


def last_board(server: Server, meeting: Meeting) -> dict[str, int]:
    """What the board says a good second after the last reply."""
    time.sleep(1.1)
    client = Client(server.connect(), meeting.staff)
    _status, _where, body = client.send("GET", f"/admin/reply_board/counts/?id={meeting.assembly_id}")
    client.connection.close()
    found = json.loads(body)
    answered = found["all"]["answered"]
    chosen = sum(one["members"] for item in found["items"] for one in item["advance"].values())
    return {"board: answered": answered["members"], "board: choices": chosen}


def run(kind: str, *, members: int, clients: int, seconds: float) -> tuple[list[str], bool]:
    """The lines of the report, and whether nothing was lost, doubled or refused."""
    meeting = Meeting()
    with ground(kind, DEMO, also=open_assembly(meeting, items=ITEMS, voters=members)) as held, ours(held) as server:
        asked = len(meeting.voters)
        seen, took = answer_all(server, meeting, clients=clients, seconds=seconds)
        board, rows = last_board(server, meeting), counted(held.ours, meeting)
    taken = seen.statuses[303]
    expected = dict.fromkeys(rows, taken) | {"ballots": taken * ITEMS}
    expected |= {"board: answered": taken, "board: choices": taken * ITEMS}
    wrong = [
        f"{name}: {found:,} for {expected[name]:,}" for name, found in (rows | board).items() if found != expected[name]
    ]
    missed = asked - taken - len(seen.faults)
    if missed:
        wrong.append(f"{missed:,} members were not reached in {LONGEST:.0f} s")
    fine = not wrong and not seen.faults
    lines = [
        f"{asked:,} members, {clients} clients, {took:.0f} s: {asked / took:.0f} replies a second, answers {dict(seen.statuses)}",
        f"| taking a reply | {_spread(seen.taken)} |",
        f"| form and check page | {_spread(seen.pages)} |",
        f"| board, {WATCHERS} viewers | {_spread(seen.polls)} | {len(seen.board)} of {len(seen.polls)} with new counts |",
        "rows: " + ", ".join(f"{name} {found:,}" for name, found in (rows | board).items()),
        "nothing lost, doubled or refused"
        if fine
        else "FAULTS: " + "; ".join([*wrong, *seen.faults[:5], f"{len(seen.faults)} in all"]),
    ]
    return lines, fine


def _spread(seconds: list[float]) -> str:
    if not seconds:
        return "none"
    cuts = statistics.quantiles(seconds, n=100) if len(seconds) > 1 else [seconds[0]] * 99
    return f"p50 {cuts[49] * 1000:.0f} ms, p99 {cuts[98] * 1000:.0f} ms, longest {max(seconds) * 1000:.0f} ms"


def main() -> None:
    """Run, print, and end with 1 where anything was lost."""
    options = argparse.ArgumentParser(description="the last minutes before the deadline")
    options.add_argument("--database", choices=("sqlite", "postgres"), default="sqlite")
    for name, default in (("members", 2_000), ("clients", 50), ("seconds", 60)):
        options.add_argument(f"--{name}", type=int, default=default)
    given = options.parse_args()
    lines, fine = run(given.database, members=given.members, clients=given.clients, seconds=given.seconds)
    sys.stdout.write("\n".join([f"{given.database}, {machine()}", "", *lines, ""]))
    sys.exit(0 if fine else 1)


if __name__ == "__main__":
    main()
