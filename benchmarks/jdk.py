"""The newest JDK of this machine, for the pairs that are measured on it besides the default one."""

from __future__ import annotations

import os
import re
import subprocess
from functools import cache
from pathlib import Path


@cache
def default() -> int:
    """Tell the version of the JDK that programs get unless told otherwise."""
    home = os.environ.get("JAVA_HOME")
    java = f"{home}/bin/java" if home else "java"
    said = subprocess.run([java, "-version"], capture_output=True, text=True, check=False).stderr
    found = re.search(r'version "(\d+)', said)
    return int(found.group(1)) if found else 0


@cache
def newest() -> tuple[int, Path] | None:
    """Find the newest one that is newer than the default one: its version and its home."""
    found = []
    for pattern in ("usr/lib/jvm/*/release", "opt/*/release"):
        for release in Path("/").glob(pattern):
            version = re.search(r'^JAVA_VERSION="(\d+)', release.read_text(encoding="utf-8"), re.MULTILINE)
            if version and int(version.group(1)) > default():
                found.append((int(version.group(1)), release.parent))
    return max(found, default=None)
