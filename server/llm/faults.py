"""What a provider's refusal means, told from its status and error body."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from server.kit.errors import AppError, Reason
from server.llm.port import Fault, ModelFault, ModelType

UNREACHABLE = "The model provider could not be reached."
SILENT = "The model provider did not answer in time."
BROKEN = "The model provider ended the answer before it was complete."
MALFORMED = "The model provider sent a malformed answer."
BLOCKED = "The model returned no text because its safety filter blocked the request ({reason})."

_LONGEST_MESSAGE = 1000
_SECRETS = re.compile(r"(sk-|AIza)[\w*-]{8,}")


def unsupported(provider: str, model_type: ModelType) -> AppError:
    """A provider is asked for a kind of model that it does not have."""
    return AppError(Reason.MODEL_CURRENTLY_NOT_SUPPORT, f"Provider {provider} has no {model_type} models.")


@dataclass(frozen=True, slots=True)
class Refusal:
    """An error answer, whatever the provider: ``code`` is its word for the error."""

    status: int
    code: str
    message: str
    retry_after: float | None = None
    daily_quota: bool = False


def classify(refusal: Refusal) -> ModelFault:
    """The fault of an error answer; ``message`` keeps the provider's text without keys."""
    message = _SECRETS.sub(r"\1***", refusal.message.strip())[:_LONGEST_MESSAGE]
    fault = _kind(refusal, message.lower())
    shown = message or f"The model provider answered with status {refusal.status}."
    return ModelFault(
        fault, shown, retry_after=refusal.retry_after, detail=f"status={refusal.status} code={refusal.code} {shown}"
    )


def _kind(refusal: Refusal, text: str) -> Fault:
    code = refusal.code.lower()
    if refusal.status in (401, 403) or "api_key_invalid" in code or "invalid_api_key" in code:
        return "auth"
    if refusal.status == 402 or "insufficient_quota" in code or refusal.daily_quota:
        return "quota"
    if refusal.status == 429:
        return "quota" if refusal.retry_after is None and "quota" in text else "rate_limit"
    if refusal.status == 404 or "model_not_found" in code:
        return "model"
    if refusal.status >= 500 or refusal.status in (408, 409, 425):
        return "unavailable"
    return "request"


def retry_after_of(headers: Mapping[str, str]) -> float | None:
    """Seconds a ``Retry-After`` (or ``retry-after-ms``) header asks to wait; None without one."""
    if milliseconds := headers.get("retry-after-ms"):
        try:
            return max(0.0, float(milliseconds) / 1000)
        except ValueError:
            return None
    value = headers.get("retry-after")
    if not value:
        return None
    try:
        return max(0.0, float(value))
    except ValueError:
        pass
    try:
        moment = parsedate_to_datetime(value)
    except ValueError:
        return None
    return max(0.0, (moment - datetime.now(UTC)).total_seconds())
