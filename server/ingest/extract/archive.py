"""Archives that documents are: looked at before any parser unpacks them."""

from __future__ import annotations

import zipfile
from pathlib import Path

from server.ingest.extract.limits import ExtractError, Limits

_MOST_ENTRIES = 20_000
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


def check(path: Path, limits: Limits) -> None:
    """Refuse what is encrypted or unpacks to too much, by its directory; zipfile reads no more than that says."""
    with path.open("rb") as file:
        if file.read(len(_OLE)) == _OLE:
            raise ExtractError("The file is protected by a password or is in an older format.")
    with zipfile.ZipFile(path) as archive:
        entries = archive.infolist()
    if len(entries) > _MOST_ENTRIES:
        raise ExtractError(f"The file holds more than {_MOST_ENTRIES:,} entries.")
    if sum(entry.file_size for entry in entries) > limits.unpacked_mib * 1024 * 1024:
        raise ExtractError(f"The file unpacks to more than {limits.unpacked_mib} MiB.")
