"""``buf breaking`` against the last release, built the same way on both sides."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def compare(against: str) -> int:
    """Exit status of buf; 0 when there is nothing to compare with."""
    base = against or _last_release()
    if not base:
        print("no earlier revision to compare with")
        return 0
    with tempfile.TemporaryDirectory() as folder:
        archive = subprocess.run(
            ["git", "archive", base, "proto", "buf.yaml"], cwd=ROOT, capture_output=True, check=False
        )
        if archive.returncode != 0:
            print(f"{base} has no protos to compare with")
            return 0
        subprocess.run(["tar", "-x", "-C", folder], input=archive.stdout, check=True)
        buf = shutil.which("buf") or str(Path(sys.executable).with_name("buf"))
        result = subprocess.run([buf, "breaking", "--against", folder], cwd=ROOT, check=False)
        print(f"compared with {base}: {'compatible' if result.returncode == 0 else 'breaking changes'}")
        return result.returncode


def _last_release() -> str:
    for command in (["git", "describe", "--tags", "--abbrev=0"], ["git", "rev-parse", "--verify", "HEAD"]):
        found = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        if found.returncode == 0:
            return found.stdout.strip()
    return ""
