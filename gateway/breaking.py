"""``buf breaking`` against the last release.

Both sides are built from their sources in the same way: an image that was built otherwise
reports imports as deleted.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import click

ROOT = Path(__file__).resolve().parent.parent


def compare(against: str) -> int:
    """Compare and return buf's exit status; 0 when there is nothing to compare with."""
    base = against or _last_release()
    if not base:
        click.echo("no earlier revision to compare with")
        return 0
    with tempfile.TemporaryDirectory() as folder:
        archive = _git("archive", base, "proto", "buf.yaml")
        if archive is None:
            click.echo(f"{base} has no protos to compare with", err=bool(against))
            return 1 if against else 0
        subprocess.run(["tar", "-x", "-C", folder], input=archive, check=True)
        command = [_buf(), "breaking", "--against", folder]
        status = subprocess.run(command, cwd=ROOT, check=False).returncode
    click.echo(f"compared with {base}: {'breaking changes' if status else 'compatible'}")
    return status


def _last_release() -> str:
    """The last tag; before the first release, what main holds."""
    for command in (
        ("describe", "--tags", "--abbrev=0"),
        ("rev-parse", "--verify", "--quiet", "--abbrev-ref", "origin/main"),
        ("rev-parse", "--verify", "--quiet", "--abbrev-ref", "main"),
        ("rev-parse", "--verify", "--quiet", "HEAD"),
    ):
        found = _git(*command)
        if found:
            return found.decode().strip()
    return ""


def _git(*arguments: str) -> bytes | None:
    """Output of a git command; None when it fails or there is no repository."""
    git = shutil.which("git")
    if git is None:
        return None
    done = subprocess.run([git, *arguments], cwd=ROOT, capture_output=True, check=False)
    return done.stdout if done.returncode == 0 else None


def _buf() -> str:
    return shutil.which("buf", path=str(Path(sys.executable).parent)) or shutil.which("buf") or "buf"
