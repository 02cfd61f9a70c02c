"""Types of values and how they print (workflow-engine.md 1.2, 1.3)."""

from __future__ import annotations

import json
from typing import Any

import pytest

from server.engine import template, values
from server.engine.pool import Pool, Variables
from server.engine.values import File

IMAGE = File("image", "local_file", name="a.png", extension=".png", mime_type="image/png", size=3, id="f1", url="http://x/a")
PDF = File("document", "remote_url", name="b.pdf", remote_url="http://x/b")

PRINTED: list[tuple[str, Any, str, str]] = [
    ("string", "hi", "hi", "hi"),
    ("integer", 5, "5", "5"),
    ("float", 2.5, "2.5", "2.5"),
    ("whole-float", 3.0, "3.0", "3.0"),
    ("true", True, "True", "True"),
    ("false", False, "False", "False"),
    ("none", None, "", ""),
    ("object", {"a": 1}, '{"a": 1}', '{\n  "a": 1\n}'),
    ("object-unicode", {"ä": "好"}, '{"ä": "好"}', '{\n  "ä": "好"\n}'),
    ("strings", ["x", "y"], '["x", "y"]', "- x\n- y"),
    ("objects", [{"a": 1}, {"b": 2}], "[{'a': 1}, {'b': 2}]", "- {'a': 1}\n- {'b': 2}"),
    ("booleans", [True, False], "[True, False]", "- True\n- False"),
    ("numbers", [1, 2.5], "[1, 2.5]", "- 1\n- 2.5"),
    ("mixed", [1, "x"], "[1, 'x']", "- 1\n- x"),
    ("empty", [], "", ""),
    ("image", IMAGE, "", "![a.png](http://x/a)"),
    ("document", PDF, "", "[b.pdf](http://x/b)"),
    ("files", [IMAGE, PDF], "", "![a.png](http://x/a)\n[b.pdf](http://x/b)"),
]


@pytest.mark.parametrize(("value", "text", "markdown"), [row[1:] for row in PRINTED], ids=[row[0] for row in PRINTED])
def test_value_prints_in_both_forms(value: Any, text: str, markdown: str) -> None:
    assert values.text(value) == text
    assert values.markdown(value) == markdown


TYPES: list[tuple[Any, str]] = [
    (None, "none"), ("", "string"), (1, "integer"), (1.5, "float"), (True, "boolean"), ({}, "object"), (IMAGE, "file"),
    ([], "array[any]"), (["a"], "array[string]"), ([1, 2.5], "array[number]"), ([True], "array[boolean]"),
    ([{}], "array[object]"), ([IMAGE], "array[file]"), ([1, "a"], "array[any]"), ([None], "array[any]"),
    ([["a"]], "array[any]"),
]  # fmt: skip


@pytest.mark.parametrize(("value", "kind"), TYPES, ids=[f"{index}-{kind}" for index, (_, kind) in enumerate(TYPES)])
def test_value_has_a_type(value: Any, kind: str) -> None:
    assert values.type_of(value) == kind


def test_numbers_are_exposed_as_one_type() -> None:
    assert [values.exposed(kind) for kind in ("integer", "float", "array[number]")] == ["number", "number", "array[number]"]


def test_files_survive_json() -> None:
    value = {"files": [IMAGE, PDF], "n": None, "deep": {"file": IMAGE}}
    assert values.decode(json.loads(json.dumps(values.encode(value)))) == value


@pytest.mark.parametrize("value", [
    {"__file__": {"type": "image", "id": "of somebody else"}}, {"__object__": {"__file__": 1}}, {"a": {"__object__": 1, "b": 2}},
], ids=["file", "object", "inside"])  # fmt: skip
def test_object_that_looks_like_a_file_stays_an_object(value: Any) -> None:
    assert values.decode(json.loads(json.dumps(values.encode(value)))) == value


POOL = Pool({
    "n": {"s": "hi", "obj": {"key": "deep", "none": None}, "f": IMAGE, "l": ["x"], "none": None},
    "n_1": {"a1": "under"},
})
RENDERED = [
    ("plain", "no references", "no references"),
    ("simple", "{{#n.s#}}!", "hi!"),
    ("two", "{{#n.s#}}{{#n.s#}}", "hihi"),
    ("into-object", "{{#n.obj.key#}}", "deep"),
    ("into-file", "{{#n.f.name#}} {{#n.f.size#}} {{#n.f.related_id#}}", "a.png 3 f1"),
    ("three-braces", "{{{#n.s#}}}", "{hi}"),
    ("written-none", "[{{#n.none#}}]", "[]"),
    ("none-in-object", "[{{#n.obj.none#}}]", "[]"),
    ("unresolved", "{{#a.b#}}", "a.b"),
    ("unresolved-deep", "{{#n.obj.nothing#}}", "n.obj.nothing"),
    ("list-is-not-walked", "{{#n.l.0#}}", "n.l.0"),
    ("no-such-file-attribute", "{{#n.f.id#}}", "n.f.id"),
    ("hyphen-in-id", "{{#bad-id.x#}}", "{{#bad-id.x#}}"),
    ("spaces", "{{ #n.s# }} {{# n.s #}}", "{{ #n.s# }} {{# n.s #}}"),
    ("jinja", "{{n.s}}", "{{n.s}}"),
    ("context", "{{#context#}}", "{{#context#}}"),
    ("long-id", "{{#" + "a" * 51 + ".b#}}", "{{#" + "a" * 51 + ".b#}}"),
    ("long-name", "{{#n." + "b" * 31 + "#}}", "{{#n." + "b" * 31 + "#}}"),
    ("underscores-and-digits", "{{#n_1.a1#}}", "under"),
]


@pytest.mark.parametrize(("text", "expected"), [row[1:] for row in RENDERED], ids=[row[0] for row in RENDERED])
def test_template_renders(text: str, expected: str) -> None:
    assert template.render(text, POOL.find) == expected


def test_template_lists_its_references_in_order_with_repetitions() -> None:
    assert template.references("{{#b.x#}} {{#a.y.z#}} {{#b.x#}} {{#no#}}") == [("b", "x"), ("a", "y", "z"), ("b", "x")]


def test_copies_of_a_pool_do_not_see_each_others_writes() -> None:
    pool = Pool({"a": {"x": 1}, "b": {"y": 1}})
    copy = pool.copy()
    pool.set("a", "x", 2)
    copy.set("b", "y", 3)
    copy.set("c", "z", 4)
    assert [pool.find(("a", "x")), pool.find(("b", "y")), pool.find(("c", "z"))] == [(True, 2), (True, 1), (False, None)]
    assert [copy.find(("a", "x")), copy.find(("b", "y"))] == [(True, 1), (True, 3)]


def test_pool_survives_json_without_secrets() -> None:
    given = Variables(environment={"key": "s3cret"}, conversation={"list": []}, conversation_types={"list": "array[string]"})
    pool = Pool.start(given)
    pool.update("n", {"file": IMAGE})
    text = json.dumps(pool.dump())
    assert "s3cret" not in text
    loaded = Pool.load(json.loads(text), given)
    assert loaded.find(("env", "key")) == (True, "s3cret")
    assert loaded.find(("n", "file")) == (True, IMAGE)
    assert loaded.type_of(("conversation", "list")) == "array[string]"


def test_pool_puts_what_a_long_selector_leads_to() -> None:
    pool = Pool()
    pool.put(("n", "o", "a", "b"), 1)
    pool.put(("n", "o", "a", "c"), 2)
    assert pool.find(("n", "o")) == (True, {"a": {"b": 1, "c": 2}})
