"""``python -m bench.workflow``: measure, print, write down."""

from __future__ import annotations

import os
import sys

import click

from bench.report import Result, machine, summary, write
from bench.workflow.code import CASES as CODE
from bench.workflow.engine import CASES as ENGINE
from bench.workflow.product import CASES as RUNS
from bench.workflow.waiting import CASES as WAITING
from bench.world import World

CASES = {**ENGINE, **CODE}
PRODUCT = {**RUNS, **WAITING}


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("names", nargs=-1, metavar="[CASE]...", type=click.Choice([*CASES, *PRODUCT]))
def main(names: tuple[str, ...]) -> None:
    """Measure workflows. Runs all cases or those named: chain, branches, tokens, waiting; python,
    javascript, template, template_child, crowd; run, run_template, chatflow, paused, slow, which start a product.

    Leaves with 1 when a run failed; a missed aim is only shown.
    """
    where = machine(0)
    results: list[Result] = []
    wanted = names or (*CASES, *PRODUCT)
    for name in wanted:
        if name in CASES:
            results.append(CASES[name]())
            print(results[-1].text(), flush=True)
    if any(name in PRODUCT for name in wanted):
        with World(os.cpu_count() or 1) as world:
            for name in wanted:
                if name in PRODUCT:
                    results.append(PRODUCT[name](world))
                    print(results[-1].text(), flush=True)
    text = "\n".join([*(result.text() for result in results), summary(results)])
    print(summary(results))
    print(f"kept in {write(where, results, text)}")
    sys.exit(any(result.failed for result in results))


if __name__ == "__main__":
    main()
