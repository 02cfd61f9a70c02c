"""``python -m gateway``: generated code, the REST view, Envoy's configuration, the OpenAPI document."""

from __future__ import annotations

import sys
from pathlib import Path

import click

ROOT = Path(__file__).resolve().parent.parent
COMPOSE_ENDPOINTS = ("server-1:50051", "server-2:50051")


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Render what the gateway needs from the protos."""


@main.command()
def gen() -> None:
    """Rewrite generated/ and envoy/envoy.yaml from proto/."""
    from gateway.gen import regenerate

    regenerate()
    (ROOT / "envoy" / "envoy.yaml").write_text(_for_compose())
    click.echo("generated/ and envoy/envoy.yaml are up to date")


@main.command()
def check() -> None:
    """Fail when generated/ or envoy/envoy.yaml is not what the protos say."""
    from gateway.gen import differences

    changed = [f"generated/{name}" for name in differences()]
    if (ROOT / "envoy" / "envoy.yaml").read_text() != _for_compose():
        changed.append("envoy/envoy.yaml")
    if changed:
        click.echo("not up to date, run `make gen`:\n  " + "\n  ".join(changed), err=True)
        sys.exit(1)
    click.echo("generated code is up to date")


@main.command()
@click.option("--out", type=click.Path(path_type=Path), required=True, help="File to write.")
@click.option("--listen", default="0.0.0.0", show_default=True, help="Address of the public port.")
@click.option("--port", default=8080, show_default=True, help="Public port.")
@click.option("--admin-port", default=9901, show_default=True, help="Port of Envoy's own pages, on 127.0.0.1 only.")
@click.option("--endpoint", "endpoints", multiple=True, required=True, metavar="HOST:PORT", help="A server process; may repeat.")
def render(out: Path, listen: str, port: int, admin_port: int, endpoints: tuple[str, ...]) -> None:
    """Write an Envoy configuration for these addresses."""
    from gateway.render import configuration

    out.write_text(
        configuration(
            endpoints, port=port, admin_port=admin_port, listen=listen,
            descriptor=str(ROOT / "generated" / "rest.binpb"), lua=str(ROOT / "envoy" / "rest_shape.lua"),
        )
    )


@main.command()
@click.option("--against", default="", help="Git revision to compare with; default: the last tag, else HEAD.")
def breaking(against: str) -> None:
    """Fail when the protos break callers of the last release."""
    from gateway.breaking import compare

    sys.exit(compare(against))


def _for_compose() -> str:
    from gateway.render import configuration

    return configuration(
        COMPOSE_ENDPOINTS, port=8080, admin_port=9901, listen="0.0.0.0",  # noqa: S104 - inside its container
        descriptor="/etc/envoy/rest.binpb", lua="/etc/envoy/rest_shape.lua",
    )


if __name__ == "__main__":
    main()
