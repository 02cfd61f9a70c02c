"""What an agent does as log entries (``agent_log``), and what it costs."""

from __future__ import annotations

import time
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from server.agent.model import AgentEvent, Decided, RoundBegan, RoundEnded, ToolBegan, ToolEnded
from server.engine.node import Context, NodeError, Spent
from server.kit.ids import new_id
from server.llm.meter import Heard
from server.llm.port import ModelCard, Usage
from server.llm.pricing import usage_dict


class AgentLog:
    """Entries of one execution: a round, in it the model's thought and each call of a tool."""

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx
        self._entries: dict[str, dict[str, Any]] = {}
        self._round = ""
        self._thought = ""
        self._calls: dict[int, str] = {}
        self._heard: list[Heard] = []
        self.provider = ""
        self.card = ModelCard("", "llm")

    @property
    def entries(self) -> list[dict[str, Any]]:
        """Every entry as it is last."""
        return [{key: value for key, value in entry.items() if key != "began"} for entry in self._entries.values()]

    @property
    def metadata(self) -> dict[str, Any]:
        """For the record of the execution."""
        return {"agent_log": self.entries}

    @property
    def spent(self) -> Spent | None:
        """All calls of the model together."""
        if not self._heard:
            return None
        usage = Usage(
            sum(one.usage.prompt_tokens for one in self._heard),
            sum(one.usage.completion_tokens for one in self._heard),
            sum(one.usage.total_tokens for one in self._heard), any(one.usage.estimated for one in self._heard),
        )
        first = self._heard[0].shown
        shown = usage_dict(
            usage, self.card.pricing, latency=sum(float(one.shown["latency"]) for one in self._heard),
            time_to_first_token=first["time_to_first_token"], time_to_generate=first["time_to_generate"],
        )
        # A sum of rounded prices, as each call is recorded.
        prices = {
            name: f"{total:f}" for name in ("prompt_price", "completion_price", "total_price")
            if (total := sum((Decimal(str(one.shown[name])) for one in self._heard), Decimal(0)))
        }
        return Spent(usage, {**shown, **prices}, self.card.provider, self.card.model, len(self._heard))

    @property
    def usage(self) -> Mapping[str, Any]:
        """The ``usage`` object of all of it."""
        spent = self.spent
        return spent.shown if spent else usage_dict(Usage(), None)

    def error(self, error: NodeError, inputs: Mapping[str, Any]) -> NodeError:
        """A failure with what is known; entries that were open failed with it."""
        for entry_id, entry in self._entries.items():
            if entry["status"] == "start":
                self._end(entry_id, {}, error=str(error))
        error.inputs = error.inputs or dict(inputs)
        error.metadata = {**(error.metadata or {}), **self.metadata}
        error.usage = error.usage or self.spent
        return error

    def cut(self, heard: Heard) -> None:
        """Count an answer that is being cancelled."""
        self._heard.append(heard)

    def take(self, event: AgentEvent) -> None:
        """Tell what happened."""
        match event:
            case RoundBegan():
                self._round = self._begin(f"ROUND {event.number}")
                self._thought = self._begin(f"{self.card.model} Thought", self._round, provider=self.provider)
            case Decided():
                self._decided(event)
            case ToolBegan():
                provider = event.call.tool.provider if event.call.tool else ""
                entry = self._begin(f"CALL {event.call.name}", self._round, provider=provider)
                self._calls[id(event.call)] = entry
            case ToolEnded():
                self._end(self._calls.pop(id(event.call)), _called(event), error=event.answer.error)
            case RoundEnded():
                self._end(self._round, _round(event))

    def _decided(self, event: Decided) -> None:
        self._heard.append(event.heard)
        shown = event.heard.shown
        data: dict[str, Any] = {"output": event.thought}
        if event.calls:
            data |= {
                "tool_name": ";".join(call.name for call in event.calls),
                "tool_input": [{"name": call.name, "args": dict(call.arguments)} for call in event.calls],
            }
        price = {name: shown[name] for name in ("total_price", "currency", "total_tokens")}
        self._end(self._thought, data, **price)

    def _begin(self, label: str, parent: str | None = None, **metadata: Any) -> str:
        entry = {
            "id": new_id(), "label": label, "parent_id": parent, "error": None, "status": "start", "data": {},
            "metadata": {"started_at": time.time(), **metadata}, "node_id": self._ctx.node_id,
            "began": time.perf_counter(),
        }
        self._entries[entry["id"]] = entry  # type: ignore[index]
        self._tell(entry)
        return str(entry["id"])

    def _end(self, entry_id: str, data: Mapping[str, Any], *, error: str = "", **metadata: Any) -> None:
        old = self._entries[entry_id]
        entry = self._entries[entry_id] = {
            **old, "status": "error" if error else "success", "error": error or None, "data": dict(data),
            "metadata": {
                **old["metadata"], "finished_at": time.time(), "elapsed_time": time.perf_counter() - old["began"],
                **metadata,
            },
        }  # fmt: skip
        self._tell(entry)

    def _tell(self, entry: Mapping[str, Any]) -> None:
        self._ctx.log({key: value for key, value in entry.items() if key != "began"})


def _called(event: ToolEnded) -> dict[str, Any]:
    call = event.call
    return {
        "tool_name": call.name, "tool_call_args": dict(call.arguments), "output": event.answer.observation,
        "tool_call_id": call.id,
    }


def _round(event: RoundEnded) -> dict[str, Any]:
    answers = [
        {"tool_call_id": call.id, "tool_call_name": call.name, "tool_call_input": dict(call.arguments),
         "tool_response": answer.observation}
        for call, answer in event.answers
    ]  # fmt: skip
    return {"output": {"llm_response": event.thought, "tool_responses": answers}}
