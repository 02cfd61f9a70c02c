"""The node ``llm`` (workflow-engine.md 8.4)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

from server.engine.node import Context, NodeDataError, NodeError, Result
from server.engine.nodes import structured
from server.engine.nodes.data import mapping, objects, selector_or_none
from server.engine.nodes.model_call import Answer, ModelConfig, ask, open_model, process_data
from server.engine.nodes.prompting import (
    SYSTEM_QUERY,
    Found,
    Line,
    Memory,
    Prompting,
    Vision,
    context_of,
    jinja_values,
    jinja_variables,
    known,
    schema_prompt,
    transcript,
)
from server.engine.template import references
from server.engine.values import File, Selector
from server.llm import thinking
from server.llm.port import ChatRequest, PromptMessage

_NO_PROMPT = (
    "No prompt found in the LLM configuration. Please ensure a prompt is properly configured before proceeding."
)


@dataclass(frozen=True, slots=True)
class _Given:
    """What one execution begins with."""

    inputs: dict[str, Any]
    jinja: Mapping[str, Any]
    found: Found
    files: Sequence[File]
    query: str


@dataclass(frozen=True, slots=True)
class LlmNode:
    """Asks a model."""

    model: ModelConfig
    # Of a completion model there is one line.
    lines: tuple[Line, ...]
    is_chat: bool
    jinja: Mapping[str, Selector]
    # None: off.
    context: Selector | None
    memory: Memory | None
    vision: Vision | None
    # None: off.
    structured: Mapping[str, Any] | None
    is_separated: bool

    @classmethod
    def parse(cls, data: Mapping[str, Any], node_id: str) -> Self:  # noqa: ARG003 - the contract of nodes
        """Raises NodeDataError."""
        template = data.get("prompt_template")
        is_chat = not isinstance(template, Mapping)
        lines = objects(template, "prompt_template") if is_chat else [mapping(template, "prompt_template")]
        if template is None:
            raise NodeDataError("prompt_template is missing.")
        context = mapping(data.get("context"), "context")
        output = mapping(data.get("structured_output"), "structured_output")
        return cls(
            model=ModelConfig.parse(data.get("model")), lines=tuple(map(Line.parse, lines)), is_chat=is_chat,
            jinja=jinja_variables(data.get("prompt_config")),
            context=selector_or_none(context.get("variable_selector"), "context.variable_selector")
            if context.get("enabled") else None,
            memory=Memory.parse(data.get("memory")), vision=Vision.parse(data.get("vision")),
            structured=output if data.get("structured_output_enabled") and data.get("structured_output") else None,
            is_separated=data.get("reasoning_format") == "separated",
        )  # fmt: skip

    def uses(self) -> Sequence[Selector]:
        """What its prompt, context and files refer to."""
        found = [*self._references(), *self.jinja.values()]
        found += [self.context] if self.context else []
        return [*found, self.vision.selector] if self.vision else found

    def _references(self) -> list[Selector]:
        found = [one for line in self.lines for one in line.references]
        return found + references(self.memory.query) if self.memory else found

    async def run(self, ctx: Context) -> Result:
        """Raises NodeError with what was known until then."""
        inputs: dict[str, Any] = {}
        try:
            return await self._run(ctx, inputs)
        except NodeError as error:
            error.inputs = error.inputs or inputs
            raise

    async def _run(self, ctx: Context, inputs: dict[str, Any]) -> Result:
        given = self._given(ctx, inputs)
        model = await open_model(ctx, self.model)
        if not self.model.mode:
            raise NodeError("LLM mode is required.", "LLMModeRequiredError")
        prompting = Prompting(ctx, self.model, model, self.vision)
        messages = [one for one in await self._messages(prompting, given) if one.text or one.files]
        if not messages:
            raise NodeError(_NO_PROMPT, "NoPromptFoundError")
        request = self._request(messages, ctx.run.user_id, native="structured-output" in model.card.features)
        tell, finish = self._teller(ctx)
        try:
            answer = await ask(ctx, model, self.model, request, tell)
            finish()
            outputs = await self._outputs(answer)
        except NodeError as error:
            error.process_data = process_data(self.model, request.messages)
            raise
        return Result(
            outputs=outputs, inputs=inputs, process_data=process_data(self.model, request.messages, answer),
            spent=answer.spent, resources=given.found.resources,
        )  # fmt: skip

    def _given(self, ctx: Context, inputs: dict[str, Any]) -> _Given:
        inputs |= known(ctx, self._references())
        seen, recorded = jinja_values(ctx, self.jinja)
        inputs |= recorded
        files = self.vision.files(ctx) if self.vision else []
        if files:
            inputs["#files#"] = files
        found = context_of(ctx.get(self.context)) if self.context else Found()
        if found.text:
            inputs["#context#"] = found.text
        query = ""
        if self.memory is not None:
            query = ctx.render(self.memory.query) if self.memory.query else str(ctx.get(SYSTEM_QUERY) or "")
        return _Given(inputs, seen, found, files, query)

    # Prompt

    async def _messages(self, prompting: Prompting, given: _Given) -> list[PromptMessage]:
        if self.is_chat:
            messages = await self._chat(prompting, given)
        else:
            messages = await self._completion(prompting, given)
        messages = await prompting.with_files(messages, given.files)
        return await prompting.with_files(messages, given.found.files) if self.vision else messages

    async def _chat(self, prompting: Prompting, given: _Given) -> list[PromptMessage]:
        messages = await prompting.lines(self.lines, given.found.text, given.jinja)
        asked = await self._asked(prompting, given)
        return [*messages, *await prompting.history(self.memory, [*messages, *asked]), *asked]

    async def _asked(self, prompting: Prompting, given: _Given) -> list[PromptMessage]:
        """The query, which comes with a memory, and the files that its template refers to."""
        if self.memory is None:
            return []
        if self.memory.query:
            return await prompting.lines([Line("user", self.memory.query)])
        return [PromptMessage("user", given.query)] if given.query else []

    async def _completion(self, prompting: Prompting, given: _Given) -> list[PromptMessage]:
        made = await prompting.lines(self.lines, given.found.text, given.jinja)
        written = "".join(message.text for message in made)
        history = await prompting.history(self.memory, made)
        said = transcript(history, self.memory) if self.memory else ""
        if "#histories#" in written:
            written = written.replace("#histories#", said)
        elif said:
            written = f"{said}\n{written}"
        if given.query and "#sys.query#" in written:
            written = written.replace("#sys.query#", given.query)
        elif given.query:
            written = f"{given.query}\n{written}"
        return [PromptMessage("user", written, tuple(part for message in made for part in message.files))]

    def _request(self, messages: Sequence[PromptMessage], user: str, *, native: bool) -> ChatRequest:
        if self.structured is None:
            return self.model.request(messages, user)
        schema = self.structured.get("schema")
        if not isinstance(schema, Mapping) or not schema:
            raise NodeError("Please provide a valid structured output schema", "LLMNodeError")
        if native:
            return self.model.request(messages, user, schema=structured.texts_for_booleans(schema))
        return self.model.request(_told_schema(messages, schema), user)

    # Answer

    def _teller(self, ctx: Context) -> tuple[Callable[[str], None], Callable[[], None]]:
        """(what takes the pieces, what is called after the last of them)."""
        if not self.is_separated:
            return lambda piece: ctx.stream("text", piece), lambda: None
        stream = thinking.ThinkStream()
        reasoned = False

        def tell(piece: str, *, last: bool = False) -> None:
            nonlocal reasoned
            for is_reasoning, part in stream.finish() if last else stream.feed(piece):
                if is_reasoning:
                    ctx.reason(part)
                    reasoned = True
                else:
                    close()
                    ctx.stream("text", part)

        def close() -> None:
            nonlocal reasoned
            if reasoned:
                ctx.reason("", is_final=True)
                reasoned = False

        def finish() -> None:
            tell("", last=True)
            close()

        return tell, finish

    async def _outputs(self, answer: Answer) -> dict[str, Any]:
        text, reasoning = thinking.split(answer.text) if self.is_separated else (answer.text, "")
        outputs: dict[str, Any] = {
            "text": text, "reasoning_content": reasoning, "usage": answer.spent.shown,
            "finish_reason": answer.finish_reason,
        }
        if self.structured is not None:
            try:
                outputs["structured_output"] = await structured.object_in(answer.text)
            except NodeError as error:
                error.outputs, error.usage = outputs, answer.spent
                raise
        return outputs


def _told_schema(messages: Sequence[PromptMessage], schema: Mapping[str, Any]) -> list[PromptMessage]:
    """The messages with the schema in front of the first system message."""
    told = schema_prompt(schema)
    at = next((index for index, message in enumerate(messages) if message.role == "system"), None)
    if at is None:
        return [PromptMessage("system", told), *messages]
    first = replace(messages[at], text=f"{told}\n\n{messages[at].text}")
    return [*messages[:at], first, *messages[at + 1 :]]
