"""P12: dividing the votes of 200,000 members with 50,000 control relations (goal: below 2 s of a processor).

`.venv/bin/python -m benchmarks.votes [--members 200000] [--relations 50000] [--rounds 5]`

With `--database FILE` (SQLite) it measures instead what a calculation of a database costs, on the one of `--database`
with the first assembly in it: reading the facts and dividing, and the pages' own look-ups. Nothing is written.
"""

import argparse
import random
import statistics
import sys
import time

from occto.domain.codes import Licence
from occto.domain.votes import Roll, Voter, allocate

KINDS = (
    frozenset({Licence.GEN}),
    frozenset({Licence.RETAIL}),
    frozenset({Licence.GEN, Licence.RETAIL}),
    frozenset({Licence.GTD}),
    frozenset({Licence.SPTD, Licence.RSPTD, Licence.AGG}),
)


def roll(members: int, relations: int, *, seed: int = 1) -> Roll[int]:
    """A roll of companies in no order, with families of all depths; a parent has a larger number, so there is no ring."""
    chance = random.Random(seed)  # noqa: S311 - a reproducible world, no secret
    voters = [
        Voter(number, number, chance.randrange(1, 10**9), chance.choices(KINDS, (60, 25, 10, 1, 4))[0])
        for number in range(members)
    ]
    chance.shuffle(voters)
    children = chance.sample(range(members), relations)
    deep = {number: number + 1 for number in children[: relations // 5]}
    return Roll(
        voters, deep | {child: chance.randrange(child + 1, members + 1000) for child in children[relations // 5 :]}
    )


def from_database(file: str, rounds: int) -> None:
    """Measure `calculate` on a database that was filled before, such as that of `benchmarks.pages`."""
    from sqlalchemy import create_engine, select
    from sqlalchemy.orm import Session

    from occto.models import Assembly
    from occto.queries.allocation import calculate
    from occto.queries.allocation_reading import Reading

    reading, looking = [], []
    with Session(create_engine(f"sqlite:///{file}")) as session:
        assembly = session.scalars(select(Assembly).order_by(Assembly.id).limit(1)).one()
        for _round in range(rounds):
            begun = time.process_time()
            calculation = calculate(session, assembly)
            reading.append(time.process_time() - begun)
            begun = time.process_time()
            found = Reading(calculation)
            families, relations = len(found.families), len(found.facts.links)
            looking.append(time.process_time() - begun)
    voters = len(calculation.record.roll.voters)
    sys.stdout.write(f"database: {voters:,} on the roll, {relations:,} relations, {families:,} families" + "\n")
    for words, times in (("calculate", reading), ("families of it", looking)):
        _tell(words, times)


def _tell(words: str, times: list[float]) -> None:
    best, worst = min(times), max(times)
    sys.stdout.write(f"{words}: median {statistics.median(times):.2f} s, best {best:.2f} s, worst {worst:.2f} s" + "\n")


def main() -> None:
    """Print the median, the best and the worst of the rounds."""
    options = argparse.ArgumentParser(description=__doc__)
    for name, default in (("members", 200_000), ("relations", 50_000), ("rounds", 5)):
        options.add_argument(f"--{name}", type=int, default=default)
    options.add_argument("--database", help="a filled SQLite file")
    given = options.parse_args()
    if given.database:
        from_database(given.database, given.rounds)
        return
    world, times = roll(given.members, given.relations), []
    for _round in range(given.rounds):
        begun = time.process_time()
        allocation = allocate(world)
        times.append(time.process_time() - begun)
    units = sum(len(each) for each in allocation.units.values())
    sys.stdout.write(
        f"{given.members:,} members, {given.relations:,} relations, {units:,} units, {allocation.total:,} votes" + "\n"
    )
    _tell("allocate", times)


if __name__ == "__main__":
    main()
