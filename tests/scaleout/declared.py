"""docker-compose.yaml and the Dockerfiles as data, read as their tools read them."""

from __future__ import annotations

import fnmatch
import re
import shlex
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tests.harness.product import ROOT

# What an operator sets; compose refuses to start without each.
SECRETS = {
    "TRANSOM_SECRET_KEY": "0123456789abcdef0123456789abcdef", "POSTGRES_PASSWORD": "pgsecret", "REDIS_PASSWORD": "rsecret",
    "MINIO_PASSWORD": "msecret88",
}
_VARIABLE = re.compile(r"\$(?:(?P<escaped>\$)|\{(?P<name>\w+)(?::(?P<kind>[?-])(?P<text>[^}]*))?\})")


class UnsetError(Exception):
    """A variable that must be set is not."""


def interpolated(value: Any, environment: Mapping[str, str]) -> Any:
    """A value with its variables: ``${A}``, ``${A:-default}``, ``${A:?message}``, ``$$``."""
    if isinstance(value, dict):
        return {key: interpolated(each, environment) for key, each in value.items()}
    if isinstance(value, list):
        return [interpolated(each, environment) for each in value]
    if not isinstance(value, str):
        return value

    def replace(match: re.Match[str]) -> str:
        if match["escaped"]:
            return "$"
        found = environment.get(match["name"], "")
        if found or match["kind"] is None:
            return found
        if match["kind"] == "?":
            raise UnsetError(match["name"])
        return str(match["text"])

    return _VARIABLE.sub(replace, value)


def compose(environment: Mapping[str, str] = SECRETS) -> dict[str, Any]:
    """The file with these variables. Raises UnsetError."""
    text = (ROOT / "docker-compose.yaml").read_text(encoding="utf-8")
    found: dict[str, Any] = interpolated(yaml.safe_load(text), environment)
    return found


def service_environment(service: Mapping[str, Any]) -> dict[str, str]:
    """What a container of this service gets."""
    return {name: str(value) for name, value in service.get("environment", {}).items()}


@dataclass(frozen=True)
class Step:
    """One instruction of a Dockerfile, and the stage it stands in."""

    stage: int
    word: str
    text: str


def dockerfile(path: str) -> list[Step]:
    """Instructions in order, continued lines joined, comments left out."""
    lines = [line for line in (ROOT / path).read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    joined = "\n".join(lines).replace("\\\n", " ")
    steps, stage = [], 0
    for line in filter(None, map(str.strip, joined.splitlines())):
        word, _, text = line.partition(" ")
        stage += word == "FROM"
        steps.append(Step(stage, word, text.strip()))
    return steps


def copied(steps: list[Step]) -> list[tuple[list[str], str]]:
    """(sources in the checkout, target) of each COPY that takes from the build context."""
    found = []
    for step in steps:
        if step.word == "COPY" and not step.text.startswith("--from"):
            *sources, target = shlex.split(step.text)
            found.append((sources, target))
    return found


def is_sent(path: str) -> bool:
    """Whether the builder gets a path of the checkout; the last line of .dockerignore that fits decides."""
    sent = True
    for line in (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines():
        if not line or line.startswith("#"):
            continue
        pattern = line.removeprefix("!").removeprefix("**/")
        candidates = [path, *(str(parent) for parent in Path(path).parents), *Path(path).parts]
        if any(fnmatch.fnmatch(each, pattern) for each in candidates):
            sent = line.startswith("!")
    return sent


def image_tree(path: str, root: Path) -> None:
    """Copy below ``root`` what the image of a Dockerfile gets from the checkout, as its builder would."""
    for sources, target in copied(dockerfile(path)):
        for source in sources:
            for file in _files(source):
                inside = file.relative_to(ROOT)
                if not is_sent(str(inside)):
                    continue
                place = root / target.lstrip("/")
                if (ROOT / source).is_dir():
                    place /= file.relative_to(ROOT / source)
                elif target.endswith("/"):
                    place /= file.name
                place.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(file, place)


def _files(source: str) -> list[Path]:
    path = ROOT / source
    if path.is_file():
        return [path]
    return [file for file in path.rglob("*") if file.is_file() and "__pycache__" not in file.parts]
