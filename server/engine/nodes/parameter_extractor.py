"""The node ``parameter-extractor`` (workflow-engine.md 8.14)."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Self

from server.engine.node import Context, NodeDataError, NodeError, Result
from server.engine.nodes import extracted
from server.engine.nodes.data import objects, selector, text
from server.engine.nodes.extracted import Parameter
from server.engine.nodes.model_call import Answer, ModelConfig, ask, open_model, process_data
from server.engine.nodes.prompting import Memory, Prompting, Vision, transcript
from server.engine.template import references
from server.engine.values import Selector, zero
from server.engine.values import text as shown
from server.llm.port import ChatModel, ChatRequest, Function, PromptMessage

_FUNCTION = "extract_parameters"
_RULES = (
    "Take parameters out of a text that a user wrote. Give a value of the right type to every parameter; where the "
    'text says nothing about one, give "", 0, false or an empty list. Never invent a value.\n\n'
)
_BY_FUNCTION = f"Call the function {_FUNCTION} once, with everything that you found."
_BY_TEXT = (
    "Answer with nothing but one JSON object whose keys are the names of the parameters.\n\n"
    "The object must be valid by this JSON schema:\n<schema>\n{schema}\n</schema>"
)
_NO_RESULT = "Failed to extract result from function call or text response, using empty result."


@dataclass(frozen=True, slots=True)
class ParameterExtractorNode:
    """Asks a model for values out of a text."""

    model: ModelConfig
    query: Selector
    parameters: tuple[Parameter, ...]
    instruction: str
    by_function: bool
    memory: Memory | None
    vision: Vision | None

    @classmethod
    def parse(cls, data: Mapping[str, Any], node_id: str) -> Self:  # noqa: ARG003 - the contract of nodes
        """Raises NodeDataError."""
        parameters = tuple(map(Parameter.parse, objects(data.get("parameters"), "parameters")))
        if not parameters:
            raise NodeDataError("parameters must not be empty.")
        return cls(
            ModelConfig.parse(data.get("model")), selector(data.get("query"), "query"), parameters,
            text(data.get("instruction"), "instruction"), data.get("reasoning_mode") != "prompt",
            Memory.parse(data.get("memory")), Vision.parse(data.get("vision")),
        )

    def uses(self) -> Sequence[Selector]:
        """Its query, and what the instruction refers to."""
        found = [self.query, *references(self.instruction)]
        return [*found, self.vision.selector] if self.vision else found

    async def run(self, ctx: Context) -> Result:
        """Raises NodeError when the model fails; a bad answer of it is told in the outputs."""
        query = shown(ctx.get(self.query))
        files = self.vision.files(ctx) if self.vision else []
        instruction = ctx.render(self.instruction)
        inputs = {
            "query": query, "files": files, "parameters": [asdict(one) for one in self.parameters],
            "instruction": instruction,
        }
        model = await open_model(ctx, self.model)
        prompting = Prompting(ctx, self.model, model, self.vision)
        asked = await prompting.with_files([PromptMessage("user", query)], files)
        request = await self._request(ctx, prompting, model, instruction, asked)
        known = {
            **process_data(self.model, request.messages), "tool_call": None,
            "function": _shown_function(request.tools[0]) if request.tools else {},
        }
        try:
            answer = await ask(ctx, model, self.model, request)
        except NodeError as error:
            error.inputs, error.process_data = inputs, known
            error.outputs = {"__is_success": 0, "__reason": "Failed to invoke model", "__error": str(error)}
            raise
        known |= process_data(self.model, request.messages, answer)
        known |= {"tool_call": asdict(answer.calls[0]) if answer.calls else None, "llm_text": answer.text}
        values, reason = self._values(answer)
        outputs = {"__is_success": 0 if reason else 1, "__reason": reason, "__usage": answer.spent.shown, **values}
        return Result(outputs, inputs, known, spent=answer.spent)

    async def _request(
        self, ctx: Context, prompting: Prompting, model: ChatModel, instruction: str, asked: list[PromptMessage]
    ) -> ChatRequest:
        features = model.card.features
        schema = extracted.schema(self.parameters)
        by_function = self.by_function and bool({"tool-call", "multi-tool-call"} & {*features})
        how = _BY_FUNCTION if by_function else _BY_TEXT.format(schema=json.dumps(schema, ensure_ascii=False, indent=2))
        told = f"{_RULES}{how}" + (f"\n\nInstructions:\n{instruction}" if instruction else "")
        history = await prompting.history(self.memory, [PromptMessage("system", told), *asked])
        if history and self.memory is not None:
            told += f"\n\nWhat was said before:\n<histories>\n{transcript(history, self.memory)}\n</histories>"
        messages = [PromptMessage("system", told), *asked]
        if by_function:
            function = Function(_FUNCTION, "Takes the parameters that were found in the text.", schema)
            return self.model.request(messages, ctx.run.user_id, tools=[function])
        native = schema if "structured-output" in features else None
        return self.model.request(messages, ctx.run.user_id, schema=native)

    def _values(self, answer: Answer) -> tuple[dict[str, Any], str | None]:
        """Every parameter's value, and why they are not all that was asked for."""
        found = extracted.read(answer.calls[0].arguments if answer.calls else answer.text)
        if not found:
            return {one.name: zero(one.kind) for one in self.parameters}, _NO_RESULT
        return extracted.fitted(self.parameters, found), extracted.fault(self.parameters, found)


def _shown_function(function: Function) -> dict[str, Any]:
    return {"name": function.name, "description": function.description, "parameters": function.parameters}
