"""Every packaged provider, by each name that app files use for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from server.tools.builtin import chart, code, json_process, time, web
from server.tools.builtin.part import Provider

PROVIDERS: Sequence[Provider] = (
    time.PROVIDER, code.PROVIDER, json_process.PROVIDER, web.PROVIDER, chart.PROVIDER,
)
_BY_NAME: Mapping[str, Provider] = {
    name: provider for provider in PROVIDERS for name in (provider.name, provider.plugin)
}
# Tools whose names changed.
_RENAMED: Mapping[str, str] = {"linear_chart": "line_chart", "json_parse": "parse"}


def provider_named(name: str) -> Provider | None:
    """A provider by its short id (``time``) or the full one of a plugin (``langgenius/time/time``)."""
    return _BY_NAME.get(name)


def tool_name(name: str) -> str:
    """The name that a tool has now."""
    return _RENAMED.get(name, name)
