"""One real Envoy for most tests, in front of a scripted server, with the product's RPCs and a few more."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest
from google.protobuf.descriptor_pb2 import FileDescriptorSet

from gateway.contract import Binding, bindings, load
from gateway.envoy import Place, bootstrap
from gateway.gen import GENERATED, PROTO, compile_protos
from gateway.view import rest_view
from server.embedded.state import free_ports
from tests.gateway.backend import Backend, Schema
from tests.gateway.running import Gateway

LUA = Path(__file__).resolve().parents[2] / "envoy" / "rest_shape.lua"
DEMO = Path(__file__).parent / "protos"

Rendered = Callable[..., dict[str, Any]]
MakeGateway = Callable[..., AbstractContextManager[Gateway]]


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Files of this session."""
    return tmp_path_factory.mktemp("gateway")


@pytest.fixture(scope="session")
def descriptor_set(folder: Path) -> bytes:
    """The product's RPCs, as they are generated, and the demo's."""
    compile_protos(DEMO, folder / "demo.binpb", imports=[PROTO])
    every = FileDescriptorSet.FromString((GENERATED / "transom.binpb").read_bytes())
    present = {file.name for file in every.file}
    demo = FileDescriptorSet.FromString((folder / "demo.binpb").read_bytes())
    every.file.extend(file for file in demo.file if file.name not in present)
    return every.SerializeToString()


@pytest.fixture(scope="session")
def contract(descriptor_set: bytes) -> list[Binding]:
    """All REST bindings of the descriptor set."""
    return bindings(load(descriptor_set))


@pytest.fixture(scope="session")
def schema(descriptor_set: bytes) -> Schema:
    """Messages and methods of the descriptor set."""
    return Schema(descriptor_set)


@pytest.fixture(scope="session")
def backend(schema: Schema) -> Iterator[Backend]:
    """The scripted server."""
    with Backend(schema) as running:
        yield running


@pytest.fixture(scope="session")
def rendered(folder: Path, descriptor_set: bytes, contract: list[Binding]) -> Rendered:
    """Render a configuration for some server ports."""
    view = folder / "rest.binpb"
    view.write_bytes(rest_view(descriptor_set))

    def render(ports: Sequence[int] = ()) -> dict[str, Any]:
        public, admin = free_ports(2)
        place = Place(
            port=public, admin_port=admin, endpoints=[("127.0.0.1", port) for port in ports], listen="127.0.0.1",
            descriptor=str(view), lua=str(LUA), console_origins=["https://console.example"],
        )
        return bootstrap(contract, place)

    return render


@pytest.fixture(scope="session")
def make_gateway(folder: Path, rendered: Rendered) -> MakeGateway:
    """Make an Envoy for some ports; ``replace`` swaps whole values anywhere in the configuration."""

    def make(ports: Sequence[int], replace: dict[str, str] | None = None) -> Gateway:
        text = json.dumps(rendered(ports))
        for old, new in (replace or {}).items():
            text = text.replace(json.dumps(old), json.dumps(new))
        config: dict[str, Any] = json.loads(text)
        return Gateway(config, folder)

    return make


@pytest.fixture(scope="session")
def gateway(make_gateway: MakeGateway, backend: Backend) -> Iterator[Gateway]:
    """Envoy as the product runs it."""
    with make_gateway([backend.port]) as running:
        yield running


@pytest.fixture(scope="module")
def impatient(make_gateway: MakeGateway, backend: Backend) -> Iterator[Gateway]:
    """Envoy whose time limits are short."""
    with make_gateway([backend.port], {"60s": "0.5s", "600s": "2s", "10s": "0.5s"}) as running:
        yield running


@pytest.fixture(scope="module")
def deserted(make_gateway: MakeGateway) -> Iterator[Gateway]:
    """Envoy whose only server process is not there."""
    with make_gateway(free_ports(1)) as running:
        yield running
