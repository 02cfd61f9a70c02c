"""``loop``: rounds until a condition holds (workflow-engine.md 8.13)."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from server.engine import values
from server.engine.node import Context, NodeDataError, NodeError, Result
from server.engine.nodes import conditions
from server.engine.nodes import data as read
from server.engine.nodes.conditions import Condition, ConditionError
from server.engine.values import Selector


@dataclass(frozen=True, slots=True)
class LoopVariable:
    """A variable of the loop and where its first value comes from: a selector, or a constant."""

    label: str
    kind: str
    source: Selector | None
    value: Any


@dataclass(frozen=True, slots=True)
class LoopNode:
    """At most so many rounds over shared variables."""

    node_id: str
    count: int
    variables: tuple[LoopVariable, ...]
    conditions: tuple[Condition, ...]
    logical: str

    @classmethod
    def parse(cls, data: Mapping[str, Any], node_id: str) -> Self:
        """Reads its settings; the engine itself reads ``start_node_id``. ``error_handle_mode`` means nothing."""
        count = read.whole(data.get("loop_count"), "loop_count", 0)
        if count < 1:
            raise NodeDataError("loop_count must be 1 or more.")
        variables = read.objects(data.get("loop_variables"), "loop_variables")
        found = read.objects(data.get("break_conditions"), "break_conditions")
        return cls(
            node_id, count, tuple(_variable(item) for item in variables),
            tuple(Condition.parse(item) for item in found), str(data.get("logical_operator") or "and"),
        )  # fmt: skip

    async def run(self, ctx: Context) -> Result:
        """Any failure inside fails the loop."""
        inputs = {"loop_count": self.count}
        for variable in self.variables:
            inputs[variable.label] = value = _first_value(ctx, variable)
            ctx.rounds.put(variable.label, value, variable.kind)
        ctx.rounds.begin(self.count, inputs)
        durations: dict[str, float] = {}
        shown: dict[str, Any] = {}
        has_broken = self._is_over(ctx, is_first=True)
        for index in range(0 if has_broken else self.count):
            done = await ctx.rounds.run(index, {"index": index}, isolated=False)
            if done.error is not None:
                raise NodeError(str(done.error), done.error.error_type, inputs=inputs, outputs=self._values(ctx))
            durations[str(index)], shown[str(index)] = done.seconds, self._values(ctx)
            has_broken = done.ended or self._is_over(ctx)
            if has_broken:
                break
            ctx.rounds.next(index + 1)
        outputs = {**self._values(ctx), **({"loop_round": len(durations)} if durations else {})}
        return Result(outputs=outputs, inputs=inputs, metadata={
            "completed_reason": "loop_break" if has_broken else "loop_completed",
            "loop_duration_map": durations, "loop_variable_map": shown,
        })  # fmt: skip

    def _is_over(self, ctx: Context, *, is_first: bool = False) -> bool:
        """Whether the conditions hold; without conditions never. Before the first round they may be undecidable."""
        if not self.conditions:
            return False
        try:
            return conditions.decide(ctx, self.conditions, self.logical, [])[0]
        except ConditionError:
            if is_first:
                return False
            raise

    def _values(self, ctx: Context) -> dict[str, Any]:
        return {variable.label: ctx.get((self.node_id, variable.label)) for variable in self.variables}

    def uses(self) -> Sequence[Selector]:
        """What its variables and conditions read."""
        sources = [variable.source for variable in self.variables if variable.source]
        return [*sources, *conditions.uses(self.conditions)]


def _variable(data: Mapping[str, Any]) -> LoopVariable:
    label, kind = read.required(data, "label"), str(data.get("var_type") or "string")
    value = data.get("value")
    if data.get("value_type") == "variable":
        return LoopVariable(label, kind, read.selector(value, f"loop variable '{label}'"), None)
    return LoopVariable(label, kind, None, _constant(label, kind, value))


def _constant(label: str, kind: str, value: Any) -> Any:
    if value is None:
        return values.zero(kind)
    try:
        if kind.startswith("array") or kind == "object":
            return json.loads(value or "null") if isinstance(value, str) else value
        if kind == "number" and isinstance(value, str):
            return float(value) if "." in value else int(value)
    except ValueError:
        raise NodeDataError(f"Loop variable '{label}' has no value of type {kind}: {value!r}.") from None
    return value


def _first_value(ctx: Context, variable: LoopVariable) -> Any:
    if variable.source is None:
        return variable.value
    if not ctx.has(variable.source):
        raise NodeError(f"Loop variable '{variable.label}' not found: {list(variable.source)}", "ValueError")
    return ctx.get(variable.source)
