"""``variable-aggregator``: the first of several variables that exists (workflow-engine.md 8.10)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from server.engine.node import Context, Result
from server.engine.nodes import data as read
from server.engine.values import Selector


@dataclass(frozen=True, slots=True)
class VariableAggregatorNode:
    """One list of candidates, or one for each named group."""

    variables: tuple[Selector, ...]
    groups: tuple[tuple[str, tuple[Selector, ...]], ...] | None

    @classmethod
    def parse(cls, data: Mapping[str, Any], node_id: str) -> Self:  # noqa: ARG003 - the contract's signature
        """Reads ``variables`` or the groups of ``advanced_settings``."""
        advanced = read.mapping(data.get("advanced_settings"), "advanced_settings")
        groups = None
        if advanced.get("group_enabled"):
            groups = tuple(
                (read.required(group, "group_name"), _selectors(group.get("variables")))
                for group in read.objects(advanced.get("groups"), "groups")
            )
        return cls(_selectors(data.get("variables")) if groups is None else (), groups)

    async def run(self, ctx: Context) -> Result:
        """A written None counts; without any there is no output, and the node still succeeds."""
        inputs: dict[str, Any] = {}
        if self.groups is None:
            return Result(outputs=_first(ctx, self.variables, inputs), inputs=inputs)
        outputs = {name: found for name, variables in self.groups if (found := _first(ctx, variables, inputs))}
        return Result(outputs=outputs, inputs=inputs)

    def uses(self) -> Sequence[Selector]:
        """All candidates."""
        return [*self.variables, *(variable for _, variables in self.groups or () for variable in variables)]


def _selectors(value: Any) -> tuple[Selector, ...]:
    items = value if isinstance(value, list) else []
    return tuple(read.selector(item, "variables") for item in items if item)


def _first(ctx: Context, variables: Iterable[Selector], inputs: dict[str, Any]) -> dict[str, Any]:
    for selector in variables:
        if ctx.has(selector):
            value = inputs[".".join(selector[1:])] = ctx.get(selector)
            return {"output": value}
    return {}
