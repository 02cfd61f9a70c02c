"""What cleaning takes away and what it keeps (rag-engine.md section 3)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.ingest.clean import clean
from server.ingest.rules import ProcessRule, Segmentation


def rule(*enabled: str) -> ProcessRule:
    return ProcessRule("custom", tuple((name, True) for name in enabled), Segmentation())


NONE, SPACES, URLS = rule(), rule("remove_extra_spaces"), rule("remove_urls_emails")


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("<|im_start|>x", "<im_start>x"),
        ("a\x00b\x08c\x0bd\x0ce\x1ff\x7fg\ufffeh", "abcdefgh"),
        ("tab\tline\nreturn\r", "tab\tline\nreturn\r"),
        ("naïve ¿qué? ¾", "naïve ¿qué? ¾"),
        ("a\n\n\n\n\nb  \t c", "a\n\n\n\n\nb  \t c"),
        ("see https://a.b or me@a.bc", "see https://a.b or me@a.bc"),
    ],
)
def test_without_rules_only_marks_and_control_characters_go(text: str, kept: str) -> None:
    assert clean(text, NONE) == kept


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("a\n\n\n\n\nb  \t c", "a\n\nb c"),
        ("a\n\nb\nc", "a\n\nb\nc"),
        ("a\tb", "a\tb"),
        ("a \tb", "a b"),
        ("a\u3000\u00a0b\u3000c", "a b\u3000c"),
        ("a\n\x00\n\nb", "a\n\nb"),
    ],
)
def test_extra_spaces_shrink(text: str, kept: str) -> None:
    assert clean(text, SPACES) == kept


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("write to me.you+x@mail.example.com now", "write to  now"),
        ("邮箱a@b.com。", "邮箱。"),
        ("a@b@c.de", "a@"),
        ("see https://x.y/z?q=1 end", "see  end"),
        ("see http://x.y", "see "),
        ("[text](https://x.y/z) and https://gone.z", "[text](https://x.y/z) and "),
        ("![a chart](https://x.y/c.png)", "![image](https://x.y/c.png)"),
        ("![a chart](/files/c.png)", "![a chart](/files/c.png)"),
        ("[a](https://x.y)。https://gone.z [b](http://k.z)", "[a](https://x.y)。 [b](http://k.z)"),
    ],
)
def test_addresses_go_but_not_targets_of_links_and_images(text: str, kept: str) -> None:
    assert clean(text, URLS) == kept


def test_stop_words_rule_does_nothing() -> None:
    assert clean("the and of", rule("remove_stopwords")) == "the and of"


@given(st.text(alphabet="a @.\n\t\x00<|>![](]h", max_size=60), st.text(alphabet="a@.b \n\x00", max_size=40))
def test_cleaning_in_blocks_is_cleaning_at_once(before: str, after: str) -> None:
    text = f"{before}\nsee ![x](https://a.b/c) {after}\n\n\n\nend" * 2
    every = rule("remove_extra_spaces", "remove_urls_emails")
    assert clean(text, every, block=3) == clean(text, every)


@pytest.mark.timeout(20)
@pytest.mark.parametrize("piece", ["a", "a@", "![", "](https://a", "https://", "<|", " \n", "[a](https://"])
def test_million_characters_of_any_kind_take_linear_time(piece: str) -> None:
    """Quadratic expressions would need hours for these."""
    text = piece * (1_000_000 // len(piece))
    assert len(clean(text, rule("remove_extra_spaces", "remove_urls_emails"))) <= len(text)
