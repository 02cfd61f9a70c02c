"""Transom's server: the gRPC core behind the gateway."""

import sys

# redis-py imports the SDK of OpenTelemetry wherever it is installed, for metrics that nobody asks of it: 0.1 s of the
# start of each process. None in their places says that there are none; server/ops/tracing.py wants them and takes it
# back.
NOT_IMPORTED = ("opentelemetry.metrics", "opentelemetry.sdk.metrics")
for _name in NOT_IMPORTED:
    sys.modules.setdefault(_name, None)  # type: ignore[arg-type]
