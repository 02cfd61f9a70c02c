"""``python -m bench.workflow``: measure, print, write down."""

from __future__ import annotations

import sys

import click

from bench.report import Result, machine, summary, write
from bench.workflow.code import CASES as CODE
from bench.workflow.engine import CASES as ENGINE

CASES = {**ENGINE, **CODE}


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("names", nargs=-1, metavar="[CASE]...", type=click.Choice(list(CASES)))
def main(names: tuple[str, ...]) -> None:
    """Measure workflows. Runs all cases or those named: chain, branches, tokens, waiting; python,
    javascript, template, template_child, crowd.

    Leaves with 1 when a run failed; a missed aim is only shown.
    """
    where = machine(0)
    results: list[Result] = []
    for name in names or CASES:
        result = CASES[name]()
        print(result.text(), flush=True)
        results.append(result)
    text = "\n".join([*(result.text() for result in results), summary(results)])
    print(summary(results))
    print(f"kept in {write(where, results, text)}")
    sys.exit(any(result.failed for result in results))


if __name__ == "__main__":
    main()
