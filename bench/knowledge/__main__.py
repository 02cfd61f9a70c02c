"""``python -m bench.knowledge``: measure, print, write down."""

from __future__ import annotations

import os
import sys

import click

from bench.knowledge.cases import CASES
from bench.knowledge.world import World
from bench.report import Result, machine, summary, write


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("names", nargs=-1, metavar="[CASE]...", type=click.Choice(list(CASES)))
@click.option("--servers", default=0, help="Server processes; default: one a core, as the product.")
def main(names: tuple[str, ...], servers: int) -> None:
    """Measure indexing and searching. Runs all cases or those named: index_economy, index_quality, retrieve, push,
    many_datasets. Leaves with 1 when a request failed; a missed aim is only shown.
    """
    count = servers or os.cpu_count() or 1
    where = machine(count)
    results: list[Result] = []
    with World(count) as world:
        for name in names or CASES:
            result = CASES[name](world)
            print(result.text(), flush=True)
            results.append(result)
    text = "\n".join([*(result.text() for result in results), summary(results)])
    print(summary(results))
    print(f"kept in {write(where, results, text)}")
    sys.exit(any(result.failed for result in results))


if __name__ == "__main__":
    main()
