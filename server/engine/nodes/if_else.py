"""``if-else``: the first case whose conditions hold (workflow-engine.md 8.7)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from server.engine.node import Context, NodeError, Result
from server.engine.nodes import conditions
from server.engine.nodes import data as read
from server.engine.nodes.conditions import Condition
from server.engine.values import Selector

ELSE = "false"


@dataclass(frozen=True, slots=True)
class Case:
    """Conditions and the handle to leave by when they hold."""

    case_id: str
    logical: str
    conditions: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class IfElseNode:
    """Cases in order."""

    cases: tuple[Case, ...]

    @classmethod
    def parse(cls, data: Mapping[str, Any], node_id: str) -> Self:  # noqa: ARG003 - the contract's signature
        """Reads ``cases``, in old files the one case at the top."""
        cases = read.objects(data.get("cases"), "cases")
        if not cases and data.get("conditions") is not None:
            cases = [{"case_id": "true", **{key: data.get(key) for key in ("logical_operator", "conditions")}}]
        return cls(tuple(_case(case) for case in cases))

    async def run(self, ctx: Context) -> Result:
        """No case holds: out by ``false``."""
        shown: list[Mapping[str, Any]] = []
        inputs: list[Mapping[str, Any]] = []
        selected = ELSE
        for case in self.cases:
            inputs = []
            try:
                holds, results = conditions.decide(ctx, case.conditions, case.logical, inputs)
            except NodeError as error:
                error.inputs, error.process_data = {"conditions": inputs}, {"condition_results": shown}
                raise
            shown.append({"group": _shown(case), "results": results, "final_result": holds})
            if holds:
                selected = case.case_id
                break
        return Result(
            outputs={"result": bool(shown) and bool(shown[-1]["final_result"]), "selected_case_id": selected},
            inputs={"conditions": inputs}, process_data={"condition_results": shown}, handle=selected,
        )  # fmt: skip

    def uses(self) -> Sequence[Selector]:
        """What its conditions read."""
        return [selector for case in self.cases for selector in conditions.uses(case.conditions)]


def _case(data: Mapping[str, Any]) -> Case:
    found = tuple(Condition.parse(item) for item in read.objects(data.get("conditions"), "conditions"))
    case_id = str(data.get("case_id") or data.get("id") or "true")
    return Case(case_id, str(data.get("logical_operator") or "and"), found)


def _shown(case: Case) -> Mapping[str, Any]:
    return {
        "case_id": case.case_id, "logical_operator": case.logical,
        "conditions": [condition.shown for condition in case.conditions],
    }  # fmt: skip
