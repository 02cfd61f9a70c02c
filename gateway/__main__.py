"""``python -m gateway``: generated code, the REST view, Envoy's configuration, the OpenAPI document."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from gateway.envoy import Place

ROOT = Path(__file__).resolve().parent.parent
_LAST_PORT = 65535
# The servers of docker-compose.yaml, one name for all of them, and where its Envoy finds its files.
_COMPOSE = Place(
    port=8080,
    admin_port=9901,
    endpoints=(("server", 50051),),
    descriptor="/etc/envoy/rest.binpb",
    lua="/etc/envoy/rest_shape.lua",
)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Render what the gateway needs from the protos."""


@main.command()
def gen() -> None:
    """Rewrite generated/ and envoy/envoy.yaml from proto/."""
    from gateway.gen import regenerate
    from gateway.render import configuration

    regenerate()
    (ROOT / "envoy" / "envoy.yaml").write_text(configuration(_COMPOSE))
    click.echo("generated/ and envoy/envoy.yaml are up to date")


@main.command()
def check() -> None:
    """Fail when generated/ or envoy/envoy.yaml is not what the protos say."""
    from gateway.gen import differences
    from gateway.render import configuration

    changed = [f"generated/{name}" for name in differences()]
    if (ROOT / "envoy" / "envoy.yaml").read_text() != configuration(_COMPOSE):
        changed.append("envoy/envoy.yaml")
    if changed:
        click.echo("not up to date, run `make gen`:\n  " + "\n  ".join(changed), err=True)
        sys.exit(1)
    click.echo("generated code is up to date")


def _addresses(_: click.Context, __: click.Parameter, values: tuple[str, ...]) -> tuple[tuple[str, int], ...]:
    """Split each at its last colon. Fails on a port that is none."""
    found = []
    for value in values:
        host, _colon, port = value.rpartition(":")
        if not host or not port.isdigit() or not 0 < int(port) <= _LAST_PORT:
            raise click.BadParameter(f"{value!r} is not HOST:PORT")
        found.append((host, int(port)))
    return tuple(found)


def _address(context: click.Context, parameter: click.Parameter, value: str | None) -> tuple[str, int] | None:
    """One of them, or none."""
    return _addresses(context, parameter, (value,))[0] if value else None


@main.command()
@click.option("--out", type=click.Path(path_type=Path), required=True, help="File to write.")
@click.option("--listen", default="0.0.0.0", show_default=True, help="Address of the public port.")  # noqa: S104
@click.option("--port", default=8080, show_default=True, help="Public port.")
@click.option("--admin-port", default=9901, show_default=True, help="Port of Envoy's own pages, on 127.0.0.1 only.")
@click.option("--endpoint", "endpoints", multiple=True, required=True, callback=_addresses, metavar="HOST:PORT",
              help="A server process, or a name that resolves to the addresses of several; may repeat.")
@click.option("--log-path", default="/dev/stdout", show_default=True, help="File for the access log.")
@click.option("--files", type=click.Path(path_type=Path), help="Folder in which Envoy finds rest.binpb and "
              "rest_shape.lua.  [default: where they are in this checkout]")
@click.option("--console-origin", "console_origins", multiple=True, metavar="URL",
              help="A web page's origin that may call the console with cookies; may repeat. Default: none.")
@click.option("--collector", callback=_address, metavar="HOST:PORT",
              help="OpenTelemetry collector (OTLP over gRPC) that gets a span for each call.  [default: none]")
@click.option("--traced-share", default=1.0, show_default=True, type=click.FloatRange(0, 1),
              help="Share of the calls without a traceparent that are traced.")
def render(
    out: Path, listen: str, port: int, admin_port: int, endpoints: tuple[tuple[str, int], ...], log_path: str,
    files: Path | None, console_origins: tuple[str, ...], collector: tuple[str, int] | None, traced_share: float,
) -> None:
    """Write an Envoy configuration for these addresses."""
    from gateway.render import configuration

    place = Place(
        port=port, admin_port=admin_port, endpoints=endpoints, listen=listen, log_path=log_path,
        console_origins=console_origins, collector=collector, traced_share=traced_share,
        descriptor=str((files or ROOT / "generated") / "rest.binpb"),
        lua=str((files or ROOT / "envoy") / "rest_shape.lua"),
    )
    out.write_text(configuration(place))


@main.command()
@click.option("--against", default="", help="Git revision to compare with; default: the last tag, else main.")
def breaking(against: str) -> None:
    """Fail when the protos break callers of the last release."""
    from gateway.breaking import compare

    sys.exit(compare(against))


if __name__ == "__main__":
    main()
