"""``start``: what the caller gave becomes variables (workflow-engine.md 8.1)."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from server.engine.node import Context, NodeDataError, NodeError, Result
from server.engine.nodes import data as read
from server.engine.values import Selector


@dataclass(frozen=True, slots=True)
class StartNode:
    """Declared inputs, in order; others are dropped."""

    names: tuple[str, ...]
    # Objects that must fit a JSON schema: name, whether it is required, the schema.
    schemas: tuple[tuple[str, bool, Mapping[str, Any]], ...]

    @classmethod
    def parse(cls, data: Mapping[str, Any], node_id: str) -> Self:  # noqa: ARG003 - the contract's signature
        """Reads ``variables``."""
        variables = read.objects(data.get("variables"), "variables")
        names = tuple(read.required(variable, "variable") for variable in variables)
        return cls(names, tuple(
            (str(variable["variable"]), bool(variable.get("required")), _schema(variable))
            for variable in variables if variable.get("type") == "json_object"
        ))  # fmt: skip

    async def run(self, ctx: Context) -> Result:
        """Check objects against their schemas and pass the inputs on."""
        for name, is_required, schema in self.schemas:
            _check(name, ctx.inputs.get(name), schema, is_required=is_required)
        return given(ctx, {name: ctx.inputs.get(name) for name in self.names})

    def uses(self) -> Sequence[Selector]:
        """Nothing."""
        return ()


def given(ctx: Context, inputs: Mapping[str, Any]) -> Result:
    """What a run begins with. The record also shows the system variables."""
    outputs = {**inputs, **{f"sys.{name}": value for name, value in ctx.selectors("sys").items()}}
    return Result(outputs=outputs, inputs=outputs)


def _schema(variable: Mapping[str, Any]) -> Mapping[str, Any]:
    schema = variable.get("json_schema")
    if isinstance(schema, str) and schema.strip():
        try:
            schema = json.loads(schema)
        except ValueError:
            raise NodeDataError(f"json_schema of '{variable['variable']}' is not JSON.") from None
    if not schema:
        return {}
    from jsonschema import Draft7Validator, SchemaError  # only few apps have one, and it is slow to load

    try:
        Draft7Validator.check_schema(schema)
    except SchemaError as error:
        raise NodeDataError(f"json_schema of '{variable['variable']}' is not a schema: {error.message}") from None
    return read.mapping(schema, "json_schema")


def _check(name: str, value: Any, schema: Mapping[str, Any], *, is_required: bool) -> None:
    if value is None:
        if is_required:
            raise NodeError(f"{name} is required in input form", "ValueError")
        return
    if not isinstance(value, Mapping):
        raise NodeError(f"JSON object for '{name}' must be an object", "ValueError")
    if not schema:
        return
    from jsonschema import Draft7Validator

    error = next(Draft7Validator(schema).iter_errors(value), None)
    if error is not None:
        raise NodeError(f"JSON object for '{name}' does not match schema: {error.message}", "ValueError")
