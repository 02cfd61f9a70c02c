"""Which voice speaks."""

from __future__ import annotations

import pytest

from server.audio.model import chosen_voice
from server.kit.errors import AppError
from server.llm.catalogue import speaker

CARD = speaker("voice", 100, ["ann", "bob"])


def test_voice_that_the_model_lacks_is_refused_when_it_was_asked_for() -> None:
    assert chosen_voice(CARD, "bob", strict=True) == "bob"
    assert chosen_voice(CARD, "", strict=True) == "ann"
    assert chosen_voice(CARD, "alloy", strict=False) == "ann"
    with pytest.raises(AppError, match="voice must be one of ann, bob"):
        chosen_voice(CARD, "alloy", strict=True)


def test_model_without_a_voice_is_refused() -> None:
    with pytest.raises(AppError) as caught:
        chosen_voice(speaker("mute", 100, []), "", strict=False)
    assert (caught.value.reason.value, str(caught.value)) == ("invalid_param", "Sorry, no voice available.")
