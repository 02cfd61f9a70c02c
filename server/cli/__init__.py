"""The command line `transom`. Commands import what they need when they run, so that help is quick."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from server.cli.environment import PREFIX, connected_settings, own_settings, server_settings
from server.cli.lazy import LazyGroup

_CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 110}


@click.group(
    cls=LazyGroup, context_settings=_CONTEXT,
    lazy={
        "app": ("server.cli.apps:app", "Import, publish, export and list apps."),
        "key": ("server.cli.keys:key", "Create, list and revoke keys of the Service API."),
        "workspace": ("server.cli.workspaces:workspace", "List workspaces and limit what they may use."),
        "account": ("server.cli.accounts:account", "Let people in again who lost their password."),
        "audit": ("server.cli.audit:audit", "Show who administered what."),
        "usage": ("server.cli.usage:usage", "Show what models cost."),
        "dataset": ("server.cli.datasets:dataset", "Push folders into datasets, list and search them."),
        "index": ("server.cli.index:index", "Say where the vectors of datasets are, and move them."),
        "check": ("server.cli.check:check", "Print the effective settings and test each dependency."),
        "demo": ("server.cli.demo:demo", "Make the demo workspace and print how to call it."),
    },
)
def main() -> None:
    """Transom: an LLM application server.

    Every setting is an environment variable TRANSOM_*; `transom check` lists them.
    """


@main.command()
@click.option("--port", type=click.IntRange(1, 65535), help="Public port.  [default: TRANSOM_PORT or 8080]")
@click.option("--data-dir", type=click.Path(file_okay=False), help="Data folder.  [default: TRANSOM_DATA_DIR or .data]")
@click.option("--demo/--no-demo", default=None, help="Make a demo workspace on the first start.  [default: demo]")
def up(port: int | None, data_dir: str | None, demo: bool | None) -> None:
    """Start everything: PostgreSQL, Valkey, servers, worker, model, gateway.

    With TRANSOM_DATABASE_URL or TRANSOM_REDIS_URL set, that part is used and not started.
    """
    given = {"PORT": port, "DATA_DIR": data_dir, "DEMO": demo}
    os.environ.update({PREFIX + name: str(value) for name, value in given.items() if value is not None})
    settings = own_settings()
    from server.embedded.supervisor import up as run

    sys.exit(run(settings))


@main.command()
@click.option("--ping", is_flag=True, help="Do not run; ask whether the server process of this host takes calls.")
def serve(*, ping: bool) -> None:
    """Run one gRPC server process on TRANSOM_SERVER_PORT."""
    if ping:
        from server.cli.probes import serves

        sys.exit(0 if serves(own_settings()) else 1)
    settings = server_settings()
    from server.process import run

    run(settings)


@main.command()
@click.option("--pool", type=click.Choice(["threads", "prefork", "solo"]), default="threads", show_default=True,
              help="How tasks run beside each other.")
@click.option("--concurrency", type=click.IntRange(1, 256),
              help="Tasks at a time.  [default: TRANSOM_WORKER_CONCURRENCY]")
@click.option("--ready-file", type=click.Path(dir_okay=False, path_type=Path), help="Written when tasks are taken.")
@click.option("--ping", is_flag=True, help="Do not run; ask whether the worker of this host answers.")
def worker(pool: str, concurrency: int | None, ready_file: Path | None, *, ping: bool) -> None:
    """Run a Celery worker on the queue `transom`."""
    settings = server_settings()
    from server.worker import process

    if ping:
        sys.exit(0 if process.answers(settings) else 1)
    sys.exit(process.run(settings, pool=pool, concurrency=concurrency, ready_file=ready_file))


@main.command()
@click.option("--port", type=click.IntRange(1, 65535), required=True, help="Port on 127.0.0.1.")
def model(port: int) -> None:
    """Serve the packaged models, OpenAI-compatible, with key TRANSOM_LOCAL_MODEL_KEY."""
    settings = own_settings()
    if not settings.local_model_key:
        raise click.ClickException(f"{PREFIX}LOCAL_MODEL_KEY is not set: the model asks every caller for it")
    from server.embedded.model import run
    from server.logs import configure

    configure(settings.log_level, part="model")
    run(port, settings.local_model_key)


@main.command()
def migrate() -> None:
    """Bring the database schema up to date."""
    settings = connected_settings("database_url")
    from server.cli.admin import explained
    from server.db.engine import make_engine
    from server.db.migrate import HEAD
    from server.db.migrate import migrate as apply

    async def work() -> bool:
        engine = make_engine(settings.database_url, pool_size=1)
        return apply(engine, vectors=settings.vector_store == "pgvector")

    click.echo(f"migrated to {HEAD}" if explained(work) else f"nothing to do: the schema is at {HEAD}")
