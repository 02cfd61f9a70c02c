"""The prompt of one turn of a chat or completion app (feature-semantics.md section 6).

``build`` is called with the history that fits (server.chat.memory) and the context that
retrieval found; None means that no dataset was searched, so no context block is written.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from server.chat.model_config import CompletionPrompt, ModelConfig
from server.chat.template import as_values, defuse, remove_marks, render
from server.llm.port import FilePart, PromptMessage


@dataclass(frozen=True, slots=True)
class Prompt:
    """What is sent to the model, and the words at which it stops."""

    messages: tuple[PromptMessage, ...]
    stop: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Wording:
    """The fixed sentences of simple prompts, in one language."""

    context_head: str
    context_tail: str
    histories_head: str
    user: str = "Human"
    assistant: str = "Assistant"


_ENGLISH = Wording(
    context_head="What stands between the <context> tags is knowledge that you have learned. Base your answer on it.",
    context_tail=(
        "When you answer:\n"
        "- If the knowledge above does not hold the answer, say that you do not know it.\n"
        "- If you are not sure, ask for what would make it clear.\n"
        "- Do not mention that the knowledge came from a context.\n"
        "- Answer in the language in which the user asks."
    ),
    histories_head="What was said before stands between the <histories> tags.",
)
_CHINESE = Wording(
    context_head="<context> 标签之间的文字是你已经学到的知识，请根据它来回答。",
    context_tail=(
        "回答时请注意：\n"
        "- 如果上面的知识里没有答案，就说你不知道。\n"
        "- 如果不能确定，请询问需要澄清的地方。\n"
        "- 不要提到这些知识来自上下文。\n"
        "- 用用户提问的语言回答。"
    ),
    histories_head="<histories> 标签之间是之前的对话。",
    user="用户",
    assistant="助手",
)


def build(
    config: ModelConfig,
    app_mode: str,
    inputs: Mapping[str, Any],
    query: str,
    *,
    context: str | None = None,
    history: Sequence[PromptMessage] = (),
    files: Sequence[FilePart] = (),
) -> Prompt:
    """Build the prompt of a turn. ``history`` is oldest first; ``files`` go to the last user message."""
    values = as_values(inputs)
    stop = config.model.stop
    if config.prompt_type == "advanced":
        if config.model.mode == "chat":
            messages = _advanced_chat(config, values, query, context, history, tuple(files))
        else:
            messages = _advanced_completion(config.completion_prompt, values, query, context, history, tuple(files))
        return Prompt(messages, stop)
    wording = _CHINESE if "baichuan" in config.model.name.lower() else _ENGLISH
    if config.model.mode == "chat":
        return Prompt(_simple_chat(config, wording, values, query, context, history, tuple(files)), stop)
    text = _simple_completion(config, wording, app_mode, values, query, context, history)
    words = () if app_mode == "completion" else (f"\n{wording.user}:", "</histories>")
    return Prompt((_user(text, tuple(files)),), tuple(dict.fromkeys((*stop, *words))))


def transcript(messages: Sequence[PromptMessage], user: str = "Human", assistant: str = "Assistant") -> str:
    """A history as lines, each speaker by a prefix."""
    lines = (f"{user if message.role == 'user' else assistant}: {message.text}" for message in messages)
    return "\n".join(lines)


def _simple_chat(
    config: ModelConfig,
    wording: Wording,
    values: Mapping[str, str],
    query: str,
    context: str | None,
    history: Sequence[PromptMessage],
    files: tuple[FilePart, ...],
) -> tuple[PromptMessage, ...]:
    text = _instructions(config, wording, values, context)
    if not query:
        return (*history, _user(text, files))
    system = (PromptMessage("system", text),) if text else ()
    return (*system, *history, _user(query, files))


def _simple_completion(
    config: ModelConfig,
    wording: Wording,
    app_mode: str,
    values: Mapping[str, str],
    query: str,
    context: str | None,
    history: Sequence[PromptMessage],
) -> str:
    text = _instructions(config, wording, values, context)
    if app_mode == "completion":
        return remove_marks(text + defuse(query))
    if history:
        said = defuse(transcript(history, wording.user, wording.assistant))
        text += f"{wording.histories_head}\n\n<histories>\n{said}\n</histories>\n\n"
    return remove_marks(f"{text}\n\n{wording.user}: {defuse(query)}\n\n{wording.assistant}: ")


def _instructions(config: ModelConfig, wording: Wording, values: Mapping[str, str], context: str | None) -> str:
    """The context block, if datasets were searched, and the app's own text."""
    text = ""
    if context is not None:
        text = f"{wording.context_head}\n\n<context>\n{defuse(context)}\n</context>\n\n{wording.context_tail}\n\n"
    if config.pre_prompt:
        text += render(config.pre_prompt, values) + "\n"
    return remove_marks(text)


def _advanced_chat(
    config: ModelConfig,
    values: Mapping[str, str],
    query: str,
    context: str | None,
    history: Sequence[PromptMessage],
    files: tuple[FilePart, ...],
) -> tuple[PromptMessage, ...]:
    filled = {**values, "#context#": context or ""}
    lines = (PromptMessage(line.role, render(line.text, filled)) for line in config.chat_prompt)
    messages = [line for line in lines if line.text or line.role != "system"]
    messages.extend(history)
    if query:
        messages.append(_user(query, files))
    elif files and messages and messages[-1].role == "user":
        messages[-1] = _user(messages[-1].text, (*messages[-1].files, *files))
    elif files:
        messages.append(_user("", files))
    return tuple(messages)


def _advanced_completion(
    prompt: CompletionPrompt,
    values: Mapping[str, str],
    query: str,
    context: str | None,
    history: Sequence[PromptMessage],
    files: tuple[FilePart, ...],
) -> tuple[PromptMessage, ...]:
    said = transcript(history, prompt.user_prefix, prompt.assistant_prefix)
    filled = {**values, "#context#": context or "", "#query#": query, "#histories#": said}
    return (_user(render(prompt.text, filled), files),)


def _user(text: str, files: tuple[FilePart, ...]) -> PromptMessage:
    return PromptMessage("user", text, files)
