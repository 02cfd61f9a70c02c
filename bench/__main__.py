"""``python -m bench``: measure, print, write down."""

from __future__ import annotations

import os
import sys

import click

from bench.cases import CASES, peaks
from bench.compare import Options
from bench.report import Result, machine, summary, write
from bench.world import World


def _list(context: click.Context, _: click.Parameter, wanted: bool) -> None:
    if wanted:
        for name, case in CASES.items():
            click.echo(f"{name:14}{case.__doc__}")
        context.exit()


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("names", nargs=-1, metavar="[CASE]...", type=click.Choice(list(CASES)))
@click.option("--list", "_listed", is_flag=True, is_eager=True, expose_value=False, callback=_list,
              help="List the cases and leave.")
@click.option("--quick", is_flag=True, help="Two rounds of one second: a minute in all, for a first impression.")
@click.option("--rounds", default=5, show_default=True, type=click.IntRange(1), help="Rounds of a comparison.")
@click.option("--seconds", default=4.0, show_default=True, help="Length of a round on each side.")
@click.option("--servers", default=0, help="Server processes behind each Envoy; default: one a core, as the product.")
def main(names: tuple[str, ...], quick: bool, rounds: int, seconds: float, servers: int) -> None:
    """Measure the product and, in the same run, a bare reference: the same Envoy before handlers that only answer.

    Runs all cases or those named. PostgreSQL, Valkey, a loopback model, both Envoys and all servers
    are started for the run and removed after it. What was found is printed, and kept in bench/results/.
    Leaves with 1 when a request failed; a missed aim is only shown.
    """
    options = Options(2, 1.0) if quick else Options(rounds, seconds)
    count = servers or os.cpu_count() or 1
    where = machine(count)
    results: list[Result] = []
    parts = [" ".join(f"{name}={value}" for name, value in where.items())]
    click.echo(parts[0])
    with World(count) as world:
        for name in names or CASES:
            result = CASES[name](world, options)
            results.append(result)
            parts.append(result.text())
            click.echo(parts[-1])
        parts.append(peaks(world))
        click.echo(parts[-1])
    parts.append(summary(results))
    click.echo(parts[-1])
    kept = write(where, results, "\n".join(parts))
    click.echo(f"written to {kept}")
    sys.exit(any(result.failed for result in results))


if __name__ == "__main__":
    main()
