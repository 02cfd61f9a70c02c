"""Envoy's configuration as text, for given addresses."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from gateway.contract import bindings, load
from gateway.envoy import Place, bootstrap

ROOT = Path(__file__).resolve().parent.parent
_HEAD = "# Rendered by `python -m gateway` from proto/; do not edit.\n"


def configuration(place: Place) -> str:
    """Render the YAML for the RPCs of ``generated/``."""
    found = bindings(load((ROOT / "generated" / "transom.binpb").read_bytes()))
    return _HEAD + as_yaml(bootstrap(found, place))


def as_yaml(config: dict[str, Any]) -> str:
    """Print without anchors: every value stands where it is used."""
    return yaml.dump(config, Dumper=_plain_dumper(), sort_keys=False, width=110)


def _plain_dumper() -> Any:
    base = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
    return type("Plain", (base,), {"ignore_aliases": lambda _dumper, _data: True})
