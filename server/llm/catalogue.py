"""The predefined models: context sizes, features, prices, parameters.

One table a provider. Prices are list prices in USD per million tokens as of 2026-11-01,
standard tier, shortest-context band; they are defaults for the ``usage`` of an answer and
not an invoice. ``0`` as a price means that the model costs nothing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal

from server.llm import parameters as p
from server.llm.names import COHERE, GOOGLE, JINA, LOCAL, OPENAI
from server.llm.port import ModelCard, ModelType, Pricing, Voice

PRICES_AS_OF = "2026-11-01"
LOCAL_MODEL = "SmolLM2-135M-Instruct"
LOCAL_EMBEDDING = "multilingual-e5-small"
LOCAL_EAR = "pocketsphinx-en-us"
LOCAL_VOICE = "hibari"

_TOOLS = ("tool-call", "multi-tool-call", "stream-tool-call")
_GEMINI = (*_TOOLS, "agent-thought", "vision", "document", "video", "audio", "structured-output")
_OPENAI = (*_TOOLS, "agent-thought", "vision", "document", "structured-output")
_REASONING = re.compile(r"^(o\d|gpt-5(?!.*chat))")

# model, context, max output, input price, output price, thinking levels (Gemini 3) or budget
_GEMINI_CHAT: tuple[tuple[str, int, int, str, str, str], ...] = (
    ("gemini-3.8-flash", 1_048_576, 65_536, "0.75", "3.75", "low medium high"),
    ("gemini-3.5-flash", 1_048_576, 65_536, "1.50", "9.00", "minimal low medium high"),
    ("gemini-3.5-flash-lite", 1_048_576, 65_536, "0.30", "2.50", "minimal low medium high"),
    ("gemini-3.1-pro-preview", 1_048_576, 65_536, "2.00", "12.00", "low high"),
    ("gemini-3.1-flash-lite", 1_048_576, 65_536, "0.25", "1.50", "minimal low medium high"),
    ("gemini-3-pro-preview", 1_048_576, 65_536, "2.00", "12.00", "low high"),
    ("gemini-3-flash-preview", 1_048_576, 65_536, "0.50", "3.00", "minimal low medium high"),
    ("gemini-2.5-pro", 1_048_576, 65_536, "1.25", "10.00", "128 32768"),
    ("gemini-2.5-flash", 1_048_576, 65_536, "0.30", "2.50", "0 24576"),
    ("gemini-2.5-flash-lite", 1_048_576, 65_536, "0.10", "0.40", "0 24576"),
    ("gemini-flash-latest", 1_048_576, 65_536, "0.75", "3.75", ""),
    ("gemini-flash-lite-latest", 1_048_576, 65_536, "0.30", "2.50", ""),
    ("gemini-2.0-flash", 1_048_576, 8_192, "0.10", "0.40", ""),
    ("gemini-2.0-flash-001", 1_048_576, 8_192, "0.10", "0.40", ""),
    ("gemini-2.0-flash-lite", 1_048_576, 8_192, "0.075", "0.30", ""),
)

# model, context, input price, texts a call, length of vectors (0: the model's own).
# 1,536 of Gemini's 3,072 numbers retrieve as well (its makers' own figures) and index twice as cheaply.
_GEMINI_EMBEDDING: tuple[tuple[str, int, str, int, int], ...] = (
    ("gemini-embedding-001", 2_048, "0.15", 100, 1_536),
    ("gemini-embedding-2", 8_192, "0.20", 100, 1_536),
    ("text-embedding-004", 2_048, "0", 100, 0),
)

# model, context, max output, input price, output price
_OPENAI_CHAT: tuple[tuple[str, int, int, str, str], ...] = (
    ("gpt-5.6", 1_050_000, 128_000, "5.00", "30.00"),
    ("gpt-5.4", 1_050_000, 128_000, "2.50", "15.00"),
    ("gpt-5.4-mini", 400_000, 128_000, "0.75", "4.50"),
    ("gpt-5.4-nano", 400_000, 128_000, "0.20", "1.25"),
    ("gpt-5.2", 400_000, 128_000, "1.75", "14.00"),
    ("gpt-5.1", 400_000, 128_000, "1.25", "10.00"),
    ("gpt-5", 400_000, 128_000, "1.25", "10.00"),
    ("gpt-5-mini", 400_000, 128_000, "0.25", "2.00"),
    ("gpt-5-nano", 400_000, 128_000, "0.05", "0.40"),
    ("gpt-5-chat-latest", 128_000, 16_384, "1.25", "10.00"),
    ("gpt-4.1", 1_047_576, 32_768, "2.00", "8.00"),
    ("gpt-4.1-mini", 1_047_576, 32_768, "0.40", "1.60"),
    ("gpt-4.1-nano", 1_047_576, 32_768, "0.10", "0.40"),
    ("gpt-4o", 128_000, 16_384, "2.50", "10.00"),
    ("gpt-4o-2024-11-20", 128_000, 16_384, "2.50", "10.00"),
    ("gpt-4o-2024-08-06", 128_000, 16_384, "2.50", "10.00"),
    ("gpt-4o-mini", 128_000, 16_384, "0.15", "0.60"),
    ("gpt-4o-mini-2024-07-18", 128_000, 16_384, "0.15", "0.60"),
    ("chatgpt-4o-latest", 128_000, 16_384, "5.00", "15.00"),
    ("o4-mini", 200_000, 100_000, "1.10", "4.40"),
    ("o3", 200_000, 100_000, "2.00", "8.00"),
    ("o3-mini", 200_000, 100_000, "1.10", "4.40"),
    ("o1", 200_000, 100_000, "15.00", "60.00"),
    ("gpt-4-turbo", 128_000, 4_096, "10.00", "30.00"),
    ("gpt-4", 8_192, 8_192, "30.00", "60.00"),
    ("gpt-3.5-turbo", 16_385, 4_096, "0.50", "1.50"),
)

# A call may hold 300,000 tokens: 32 of the longest texts.
_OPENAI_EMBEDDING: tuple[tuple[str, int, str, int, int], ...] = (
    ("text-embedding-3-small", 8_191, "0.02", 32, 0),
    ("text-embedding-3-large", 8_191, "0.13", 32, 0),
    ("text-embedding-ada-002", 8_191, "0.10", 32, 0),
)

_OPENAI_MODERATION = ("omni-moderation-latest",)
# Models that write speech down, and models that speak with the characters that one call takes.
_GEMINI_EARS = ("gemini-2.5-flash", "gemini-2.5-flash-lite", "gemini-2.5-pro")
_GEMINI_SPEAKERS: tuple[tuple[str, int], ...] = (
    ("gemini-2.5-flash-preview-tts", 600),
    ("gemini-2.5-pro-preview-tts", 600),
)
_OPENAI_EARS = ("gpt-4o-mini-transcribe", "gpt-4o-transcribe", "whisper-1")
_OPENAI_SPEAKERS: tuple[tuple[str, int], ...] = (("gpt-4o-mini-tts", 2_000), ("tts-1", 4_096), ("tts-1-hd", 4_096))
GEMINI_VOICES = (
    "Kore", "Puck", "Zephyr", "Charon", "Fenrir", "Leda", "Orus", "Aoede", "Callirrhoe", "Autonoe", "Enceladus",
    "Iapetus", "Umbriel", "Algieba", "Despina", "Erinome", "Algenib", "Rasalgethi", "Laomedeia", "Achernar", "Alnilam",
    "Schedar", "Gacrux", "Pulcherrima", "Achird", "Zubenelgenubi", "Vindemiatrix", "Sadachbia", "Sadaltager",
    "Sulafat",
)  # fmt: skip
OPENAI_VOICES = ("alloy", "ash", "coral", "echo", "fable", "nova", "onyx", "sage", "shimmer")

# model, context
_COHERE_RERANK: tuple[tuple[str, int], ...] = (
    ("rerank-v4.0-pro", 32_768),
    ("rerank-v4.0-fast", 32_768),
    ("rerank-v3.5", 4_096),
    ("rerank-multilingual-v3.0", 4_096),
    ("rerank-english-v3.0", 4_096),
)
_JINA_RERANK: tuple[tuple[str, int], ...] = (
    ("jina-reranker-v3", 131_072),
    ("jina-reranker-m0", 10_240),
    ("jina-reranker-v2-base-multilingual", 1_024),
)


def is_reasoning(model: str) -> bool:
    """Whether an OpenAI model takes ``max_completion_tokens`` and no sampling parameters."""
    return bool(_REASONING.match(model))


def _pricing(prompt: str, completion: str = "0") -> Pricing:
    return Pricing(Decimal(prompt), Decimal(completion))


def _label(model: str) -> str:
    return " ".join(part.capitalize() for part in model.split("-")) if model.startswith("gemini") else model


def _gemini_rules(longest: int, thinking: str) -> tuple[Mapping[str, object], ...]:
    rules = [
        p.temperature(),
        p.top_p(0.95),
        p.top_k(),
        p.penalty("presence_penalty", "Presence Penalty", "存在惩罚"),
        p.penalty("frequency_penalty", "Frequency Penalty", "频率惩罚"),
        p.max_tokens(longest, name="max_output_tokens"),
        p.response_format(),
        p.json_schema(),
        p.switch("grounding", "Grounding with Google Search", "事实核查"),
        p.switch("url_context", "URL context", "链接详情"),
        p.switch("code_execution", "Code execution", "代码执行"),
    ]
    if thinking:
        rules.append(p.switch("include_thoughts", "Include thoughts", "返回思考过程"))
    levels = thinking.split()
    if levels and levels[0].isdigit():
        low, high = map(int, levels)
        rules.append(
            p.rule("thinking_budget", "Thinking budget", "思考预算", "int", "Tokens for thoughts.", low=low, high=high)
        )
    elif levels:
        rules.append(p.choice("thinking_level", "Thinking level", "思考层级", [level.capitalize() for level in levels]))
    return tuple(rules)


def _openai_rules(model: str, longest: int) -> tuple[Mapping[str, object], ...]:
    rules = [p.max_tokens(longest, default=min(longest, 8_192)), p.response_format(), p.json_schema()]
    if is_reasoning(model):
        efforts = ["low", "medium", "high"]
        if model.startswith("gpt-5"):
            efforts = ["none", "minimal", *efforts, "xhigh"]
            rules.append(p.choice("verbosity", "Verbosity", "详细程度", ["low", "medium", "high"]))
        return (*rules, p.choice("reasoning_effort", "Reasoning effort", "推理努力程度", efforts))
    return (
        p.temperature(),
        p.top_p(),
        p.penalty("presence_penalty", "Presence Penalty", "存在惩罚"),
        p.penalty("frequency_penalty", "Frequency Penalty", "频率惩罚"),
        *rules,
        p.rule("seed", "Seed", "种子", "int", "The same seed and prompt give the same answer where possible."),
    )


def compatible_rules(longest: int) -> tuple[Mapping[str, object], ...]:
    """Parameters of a custom model behind an OpenAI-compatible address."""
    return (
        p.temperature(0.7),
        p.top_p(),
        p.top_k(),
        p.penalty("presence_penalty", "Presence Penalty", "存在惩罚"),
        p.penalty("frequency_penalty", "Frequency Penalty", "频率惩罚"),
        p.max_tokens(longest, default=min(longest, 512)),
        p.response_format(),
        p.json_schema(),
        p.rule("seed", "Seed", "种子", "int", "The same seed and prompt give the same answer where possible."),
    )


def _embedding(model: str, context: int, price: str, chunks: int, dimensions: int) -> ModelCard:
    return ModelCard(
        model, "text-embedding", _label(model), context_size=context, max_chunks=chunks, dimensions=dimensions,
        pricing=_pricing(price), deprecated=model == "text-embedding-004",
    )  # fmt: skip


def _rerank(model: str, context: int) -> ModelCard:
    return ModelCard(model, "rerank", model, context_size=context)


def _ear(model: str, label: str = "") -> ModelCard:
    return ModelCard(model, "speech2text", label or _label(model))


def speaker(
    model: str, longest: int, voices: Sequence[str], label: str = "", languages: tuple[str, ...] = ()
) -> ModelCard:
    """The card of a model that speaks."""
    found = tuple(Voice(voice, voice.capitalize(), languages) for voice in voices)
    return ModelCard(model, "tts", label or _label(model), voices=found, longest_text=longest)


def _openai_features(model: str) -> tuple[str, ...]:
    if model in ("gpt-4", "gpt-3.5-turbo"):
        return _TOOLS
    return tuple(feature for feature in _OPENAI if feature != "vision") if model == "o3-mini" else _OPENAI


def _moderation(model: str) -> ModelCard:
    return ModelCard(model, "moderation", model)


def _load() -> dict[str, tuple[ModelCard, ...]]:
    gemini = [
        ModelCard(
            model, "llm", _label(model), context_size=context, max_output=longest, features=_GEMINI,
            pricing=_pricing(prompt, answer), parameter_rules=_gemini_rules(longest, thinking),
            deprecated=model.startswith("gemini-2.0"),
        )
        for model, context, longest, prompt, answer, thinking in _GEMINI_CHAT
    ]  # fmt: skip
    openai = [
        ModelCard(
            model, "llm", _label(model), context_size=context, max_output=longest, features=_openai_features(model),
            pricing=_pricing(prompt, answer), parameter_rules=_openai_rules(model, longest),
        )
        for model, context, longest, prompt, answer in _OPENAI_CHAT
    ]  # fmt: skip
    local = ModelCard(
        LOCAL_MODEL, "llm", "SmolLM2 135M Instruct (packaged)", context_size=8_192, max_output=2_048,
        # A grammar holds it to a schema. It does not call tools.
        features=("structured-output",), pricing=None, parameter_rules=compatible_rules(2_048),
    )  # fmt: skip
    # Beyond 512 tokens the model's process averages over windows; the limit bounds the time of one text.
    local_embedding = ModelCard(
        LOCAL_EMBEDDING, "text-embedding", "Multilingual E5 small (packaged)", context_size=8_192, max_chunks=16,
    )  # fmt: skip
    local_speech = (
        _ear(LOCAL_EAR, "PocketSphinx, English (packaged)"),
        speaker(LOCAL_VOICE, 10_000, ["heart"], "Hibari, English (packaged)", ("en-US",)),
    )
    return {
        GOOGLE: (
            *gemini, *(_embedding(*row) for row in _GEMINI_EMBEDDING), *map(_ear, _GEMINI_EARS),
            *(speaker(*row, GEMINI_VOICES) for row in _GEMINI_SPEAKERS),
        ),
        OPENAI: (
            *openai, *(_embedding(*row) for row in _OPENAI_EMBEDDING), *map(_ear, _OPENAI_EARS),
            *(speaker(*row, OPENAI_VOICES) for row in _OPENAI_SPEAKERS), *map(_moderation, _OPENAI_MODERATION),
        ),
        COHERE: tuple(_rerank(*row) for row in _COHERE_RERANK),
        JINA: tuple(_rerank(*row) for row in _JINA_RERANK),
        LOCAL: (local, local_embedding, *local_speech),
    }


MODELS: Mapping[str, tuple[ModelCard, ...]] = _load()


def find(provider: str, model: str, model_type: ModelType) -> ModelCard | None:
    """The card of a predefined model, by full provider id."""
    return next(
        (card for card in MODELS.get(provider, ()) if card.model == model and card.model_type == model_type), None
    )
