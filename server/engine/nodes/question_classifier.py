"""The node ``question-classifier`` (workflow-engine.md 8.6)."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

from server.engine.node import Context, NodeDataError, NodeError, Result
from server.engine.nodes.data import objects, selector_or_none, text
from server.engine.nodes.model_call import ModelConfig, ask, open_model, process_data
from server.engine.nodes.prompting import Memory, Prompting, Vision, transcript
from server.engine.nodes.structured import block_in
from server.engine.template import references
from server.engine.values import Selector
from server.engine.values import text as shown
from server.llm.port import ChatRequest, PromptMessage

_SYSTEM = (
    "You sort what a user writes into one of several categories. Read the text, follow the instructions, and choose "
    "the category whose name fits best.\n\n"
    "Categories, as JSON:\n{classes}\n\nInstructions:\n{instruction}\n\n{history}"
    'Answer with nothing but a JSON object of two keys, "category_id" and "category_name", both copied from the list. '
    'For instance, if the list were [{{"category_id": "a", "category_name": "Praise"}}, {{"category_id": "b", '
    '"category_name": "Complaint"}}] and the text "It broke on the first day", the answer would be '
    '{{"category_id": "b", "category_name": "Complaint"}}.'
)
_HISTORY = "What was said before:\n<histories>\n{said}\n</histories>\n\n"


@dataclass(frozen=True, slots=True)
class _Class:
    id: str
    name: str
    label: str


@dataclass(frozen=True, slots=True)
class QuestionClassifierNode:
    """Asks a model for a class; the way out is named by the class's id."""

    model: ModelConfig
    query: Selector | None
    classes: tuple[_Class, ...]
    instruction: str
    memory: Memory | None
    vision: Vision | None

    @classmethod
    def parse(cls, data: Mapping[str, Any], node_id: str) -> Self:  # noqa: ARG003 - the contract of nodes
        """Raises NodeDataError."""
        classes = tuple(
            _Class(
                text(item.get("id"), "id"), text(item.get("name"), "name"),
                text(item.get("label"), "label") or f"CLASS {number}",
            )
            for number, item in enumerate(objects(data.get("classes"), "classes"), 1)
        )  # fmt: skip
        if not classes:
            raise NodeDataError("classes must not be empty.")
        return cls(
            ModelConfig.parse(data.get("model")),
            selector_or_none(data.get("query_variable_selector"), "query_variable_selector"), classes,
            text(data.get("instruction"), "instruction"), Memory.parse(data.get("memory")),
            Vision.parse(data.get("vision")),
        )

    def uses(self) -> Sequence[Selector]:
        """Its query, and what its texts refer to."""
        found = [self.query] if self.query else []
        found += [one for each in self.classes for one in references(each.name)]
        found += [self.vision.selector] if self.vision else []
        return [*found, *references(self.instruction)]

    async def run(self, ctx: Context) -> Result:
        """Raises NodeError."""
        value = ctx.get(self.query) if self.query else None
        query = shown(value)
        inputs = {"query": value}
        classes = [replace(one, name=ctx.render(one.name)) for one in self.classes]
        model = await open_model(ctx, self.model)
        prompting = Prompting(ctx, self.model, model, self.vision)
        messages = await self._messages(ctx, prompting, query, classes)
        request = self._request(ctx, messages, classes, native="structured-output" in model.card.features)
        known = process_data(self.model, messages)
        spent = None
        try:
            answer = await ask(ctx, model, self.model, request)
            spent = answer.spent
            known = process_data(self.model, messages, answer)
            chosen = _chosen(block_in(answer.text), classes)
        except NodeError as error:
            error.inputs, error.process_data, error.usage = inputs, known, error.usage or spent
            raise
        outputs = {
            "class_name": chosen.name, "class_id": chosen.id, "class_label": chosen.label,
            "usage": answer.spent.shown,
        }
        return Result(outputs, inputs, known, handle=chosen.id, spent=answer.spent)

    async def _messages(
        self, ctx: Context, prompting: Prompting, query: str, classes: Sequence[_Class]
    ) -> list[PromptMessage]:
        question = await prompting.with_files(
            [PromptMessage("user", query)], self.vision.files(ctx) if self.vision else []
        )

        def system(said: str) -> PromptMessage:
            listed = [{"category_id": one.id, "category_name": one.name} for one in classes]
            return PromptMessage("system", _SYSTEM.format(
                classes=json.dumps(listed, ensure_ascii=False), instruction=ctx.render(self.instruction) or "-",
                history=_HISTORY.format(said=said) if said else "",
            ))  # fmt: skip

        history = await prompting.history(self.memory, [system(""), *question])
        return [system(transcript(history, self.memory) if self.memory else ""), *question]

    def _request(
        self, ctx: Context, messages: Sequence[PromptMessage], classes: Sequence[_Class], *, native: bool
    ) -> ChatRequest:
        if not native:
            return self.model.request(messages, ctx.run.user_id)
        properties = {
            "category_id": {"type": "string", "enum": [one.id for one in classes]},
            "category_name": {"type": "string"},
        }
        schema = {"type": "object", "properties": properties, "required": [*properties], "additionalProperties": False}
        return self.model.request(messages, ctx.run.user_id, schema=schema)


def _chosen(found: Any, classes: Sequence[_Class]) -> _Class:
    """The class that an answer names; the first when it names none that there is."""
    if isinstance(found, list):
        if len(found) != 1 or not isinstance(found[0], dict):
            raise NodeError(f"got invalid return object. obj:{found}", "OutputParserError")
        found = found[0]
    if isinstance(found, dict) and "category_id" in found and "category_name" in found:
        return next((one for one in classes if one.id == str(found["category_id"])), classes[0])
    return classes[0]
