"""``human-input``: a form that somebody answers; the run waits (workflow-engine.md 8.20)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from server.engine import template, values
from server.engine.node import Context, FormAnswer, NodeDataError, PauseNode, Result
from server.engine.nodes import data as read
from server.engine.values import Selector

TIMEOUT = "__timeout"
_SECONDS = {"hour": 3600, "day": 86400}


@dataclass(frozen=True, slots=True)
class HumanInputNode:
    """A form: its text, its fields, the actions that end it, and for how long it is open."""

    node_id: str
    title: str
    content: str
    fields: tuple[Mapping[str, Any], ...]
    actions: tuple[Mapping[str, Any], ...]
    delivery: tuple[Mapping[str, Any], ...]
    # Seconds.
    timeout: int

    @classmethod
    def parse(cls, data: Mapping[str, Any], node_id: str) -> Self:
        """Reads the form."""
        unit = str(data.get("timeout_unit") or "hour")
        if unit not in _SECONDS:
            raise NodeDataError(f"timeout_unit '{unit}' is neither hour nor day.")
        fields, actions = (tuple(read.objects(data.get(name), name)) for name in ("inputs", "user_actions"))
        for field in fields:
            read.required(field, "output_variable_name")
        for action in actions:
            read.required(action, "id")
        timeout = read.whole(data.get("timeout"), "timeout", 36) * _SECONDS[unit]
        delivery = tuple(read.objects(data.get("delivery_methods"), "delivery_methods"))
        content = read.text(data.get("form_content"), "form_content")
        return cls(node_id, str(data.get("title") or ""), content, fields, actions, delivery, timeout)

    async def run(self, ctx: Context) -> Result:
        """Wait, and when there is an answer leave by its action."""
        answer = ctx.answer
        if answer is None:
            raise PauseNode(self._reason(ctx))
        handle = TIMEOUT if answer.is_timeout else answer.action_id
        given = {} if answer.is_timeout else {name: answer.data.get(name) for name in self._names()}
        rendered = self._rendered(ctx.render(self.content), given)
        outputs = {
            **given, "__action_id": handle, "__action_value": self._action_text(handle), "__rendered_content": rendered,
        }  # fmt: skip
        return Result(outputs=outputs, handle=handle)

    def told(self, answer: FormAnswer, reason: Mapping[str, Any]) -> Mapping[str, str]:
        """What the run tells about an answer: action_id, action_text, rendered."""
        return {
            "action_id": answer.action_id, "action_text": self._action_text(answer.action_id),
            "rendered": self._rendered(str(reason.get("form_content") or ""), answer.data),
        }  # fmt: skip

    def uses(self) -> Sequence[Selector]:
        """References in the text, and defaults that are variables."""
        found = [selector for selector in template.references(self.content) if selector[0] != "$output"]
        return [*found, *(selector for _, selector in self._variable_defaults())]

    def _names(self) -> list[str]:
        return [str(field["output_variable_name"]) for field in self.fields]

    def _action_text(self, action_id: str) -> str:
        return next((str(action.get("title") or "") for action in self.actions if action["id"] == action_id), "")

    def _reason(self, ctx: Context) -> Mapping[str, Any]:
        """Why the run waits (sse-events.md 4.2); who keeps forms adds form_id, form_token, expiration_time."""
        return {
            "TYPE": "human_input_required", "node_id": self.node_id, "node_title": self.title,
            "form_content": ctx.render(self.content), "inputs": [dict(field) for field in self.fields],
            "actions": [dict(action) for action in self.actions], "resolved_default_values": self._defaults(ctx),
            "delivery_methods": [dict(method) for method in self.delivery], "timeout_seconds": self.timeout,
        }  # fmt: skip

    def _defaults(self, ctx: Context) -> dict[str, Any]:
        return {name: ctx.get(selector) for name, selector in self._variable_defaults()}

    def _variable_defaults(self) -> list[tuple[str, Selector]]:
        found = []
        for field in self.fields:
            default = read.mapping(field.get("default"), "default")
            if default.get("type") == "variable" and default.get("selector"):
                selector = read.selector(default["selector"], "selector of a default")
                found.append((str(field["output_variable_name"]), selector))
        return found

    def _rendered(self, content: str, given: Mapping[str, Any]) -> str:
        for name in self._names():
            content = content.replace(f"{{{{#$output.{name}#}}}}", values.markdown(given.get(name)))
        return content

