"""Envoy's configuration as text, for given addresses."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import yaml

from gateway.contract import bindings, load
from gateway.envoy import Place, render

ROOT = Path(__file__).resolve().parent.parent


def configuration(
    endpoints: Sequence[str], *, port: int, admin_port: int, listen: str, descriptor: str, lua: str
) -> str:
    """YAML. ``endpoints`` are ``host:port``, one a server process."""
    places = []
    for endpoint in endpoints:
        host, _, number = endpoint.rpartition(":")
        places.append((host, int(number)))
    place = Place(
        port=port, admin_port=admin_port, listen=listen, endpoints=places, descriptor=descriptor, lua=lua
    )
    found = bindings(load((ROOT / "generated" / "transom.binpb").read_bytes()))
    dumper = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
    head = "# Rendered by `python -m gateway` from proto/; do not edit.\n"
    return head + yaml.dump(render(found, place), Dumper=_plain(dumper), sort_keys=False, width=110)


def _plain(dumper: type) -> type:
    """A dumper without anchors: every value stands where it is used."""
    return type("Plain", (dumper,), {"ignore_aliases": lambda self, data: True})
