"""The upload parser: whatever the pieces, the same file or the same refusal."""

from __future__ import annotations

import contextlib
import hashlib
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from server.file.model import Limits
from server.file.multipart import Received, UploadReader, boundary_of
from server.kit.errors import AppError, Reason

BOUNDARY = b"XyZ"


def read(body: bytes, cuts: list[int], limits: Limits | None = None) -> tuple[Received, bytes]:
    """Feed a body in pieces."""
    written = bytearray()
    reader = UploadReader(BOUNDARY, limits or Limits(), written.extend)
    places = sorted({min(cut, len(body)) for cut in cuts} | {0, len(body)})
    for start, end in pairwise(places):
        reader.feed(body[start:end])
    return reader.finish(), bytes(written)


def body_of(data: bytes, filename: str = "a.bin", user: bytes = b"u") -> bytes:
    """A whole upload."""
    head = f'--XyZ\r\nContent-Disposition: form-data; name="file"; filename="{filename}"\r\nContent-Type: a/b\r\n\r\n'
    tail = b'\r\n--XyZ\r\nContent-Disposition: form-data; name="user"\r\n\r\n' + user + b"\r\n--XyZ--\r\n"
    return head.encode() + data + tail


@settings(max_examples=150, deadline=None)
@given(
    data=st.lists(st.sampled_from([b"\r", b"\n", b"-", b"--", b"\r\n--X", b"\r\n--Xy", b"\0", b"abc"])).map(b"".join),
    cuts=st.lists(st.integers(0, 400)),
)
def test_upload_in_any_pieces_is_the_same_file(data: bytes, cuts: list[int]) -> None:
    received, written = read(body_of(data), cuts)
    assert written == data
    assert (received.size, received.hash, received.user) == (len(data), hashlib.sha256(data).hexdigest(), "u")


@settings(max_examples=150, deadline=None)
@given(body=st.binary(max_size=300))
def test_upload_of_any_bytes_is_read_or_refused_never_broken(body: bytes) -> None:
    with contextlib.suppress(AppError):
        read(body, [])


def test_upload_that_ends_too_early_is_refused_wherever_it_ends() -> None:
    whole = body_of(b"x" * 50)
    for short in range(3, len(whole)):
        with pytest.raises(AppError) as caught:
            read(whole[:-short], [])
        assert caught.value.reason == Reason.BAD_REQUEST


def test_upload_of_the_highest_size_fits_and_one_byte_more_does_not() -> None:
    limits = Limits(other=1)
    received, _ = read(body_of(b"x" * 1024 * 1024), [1000, 500_000], limits)
    assert received.size == 1024 * 1024
    with pytest.raises(AppError) as caught:
        read(body_of(b"x" * (1024 * 1024 + 1)), [], limits)
    assert (caught.value.reason, caught.value.message) == (Reason.FILE_TOO_LARGE, None)


def test_upload_hidden_behind_endless_other_parts_is_refused() -> None:
    field = b'--XyZ\r\nContent-Disposition: form-data; name="x"\r\n\r\n' + b"y" * 1024 * 1024 + b"\r\n"
    with pytest.raises(AppError) as caught:
        read(field * 17, [])
    assert caught.value.reason == Reason.FILE_TOO_LARGE
    with pytest.raises(AppError):
        read(b'--XyZ\r\nContent-Disposition: form-data; name="x"\r\n\r\n\r\n' * 101, [])


def test_upload_with_an_endless_user_is_refused() -> None:
    with pytest.raises(AppError) as caught:
        read(body_of(b"x", user=b"u" * 65 * 1024), [])
    assert caught.value.reason == Reason.INVALID_PARAM


def test_upload_name_that_is_not_utf8_is_still_a_name() -> None:
    received, _ = read(body_of(b"x").replace(b"a.bin", b"\xe9.bin"), [])
    assert received.head.name == "é.bin"


def test_boundary_is_read_from_multipart_forms_only() -> None:
    assert boundary_of('multipart/form-data; boundary="a b"') == b"a b"
    assert boundary_of("Multipart/Form-Data; charset=x; boundary=ab") == b"ab"
    for other in ("", "multipart/form-data", "multipart/form-data; boundary=", "text/plain; boundary=x"):
        assert boundary_of(other) is None


def test_boundary_that_is_too_long_is_refused() -> None:
    with pytest.raises(AppError) as caught:
        UploadReader(b"x" * 300, Limits(), lambda _: None)
    assert caught.value.reason == Reason.BAD_REQUEST
