"""The generator: what it refuses, what it renders, and that Envoy takes it."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner
from google.protobuf.descriptor_pb2 import FileDescriptorSet

from gateway.__main__ import main
from gateway.contract import Binding, ContractError, bindings, load, pairs
from gateway.gen import GENERATED, PROTO, compile_protos
from gateway.view import rest_view
from tests.gateway.running import envoy_program

ROOT = Path(__file__).resolve().parents[2]
HEAD = """
syntax = "proto3";
package transom.try.v1;
import "google/api/annotations.proto";
import "google/api/httpbody.proto";
import "google/protobuf/struct.proto";
message Request {
  string id = 1; string other_id = 2; repeated string ids = 3; Request inner = 4; string response_mode = 5;
  google.protobuf.Struct inputs = 6; google.protobuf.Value value = 7;
}
message Plain { string id = 1; }
message Reply {}
"""

Refusal = Callable[[str], str]


def rpc(name: str, rule: str, *, request: str = "Request", stream: bool = False) -> str:
    """One RPC with an HTTP rule."""
    returns = "stream Reply" if stream else "Reply"
    return f"rpc {name}({request}) returns ({returns}) {{ option (google.api.http) = {{{rule}}}; }}\n"


def service(name: str, *rpcs: str) -> str:
    """A service of some RPCs."""
    return f"service {name} {{ {''.join(rpcs)} }}\n"


@pytest.fixture
def contract_of(tmp_path: Path) -> Callable[[str], list[Binding]]:
    """The bindings of some services."""

    def read(services: str) -> list[Binding]:
        file = tmp_path / "transom" / "try" / "v1" / "try.proto"
        file.parent.mkdir(parents=True)
        file.write_text(HEAD + services)
        compile_protos(tmp_path, tmp_path / "try.binpb", imports=[PROTO])
        return bindings(load((tmp_path / "try.binpb").read_bytes()))

    return read


@pytest.fixture
def refusal(contract_of: Callable[[str], list[Binding]]) -> Refusal:
    """Why some services are refused."""

    def read(services: str) -> str:
        with pytest.raises(ContractError) as caught:
            contract_of(services)
        return str(caught.value)

    return read


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ('get: "/v1/a"', 'get: "/v1/a"'),
        ('get: "/v1/a/{id}"', 'get: "/v1/a/{other_id}"'),
        ('post: "/v1/a" body: "*"', 'post: "/v1/a"'),
        ('get: "/v1/b" additional_bindings { get: "/v1/a" }', 'get: "/v1/a"'),
        ('get: "/v1/{id=**}/a"', 'get: "/v1/{other_id=**}/a"'),
    ],
)
@pytest.mark.parametrize("services", [1, 2])
def test_two_rpcs_with_one_method_and_path_are_refused(refusal: Refusal, first: str, second: str, services: int) -> None:
    both = (rpc("First", first), rpc("Second", second))
    said = refusal(service("A", *both) if services == 1 else service("A", both[0]) + service("B", both[1]))
    assert "First" in said
    assert "Second" in said
    assert "all claim" in said


def test_one_rpc_that_binds_a_path_twice_is_refused(refusal: Refusal) -> None:
    twice = rpc("Get", 'get: "/v1/a" additional_bindings { get: "/v1/a" }')
    assert "all claim" in refusal(service("A", twice))


def test_same_path_with_another_method_is_taken(contract_of: Callable[[str], list[Binding]]) -> None:
    found = contract_of(service("A", rpc("Get", 'get: "/v1/a"'), rpc("Post", 'post: "/v1/a"')))
    assert [(one.verb, one.path) for one in found] == [("GET", "/v1/a"), ("POST", "/v1/a")]


def test_literal_path_beside_a_variable_is_taken(contract_of: Callable[[str], list[Binding]]) -> None:
    assert len(contract_of(service("A", rpc("Get", 'get: "/v1/{id}"'), rpc("Tags", 'get: "/v1/tags"')))) == 2


TALK = 'post: "/v1/talk" body: "*"'
BLOCK, STREAM = rpc("Talk", TALK), rpc("Stream", TALK, stream=True)


def test_blocking_and_streaming_rpc_may_share_a_path(contract_of: Callable[[str], list[Binding]]) -> None:
    found = contract_of(service("A", BLOCK) + service("B", STREAM))
    assert [(block.rpc, stream.rpc) for block, stream in pairs(found)] == [
        ("/transom.try.v1.A/Talk", "/transom.try.v1.B/Stream")
    ]


@pytest.mark.parametrize(
    "services",
    [
        service("A", rpc("Talk", TALK, request="Plain")) + service("B", rpc("Stream", TALK, request="Plain", stream=True)),
        service("A", STREAM) + service("B", STREAM),
        service("A", BLOCK) + service("B", STREAM) + service("C", rpc("Third", TALK)),
    ],
)
def test_pair_that_response_mode_cannot_tell_apart_is_refused(refusal: Refusal, services: str) -> None:
    assert "all claim" in refusal(services)


def test_streaming_half_in_a_service_with_other_rpcs_is_refused(refusal: Refusal) -> None:
    services = service("A", BLOCK) + service("B", STREAM, rpc("Get", 'get: "/v1/x"'))
    assert "may hold nothing else" in refusal(services)


@pytest.mark.parametrize("name", ["nothing", "inner", "inner.id", "ids", "inputs"])
def test_path_variable_that_a_body_or_query_could_override_is_refused(refusal: Refusal, name: str) -> None:
    # Only for a plain field of the request itself does Envoy see that the two contradict each other.
    said = refusal(service("A", rpc("Get", f'get: "/v1/{{{name}}}"')))
    assert "no plain field" in said
    assert name in said


def test_body_that_is_also_a_path_variable_is_refused(refusal: Refusal) -> None:
    assert "no plain field" in refusal(service("A", rpc("Post", 'post: "/v1/{inner}" body: "inner"')))


def test_every_path_variable_is_ignored_as_a_query_parameter(rendered: Callable[..., dict[str, Any]], contract: list[Binding]) -> None:
    transcoders = [item for item in every_dict(rendered()) if "ignored_query_parameters" in item]
    assert len(transcoders) > 1
    variables = {name for binding in contract for name in binding.variables}
    allowed = {name for binding in contract for name in binding.queries} & variables
    for transcoder in transcoders:
        assert set(transcoder["ignored_query_parameters"]) >= variables - allowed


def every_dict(item: Any) -> list[dict[str, Any]]:
    """All objects of a JSON document."""
    inside = item.values() if isinstance(item, dict) else item if isinstance(item, list) else ()
    return [*([item] if isinstance(item, dict) else []), *(one for part in inside for one in every_dict(part))]


@pytest.mark.parametrize(
    ("rule", "reason"),
    [
        ('post: "/v1/a" body: "value"', "hangs on a bare number"),
        ('post: "/v1/a" body: "id"', "no message"),
        ('post: "/v1/a" body: "nothing"', "no message"),
        ('get: "/v1/{id=**}/a/{other_id}"', "which Envoy refuses"),
    ],
)
def test_rule_that_envoy_could_not_serve_is_refused(refusal: Refusal, rule: str, reason: str) -> None:
    assert reason in refusal(service("A", rpc("Call", rule)))


def test_bare_value_as_a_body_is_refused(refusal: Refusal) -> None:
    call = rpc("Call", 'post: "/v1/a" body: "*"', request="google.protobuf.Value")
    assert "hangs on a bare number" in refusal(service("A", call))


def test_no_path_of_the_product_can_be_taken_for_another(contract: list[Binding]) -> None:
    shared = [(block.verb, block.path) for block, _ in pairs(contract)]
    places = [(binding.verb, binding.shape) for binding in contract]
    assert len(places) - len(set(places)) == len(shared)


def test_committed_files_are_what_the_protos_say() -> None:
    done = CliRunner().invoke(main, ["check"])
    assert done.exit_code == 0, done.output


def validate(file: Path) -> subprocess.CompletedProcess[str]:
    """Let Envoy check a configuration, with descriptors and Lua."""
    command = [envoy_program(), "--mode", "validate", "-l", "error", "-c", str(file)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


def test_envoy_takes_the_committed_configuration(tmp_path: Path) -> None:
    text = (ROOT / "envoy" / "envoy.yaml").read_text()
    # Where the image keeps them.
    for name, place in (("rest.binpb", GENERATED / "rest.binpb"), ("rest_shape.lua", ROOT / "envoy" / "rest_shape.lua")):
        assert f"/etc/envoy/{name}" in text
        text = text.replace(f"/etc/envoy/{name}", str(place))
    (tmp_path / "envoy.yaml").write_text(text)
    done = validate(tmp_path / "envoy.yaml")
    assert done.returncode == 0, done.stderr


def test_envoy_refuses_a_configuration_without_its_services(tmp_path: Path) -> None:
    text = (ROOT / "envoy" / "envoy.yaml").read_text().replace("/etc/envoy/rest_shape.lua", str(ROOT / "envoy/rest_shape.lua"))
    view = FileDescriptorSet.FromString((GENERATED / "rest.binpb").read_bytes())
    for file in view.file:
        file.ClearField("service")
    (tmp_path / "rest.binpb").write_bytes(view.SerializeToString())
    (tmp_path / "envoy.yaml").write_text(text.replace("/etc/envoy/rest.binpb", str(tmp_path / "rest.binpb")))
    assert "Could not find" in validate(tmp_path / "envoy.yaml").stderr


def test_rendered_configuration_listens_where_it_is_told(tmp_path: Path) -> None:
    out = tmp_path / "envoy.yaml"
    arguments = ["render", "--out", str(out), "--listen", "127.0.0.1", "--port", "1234", "--admin-port", "1235",
                 "--endpoint", "127.0.0.1:1", "--endpoint", "host.example:2", "--console-origin", "https://a.example"]
    done = CliRunner().invoke(main, arguments)
    assert done.exit_code == 0, done.output
    config = yaml.safe_load(out.read_text())
    sockets = [item["socket_address"] for item in every_dict(config) if "socket_address" in item]
    assert [(one["address"], one["port_value"]) for one in sockets] == [
        ("127.0.0.1", 1235), ("127.0.0.1", 1234), ("127.0.0.1", 1), ("host.example", 2)
    ]
    assert '"exact": "https://a.example"' in json.dumps(config)
    assert validate(out).returncode == 0


@pytest.mark.parametrize("endpoint", ["here", "here:", ":5", "here:port", "here:0", "here:70000"])
def test_endpoint_that_is_no_address_is_refused(tmp_path: Path, endpoint: str) -> None:
    done = CliRunner().invoke(main, ["render", "--out", str(tmp_path / "x"), "--endpoint", endpoint])
    assert done.exit_code == 2
    assert "is not HOST:PORT" in done.output


def methods(every: FileDescriptorSet) -> dict[tuple[str, str, str], Any]:
    """Methods by package, service and name."""
    return {
        (file.package, one.name, method.name): method
        for file in every.file for one in file.service for method in one.method
    }


def test_rest_view_shows_every_answer_as_bytes_and_leaves_requests_alone(descriptor_set: bytes) -> None:
    canonical, view = (FileDescriptorSet.FromString(one) for one in (descriptor_set, rest_view(descriptor_set)))
    before, after = methods(canonical), methods(view)
    assert before.keys() == after.keys()
    for name, method in after.items():
        if name[0].startswith("transom."):
            assert method.output_type == ".google.api.HttpBody"
        assert (method.input_type, method.client_streaming, method.server_streaming) == (
            before[name].input_type, before[name].client_streaming, before[name].server_streaming
        )


def test_every_route_of_an_event_stream_has_no_time_limit(rendered: Callable[..., dict[str, Any]], contract: list[Binding]) -> None:
    routes = [item for item in every_dict(rendered()) if "match" in item and "path" in item["match"]]
    limits = {item["match"]["path"]: item["route"]["timeout"] for item in routes}
    for binding in contract:
        if binding.streams or binding.uploads or binding.picks_mode:
            assert limits[binding.rpc] == "0s"
