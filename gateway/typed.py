"""Small parts that every piece of Envoy's configuration is made of."""

from __future__ import annotations

import json
from typing import Any

Json = dict[str, Any]

MIB = 1024 * 1024
# What Envoy buffers for one connection before it holds the sender back.
PUBLIC_BUFFER = MIB
# Silence that ends a stream; pings every 10 s keep it open.
IDLE = "600s"

# HEAD is asked as GET (rest_shape.lua), and every call that is transcoded is a POST in the end.
METHOD = "%COALESCE({})%".format(
    json.dumps(
        {
            "operators": [
                {"command": "REQ", "param": name} for name in ("x-rest-method", "x-envoy-original-method", ":method")
            ]
        }
    )
)

_ROUTE_SWITCH = "type.googleapis.com/envoy.config.route.v3.FilterConfig"
ON: Json = {"@type": _ROUTE_SWITCH, "config": {}}
OFF: Json = {"@type": _ROUTE_SWITCH, "disabled": True, "config": {}}


def typed(kind: str, **fields: Any) -> Json:
    """Build the configuration of one Envoy extension."""
    return {"@type": f"type.googleapis.com/envoy.extensions.{kind}", **fields}


def typed_filter(name: str, kind: str, *, disabled: bool = False, **fields: Any) -> Json:
    """Build one filter of a chain; a disabled one is switched on by routes."""
    found: Json = {"name": name, "typed_config": typed(kind, **fields)}
    return {**found, "disabled": True} if disabled else found
