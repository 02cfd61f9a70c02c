"""Rules of recordings, and what is asked of a voice."""

from __future__ import annotations

from dataclasses import dataclass

from server.file.model import FileHead
from server.kit.errors import AppError, Reason, invalid_param
from server.llm.port import ModelCard
from server.llm.sound import Form

LARGEST_RECORDING = 30 * 1024 * 1024
LONGEST_TEXT = 10_000
# The types that are taken, and no other name of the same format (service-api.md 7.1).
MIME_TYPES = frozenset({"audio/mp3", "audio/m4a", "audio/wav", "audio/amr", "audio/mpga"})


class RecordingRules:
    """What an uploaded recording may be; for ``UploadReader``."""

    def head(self, filename: str, content_type: str) -> FileHead:
        """Check the head of the file part. Raises unsupported_audio_type."""
        mime_type = content_type.partition(";")[0].strip().lower()
        if mime_type not in MIME_TYPES:
            raise AppError(Reason.UNSUPPORTED_AUDIO_TYPE)
        return FileHead(filename, "", mime_type)

    def size_of(self, extension: str) -> int:  # noqa: ARG002 - one size for all
        """Most bytes."""
        return LARGEST_RECORDING


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be read aloud. ``voice`` None: the app's; empty: the model's first."""

    message_id: str
    text: str
    voice: str | None
    form: Form = "mp3"


def chosen_voice(card: ModelCard, wanted: str, *, strict: bool) -> str:
    """A voice of the model. One that it does not have is refused if ``strict``, else its first takes the place.

    Raises invalid_param.
    """
    known = [voice.id for voice in card.voices]
    if not known:
        raise invalid_param("Sorry, no voice available.")
    if wanted in known:
        return wanted
    if wanted and strict:
        raise invalid_param(f"voice must be one of {', '.join(known)}, the voices of {card.model}")
    return known[0]
