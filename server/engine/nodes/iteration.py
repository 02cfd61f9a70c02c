"""``iteration``: a round for each item of a list (workflow-engine.md 8.12)."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from server.engine.node import Context, NodeDataError, NodeError, Result, Round
from server.engine.nodes import data as read
from server.engine.values import Selector

_MODES = ("terminated", "continue-on-error", "remove-abnormal-output")


@dataclass(frozen=True, slots=True)
class IterationNode:
    """Which list, what of each round is kept, and what a failed round means."""

    items: Selector
    output: Selector
    # Rounds at once; 0: one after the other.
    parallel: int
    mode: str
    is_flat: bool

    @classmethod
    def parse(cls, data: Mapping[str, Any], node_id: str) -> Self:  # noqa: ARG003 - the contract's signature
        """Reads its settings; the engine itself reads ``start_node_id``."""
        mode = str(data.get("error_handle_mode") or "terminated")
        if mode not in _MODES:
            raise NodeDataError(f"error_handle_mode '{mode}' is not one of {', '.join(_MODES)}.")
        flat = data.get("flatten_output")
        return cls(
            read.selector(data.get("iterator_selector"), "iterator_selector"),
            read.selector(data.get("output_selector"), "output_selector"),
            max(1, read.whole(data.get("parallel_nums"), "parallel_nums", 10)) if data.get("is_parallel") else 0,
            mode, True if flat is None else bool(flat),
        )  # fmt: skip

    async def run(self, ctx: Context) -> Result:
        """Over nothing: an empty list, and not a word."""
        items = self._items(ctx)
        inputs = {"iterator_selector": items}
        if not items:
            return Result(outputs={"output": []}, inputs=inputs)
        ctx.rounds.begin(len(items), inputs)
        rounds: list[Round] = []
        try:
            rounds = await (self._parallel(ctx, items) if self.parallel else self._one_by_one(ctx, items))
        except NodeError as error:
            error.inputs = inputs
            raise
        durations = {str(index): done.seconds for index, done in enumerate(rounds)}
        outputs = {"output": self._collect(rounds)}
        return Result(outputs=outputs, inputs=inputs, metadata={"iteration_duration_map": durations})

    def _items(self, ctx: Context) -> Sequence[Any]:
        if not ctx.has(self.items):
            raise NodeError(f"iterator variable {list(self.items)} not found", "IteratorVariableNotFoundError")
        items = ctx.get(self.items)
        if items is not None and not isinstance(items, (list, tuple)):
            message = f"invalid iterator value: {items}, please provide a list."
            raise NodeError(message, "InvalidIteratorValueError")
        return items or []

    async def _one_by_one(self, ctx: Context, items: Sequence[Any]) -> list[Round]:
        rounds = []
        for index, item in enumerate(items):
            ctx.rounds.next(index)
            rounds.append(self._checked(await ctx.rounds.run(index, {"item": item, "index": index}, isolated=True)))
        return rounds

    async def _parallel(self, ctx: Context, items: Sequence[Any]) -> list[Round]:
        for index in range(len(items)):
            ctx.rounds.next(index)
        free = asyncio.Semaphore(self.parallel)

        async def one(index: int, item: Any) -> Round:
            async with free:
                variables = {"item": item, "index": index}
                return self._checked(await ctx.rounds.run(index, variables, isolated=True, together=True))

        tasks = [asyncio.create_task(one(index, item)) for index, item in enumerate(items)]
        try:
            return await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def _checked(self, done: Round) -> Round:
        if done.error is not None and self.mode == "terminated":
            raise NodeError(str(done.error), done.error.error_type)
        return done

    def _collect(self, rounds: Sequence[Round]) -> list[Any]:
        results: list[Any] = [
            None if done.error is not None else done.find(self.output)[1]
            for done in rounds
            if done.error is None or self.mode != "remove-abnormal-output"
        ]
        if self.is_flat and results and all(isinstance(result, (list, tuple)) for result in results):
            return [item for result in results for item in result]
        return results

    def uses(self) -> Sequence[Selector]:
        """The list and what is kept of a round."""
        return (self.items, self.output)
