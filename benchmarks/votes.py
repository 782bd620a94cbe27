"""P12: dividing the votes of 200,000 members with 50,000 control relations (goal: below 2 s).

`.venv/bin/python -m benchmarks.votes [--members 200000] [--relations 50000] [--rounds 5]`
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


def main() -> None:
    """Print the median, the best and the worst of the rounds."""
    options = argparse.ArgumentParser(description=__doc__)
    for name, default in (("members", 200_000), ("relations", 50_000), ("rounds", 5)):
        options.add_argument(f"--{name}", type=int, default=default)
    given = options.parse_args()
    world, times = roll(given.members, given.relations), []
    for _round in range(given.rounds):
        begun = time.perf_counter()
        allocation = allocate(world)
        times.append(time.perf_counter() - begun)
    units = sum(len(each) for each in allocation.units.values())
    sys.stdout.write(
        f"{given.members:,} members, {given.relations:,} relations, {units:,} units, {allocation.total:,} votes" + "\n"
    )
    sys.stdout.write(
        f"median {statistics.median(times):.2f} s, best {min(times):.2f} s, worst {max(times):.2f} s" + "\n"
    )


if __name__ == "__main__":
    main()
