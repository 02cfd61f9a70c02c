"""File objects of a request (service-api.md 9.2 and 9.4, feature-semantics.md 3.7)."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from server.chat import files
from server.chat.files import FileRule, RemoteFile, Upload
from server.chat.inputs import compile_variables, validate_inputs
from server.kit.errors import AppError, Reason

ID = "0190a1b2-0000-7000-8000-00000000abcd"
OTHER = "0190a1b2-0000-7000-8000-00000000abce"
PNG = Upload(ID, "dot.png", "png", "image/png", 67)
OPEN = FileRule()


def local(kind: str = "image", upload_id: Any = ID) -> dict[str, Any]:
    return {"type": kind, "transfer_method": "local_file", "upload_file_id": upload_id}


def remote(url: Any = "https://x.example/a/dot.png?y=1", kind: str = "image") -> dict[str, Any]:
    return {"type": kind, "transfer_method": "remote_url", "url": url}


def resolve(items: list[dict[str, Any]], config: dict[str, Any] | None = None, **options: Any) -> Any:
    rule = files.rule_of({"enabled": True, **(config or {})})
    return files.resolve(files.parse_files(items, rule), {ID: PNG}, rule, **options)


def refusal(call: Any, *args: Any, **options: Any) -> str:
    with pytest.raises(AppError) as caught:
        call(*args, **options)
    assert caught.value.reason is Reason.INVALID_PARAM
    return caught.value.message or ""


@pytest.mark.parametrize(
    "config",
    [None, {}, {"enabled": False}, {"image": {"enabled": True}}, {"enabled": "yes"}, "x"],
)
def test_files_are_ignored_when_the_feature_is_off(config: Any) -> None:
    rule = files.rule_of(config)
    assert rule is None
    assert files.parse_files([local(), "nonsense"], rule) == ()


@pytest.mark.parametrize("nothing", [None, []])
def test_no_files_resolve_to_none(nothing: Any) -> None:
    assert files.parse_files(nothing, OPEN) == ()


@pytest.mark.parametrize("broken", ["x", {"a": 1}, ["x"], [None]])
def test_files_that_are_no_list_of_objects_are_refused(broken: Any) -> None:
    assert refusal(files.parse_files, broken, OPEN) == "files must be a list of file objects"


def test_list_entries_without_method_or_url_are_dropped() -> None:
    items = [{"type": "image"}, {"type": "image", "transfer_method": "remote_url"}, remote(""), local()]
    assert [entry.upload_id for entry in files.parse_files(items, OPEN)] == [ID]


def test_single_file_without_method_is_refused() -> None:
    assert refusal(files.parse_file, {"type": "image"}) == "transfer_method is required in file mapping"
    assert refusal(files.parse_file, remote(None)) == "Invalid file url"


@pytest.mark.parametrize("upload_id", [None, "", 0])
def test_missing_upload_id_is_refused(upload_id: Any) -> None:
    assert refusal(files.parse_file, local(upload_id=upload_id)) == "Invalid upload file id"


@pytest.mark.parametrize("upload_id", ["x", 12, {"a": 1}, "0190a1b2"])
def test_malformed_upload_id_is_refused(upload_id: Any) -> None:
    assert refusal(files.parse_file, local(upload_id=upload_id)) == "Invalid upload file id format"


@pytest.mark.parametrize("url", ["ftp://x.example/a", "file:///etc/passwd", "x", 5, "http://", "http://[::1"])
def test_url_that_is_not_http_is_refused(url: Any) -> None:
    assert refusal(files.parse_file, remote(url)) == "Invalid file url"


def test_unknown_method_or_type_is_refused() -> None:
    assert "transfer_method" in refusal(files.parse_file, {"transfer_method": "tool_file"})
    assert "type" in refusal(files.parse_file, local("picture"))


def test_upload_of_someone_else_is_an_invalid_upload_file() -> None:
    assert refusal(resolve, [local(upload_id=OTHER)]) == "Invalid upload file"


def test_needed_ids_are_asked_for_once_in_lower_case() -> None:
    entries = files.parse_files([local(), local(upload_id=ID.upper()), local(upload_id=OTHER), remote()], OPEN)
    assert files.needed_upload_ids(entries) == [ID, OTHER]
    assert files.needed_urls(entries) == ["https://x.example/a/dot.png?y=1"]


def test_local_file_resolves_to_its_row() -> None:
    (file,) = resolve([local()])
    assert (file.kind, file.method, file.name, file.extension) == ("image", "local_file", "dot.png", ".png")
    assert (file.mime_type, file.size, file.upload_id, file.url) == ("image/png", 67, ID, "")


def test_remote_file_resolves_by_its_address_or_its_probe() -> None:
    (guessed,) = resolve([remote()])
    assert (guessed.name, guessed.mime_type, guessed.size) == ("dot.png", "image/png", -1)
    url = "https://x.example/download"
    (probed,) = resolve([remote(url, "custom")], remotes={url: RemoteFile(url, "a.PDF", "application/pdf", 9)})
    assert (probed.kind, probed.name, probed.extension, probed.size) == ("document", "a.PDF", ".pdf", 9)


def test_custom_or_missing_type_takes_the_found_class() -> None:
    assert resolve([local("custom")])[0].kind == "image"
    assert resolve([{"transfer_method": "local_file", "upload_file_id": ID}])[0].kind == "image"


def test_type_outside_the_allowed_ones_fails_validation() -> None:
    config = {"allowed_file_types": ["document"]}
    assert refusal(resolve, [local()], config) == "File validation failed for file: dot.png"


@pytest.mark.parametrize("extension", ["png", ".PNG"])
def test_custom_type_accepts_listed_extensions(extension: str) -> None:
    config = {"allowed_file_types": ["custom"], "allowed_file_extensions": [extension]}
    assert resolve([local("custom")], config)[0].name == "dot.png"
    assert resolve([local("image")], config)[0].name == "dot.png"


def test_custom_type_without_listed_extension_fails_validation() -> None:
    for extensions in ([], ["pdf"]):
        config = {"allowed_file_types": ["custom"], "allowed_file_extensions": extensions}
        assert refusal(resolve, [local("custom")], config) == "File validation failed for file: dot.png"


def test_method_outside_the_allowed_ones_fails_validation() -> None:
    config = {"allowed_file_upload_methods": ["remote_url"]}
    assert refusal(resolve, [local()], config) == "File validation failed for file: dot.png"
    assert resolve([remote()], config)


def test_more_images_than_the_limit_are_refused() -> None:
    assert len(resolve([local()] * 3)) == 3
    assert refusal(resolve, [local()] * 4) == "Number of image files exceeds the maximum limit 3"
    assert refusal(resolve, [local()] * 2, {"number_limits": 1}) == "Number of image files exceeds the maximum limit 1"


def test_more_files_than_the_limit_are_refused() -> None:
    page = remote("https://x.example/a.pdf", "document")
    assert len(resolve([page] * 9)) == 9
    assert refusal(resolve, [page] * 3, {"number_limits": 2}) == "Number of files exceeds the maximum limit 2"


def test_strict_check_compares_declared_and_found_type() -> None:
    message = "Detected file type does not match the specified type. Please verify the file."
    assert refusal(resolve, [local("document")], strict=True) == message
    assert resolve([local("custom")], strict=True)
    assert resolve([local("document")])[0].kind == "document"


def test_detail_comes_from_the_image_settings() -> None:
    assert resolve([local()])[0].detail == "high"
    assert resolve([local()], {"image": {"detail": "low"}})[0].detail == "low"


def test_file_variables_are_checked_by_their_own_rules() -> None:
    form = compile_variables(
        [
            {"type": "file", "variable": "one", "allowed_file_types": ["image"]},
            {"type": "file-list", "variable": "many", "allowed_file_types": ["document"]},
            {"type": "text-input", "variable": "text"},
        ]
    )
    inputs = validate_inputs(form, {"one": local(), "many": [{"type": "image"}, local()], "text": "a"}, graph=True)
    entries = files.parse_inputs(form, inputs)
    assert files.needed_upload_ids(entry for group in entries.values() for entry in group) == [ID]
    message = refusal(files.resolve_inputs, form, entries, {ID: PNG})
    assert message == "File validation failed for file: dot.png"
    (one,) = files.resolve_inputs(form, {"one": entries["one"]}, {ID: PNG})["one"]
    assert one.as_input()["related_id"] == ID


@pytest.mark.parametrize(
    ("extension", "mime", "kind"),
    [
        ("JPG", "", "image"), (".mov", "", "video"), ("mpga", "", "audio"), ("md", "", "document"),
        ("exe", "", "custom"), ("", "image/x-y", "image"), ("", "text/plain", "custom"),
    ],
)  # fmt: skip
def test_kind_of_file(extension: str, mime: str, kind: str) -> None:
    assert files.kind_of(extension, mime) == kind


def test_only_kinds_that_the_model_supports_are_sent() -> None:
    found = resolve(
        [local(), remote("https://x.example/a.pdf", "document"), remote("https://x.example/a.exe", "custom")]
    )
    assert [file.kind for file in files.sendable(found, ("vision",))] == ["image"]
    assert [file.kind for file in files.sendable(found, ("document", "vision"))] == ["image", "document"]
    assert files.sendable(found, ()) == ()


def test_upload_ids_are_uuids() -> None:
    assert files.parse_file(local(upload_id=uuid.UUID(ID))).upload_id == ID
