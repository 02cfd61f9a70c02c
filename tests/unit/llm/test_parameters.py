"""Parameters are checked against a model's rules before a call."""

from __future__ import annotations

import pytest

from server.kit.errors import AppError, Reason
from server.llm.catalogue import compatible_rules, find
from server.llm.names import GOOGLE
from server.llm.parameters import checked

RULES = compatible_rules(4_096)


def test_known_parameters_pass_and_unknown_ones_and_nulls_are_dropped() -> None:
    given = {"temperature": 1, "max_tokens": 512.0, "stop": ["x"], "top_p": None, "unheard_of": True}
    assert checked(RULES, given) == {"temperature": 1, "max_tokens": 512}


def test_template_name_fills_a_parameter_of_another_name() -> None:
    card = find(GOOGLE, "gemini-2.5-flash", "llm")
    assert card is not None
    assert checked(card.parameter_rules, {"max_tokens": 100}) == {"max_output_tokens": 100}
    assert checked(card.parameter_rules, {"max_tokens": 100, "max_output_tokens": 7}) == {"max_output_tokens": 7}


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("temperature", 2.5, "less than or equal to 2"),
        ("temperature", -1, "greater than or equal to 0"),
        ("temperature", "hot", "should be float"),
        ("temperature", True, "should be float"),
        ("max_tokens", 1.5, "should be int"),
        ("max_tokens", 4_097, "less than or equal to 4096"),
        ("response_format", "xml", "should be one of"),
    ],
)
def test_bad_value_names_the_parameter(name: str, value: object, text: str) -> None:
    with pytest.raises(AppError) as caught:
        checked(RULES, {name: value})
    assert caught.value.reason == Reason.INVALID_PARAM
    assert name in str(caught.value) and text in str(caught.value)
