"""Typed responses as REST JSON (architecture.md section 2)."""

from __future__ import annotations

import json
from typing import Any

import pytest
from google.protobuf import descriptor_pool, empty_pb2, message_factory
from google.protobuf.descriptor_pb2 import FileDescriptorSet
from google.protobuf.message import Message

from gateway.gen import PROTO, compile_protos
from server.edge.printer import to_json, to_python

SOURCE = """
syntax = "proto3";
package transom.printed.v1;
import "google/protobuf/empty.proto";
import "google/protobuf/struct.proto";
import "transom/common/v1/options.proto";
message Kinds {
  string text = 1; uint32 count = 2; int64 large = 3; double ratio = 4; bool yes = 5;
  optional string maybe = 6; optional uint32 number = 7;
  optional string hidden = 8 [(transom.common.v1.wire) = {omit_unset: true}];
  repeated string tags = 9; Kinds child = 10; repeated Kinds children = 11;
  google.protobuf.Struct object = 12; google.protobuf.Value any = 13; repeated google.protobuf.Struct objects = 14;
  google.protobuf.ListValue list = 15;
  Kinds absent = 16 [(transom.common.v1.wire) = {omit_unset: true}];
}
message Names { repeated string names = 1 [(transom.common.v1.wire) = {unwrap: true}]; }
message Maybe { optional string name = 1 [(transom.common.v1.wire) = {unwrap: true}]; }
message Either {
  oneof which {
    Names names = 1 [(transom.common.v1.wire) = {unwrap: true}];
    Kinds kinds = 2 [(transom.common.v1.wire) = {unwrap: true}];
  }
}
message Holder { Names names = 1; Maybe maybe = 2; repeated Either either = 3; google.protobuf.Empty empty = 4; }
"""
UNSET = {
    "text": "", "count": 0, "large": 0, "ratio": 0.0, "yes": False, "maybe": None, "number": None, "tags": [], "child": None,
    "children": [], "object": None, "any": None, "objects": [], "list": None,
}  # fmt: skip


@pytest.fixture(scope="module")
def make(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Makes messages of the types above."""
    folder = tmp_path_factory.mktemp("printed")
    file = folder / "transom" / "printed" / "v1" / "printed.proto"
    file.parent.mkdir(parents=True)
    file.write_text(SOURCE)
    compile_protos(folder, folder / "printed.binpb", imports=[PROTO])
    every = FileDescriptorSet.FromString((folder / "printed.binpb").read_bytes()).file
    # Into the pool of the generated code: options are read from there. It must know what the file imports.
    assert empty_pb2.DESCRIPTOR.pool is descriptor_pool.Default()
    descriptor_pool.Default().Add(next(one for one in every if one.package == "transom.printed.v1"))

    def message(name: str, /, **fields: Any) -> Message:
        found = descriptor_pool.Default().FindMessageTypeByName(f"transom.printed.v1.{name}")
        return message_factory.GetMessageClass(found)(**fields)

    return message


def test_unset_fields_print_their_zero_or_null_or_nothing(make: Any) -> None:
    assert to_python(make("Kinds")) == UNSET
    assert json.loads(to_json(make("Kinds"))) == UNSET


def test_fields_print_in_the_order_of_their_declaration(make: Any) -> None:
    assert list(to_python(make("Kinds"))) == list(UNSET)


def test_set_presence_fields_print_their_value_even_when_it_is_zero(make: Any) -> None:
    printed = to_python(make("Kinds", maybe="", number=0, hidden="", child={}, absent={}))
    assert (printed["maybe"], printed["number"], printed["hidden"]) == ("", 0, "")
    assert printed["child"] == printed["absent"] == UNSET


def test_lists_and_children_print_deep(make: Any) -> None:
    child = make("Kinds", text="c", tags=["x", "y"])
    printed = to_python(make("Kinds", tags=["a"], children=[child, child], child=make("Kinds", child=child)))
    assert printed["tags"] == ["a"]
    assert [one["tags"] for one in printed["children"]] == [["x", "y"]] * 2
    assert printed["child"]["child"]["text"] == "c"


def test_text_is_not_escaped_beyond_json(make: Any) -> None:
    assert b'"text":"\xc3\xa9 <b> \xe2\x80\xa8 \\" \\\\ \\n"' in to_json(make("Kinds", text='é <b> \u2028 " \\ \n'))


@pytest.mark.parametrize(
    ("number", "printed"),
    [
        (5.0, "5"), (-3.0, "-3"), (0.0, "0"), (5.5, "5.5"), (2.0**53, "9007199254740992"), (0.1, "0.1"),
        (0.76823762498679571, "0.7682376249867957"), (1e300, "1e+300"), (1e-7, "1e-7"),
    ],
)  # fmt: skip
def test_whole_numbers_of_free_form_objects_stay_whole(make: Any, number: float, printed: str) -> None:
    message = make("Kinds", object={"n": number})
    assert f'"object":{{"n":{printed}}}'.encode() in to_json(message)


def test_typed_numbers_print_by_their_type(make: Any) -> None:
    printed = to_json(make("Kinds", count=4_000_000_000, large=2**60, ratio=5.0))
    assert b'"count":4000000000,"large":1152921504606846976,"ratio":5.0' in printed


def test_free_form_values_print_as_they_are(make: Any) -> None:
    message = make("Kinds", object={"b": [1, None, {"x": True}], "a": {"": ""}}, objects=[{"n": 1}, {}])
    message.any.null_value = 0
    message.list.extend(["a", 2, None])
    printed = to_python(message)
    assert printed["object"] == {"a": {"": ""}, "b": [1, None, {"x": True}]}
    assert list(printed["object"]) == ["a", "b"]
    assert (printed["any"], printed["objects"], printed["list"]) == (None, [{"n": 1}, {}], ["a", 2, None])


def test_unwrapped_field_is_the_whole_value(make: Any) -> None:
    assert to_json(make("Names", names=["a", "b"])) == b'["a","b"]'
    assert to_json(make("Names")) == b"[]"
    assert to_json(make("Maybe", name="a")) == b'"a"'
    assert to_json(make("Maybe")) == b"null"


def test_of_several_unwrapped_fields_the_set_one_is_the_value(make: Any) -> None:
    assert to_python(make("Either", names={"names": ["a"]})) == ["a"]
    assert to_python(make("Either", kinds={"text": "a"})) == UNSET | {"text": "a"}
    assert to_python(make("Either")) is None


def test_unwrapped_messages_print_inside_others(make: Any) -> None:
    assert to_python(make("Holder")) == {"names": None, "maybe": None, "either": [], "empty": None}
    full = make("Holder", names={"names": ["a"]}, maybe={}, either=[{"names": {}}, {}], empty={})
    assert to_python(full) == {"names": ["a"], "maybe": None, "either": [[], None], "empty": {}}
