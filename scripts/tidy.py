"""Holds the repository to its own rules: what no compiler checks.

Prints every breach, and exits 1 when there is one.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SELF = Path(__file__).resolve().relative_to(ROOT)

SOURCES = {".java", ".rs", ".py", ".proto", ".sh"}
TEXTS = SOURCES | {".md", ".toml", ".xml", ".json", ".txt", ""}
MOST_LINES = 400
# Longer than that, and why.
LONG = {
    "PROTOCOL.md": "one document on purpose",
}

FORBIDDEN = {
    r"(?<![\w.])/(work|root|home)/": "a path of one machine",
    r"\b(repo\.maven\.apache|index\.crates|files\.pythonhosted|registry\.npmjs)\.": "a registry's host",
    r"\b(TODO|FIXME|XXX|HACK)\b": "work left for later",
    r"System\.(out|err)\.print(?!.*// output)": "printing from a library",
    r"\bio\.grpc\.internal\b(?!.*never)": "grpc-java's internals",
}
# Where a rule is not meant: tests and programs that print, and what speaks of the rule itself.
EXEMPT = {
    "printing from a library": re.compile(r"/src/test/|^interop-tests/|^benchmarks/|^examples/|/testing/"),
    "grpc-java's internals": re.compile(r"/src/test/|\.md$"),
    "a path of one machine": re.compile(r"\.md$|^proto/vectors/|/src/test/|/tests/"),
}

# Which crates of ours each crate may depend on (dev-dependencies aside): layers import downwards only.
LAYERS = {
    "transports/api/rust": set(),
    "transports/posix/rust": {"samehost-transport-api"},
    "transports/testkit/rust": {"samehost-transport-api", "samehost-transport-posix"},
    "transports/reception/rust": {"samehost-transport-api", "samehost-transport-posix"},
    "transports/unix/rust": {
        "samehost-transport-api",
        "samehost-transport-posix",
        "samehost-transport-reception",
    },
    "transports/fifo/rust": {
        "samehost-transport-api",
        "samehost-transport-posix",
        "samehost-transport-reception",
    },
    "transports/tls/rust": {"samehost-transport-api", "samehost-transport-reception"},
    "transports/tcp/rust": {
        "samehost-transport-api",
        "samehost-transport-posix",
        "samehost-transport-reception",
        "samehost-transport-tls",
    },
    "transports/stdio/rust": {"samehost-transport-api", "samehost-transport-posix"},
    "transports/shm/rust": {
        "samehost-transport-api",
        "samehost-transport-posix",
        "samehost-transport-reception",
        "samehost-transport-unix",
    },
    "runtime/rust": {
        "samehost-transport-api",
        "samehost-transport-unix",
        "samehost-transport-shm",
        "samehost-transport-stdio",
        "samehost-transport-tcp",
        "samehost-transport-fifo",
        # The bridge to HTTP/2 makes links within the process, and keeps descriptors from forked children.
        "samehost-transport-posix",
    },
    "runtime/python": {"samehost", "samehost-transport-posix"},
    "cli": {"samehost"},
}

# Who compiles the code in texts, by its language: each names the texts that it reads.
COMPILED_BY = {
    "java": "codegen-plugin/java-tests/src/test/java/dev/samehost/codegen/tests/ReadmeTest.java",
    "proto": "runtime/rust/tests/readme/build.rs",
    "python": "runtime/python/tests/test_readme.py",
    "rust": "runtime/rust/tests/readme/build.rs",
}


def tracked() -> list[Path]:
    """List every file that git tracks or would track."""
    answer = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return [Path(line) for line in answer.stdout.splitlines() if (ROOT / line).is_file()]


def check_text(path: Path, text: str) -> list[str]:
    """Check what every text must keep to: white space, length, words."""
    breaches = []
    lines = text.split("\n")
    if text and not text.endswith("\n"):
        breaches.append(f"{path}: no newline at the end")
    if path.suffix in SOURCES and len(lines) > MOST_LINES + 1 and str(path) not in LONG:
        breaches.append(f"{path}: {len(lines) - 1} lines; at most {MOST_LINES}, one idea a file")
    for number, line in enumerate(lines, 1):
        if line != line.rstrip():
            breaches.append(f"{path}:{number}: white space at the end of the line")
        for pattern, what in FORBIDDEN.items():
            exempt = EXEMPT.get(what)
            if re.search(pattern, line) and not (exempt and exempt.search(str(path))):
                breaches.append(f"{path}:{number}: {what}")
    return breaches


def check_links(path: Path, text: str) -> list[str]:
    """Check that links to files of the repository lead somewhere."""
    return [
        f"{path}: the link to {target} leads nowhere"
        for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", text)
        if not re.match(r"[a-z]+:", target) and not (ROOT / path.parent / target).exists()
    ]


def check_code(path: Path, text: str) -> list[str]:
    """Check that code in a text is compiled by a test."""
    return [
        f"{path}: {COMPILED_BY[language]} does not read its {language}"
        for language in sorted(set(re.findall(r"^```(\w+)$", text, re.MULTILINE)) & set(COMPILED_BY))
        if f'"{path}"' not in (ROOT / COMPILED_BY[language]).read_text(encoding="utf-8")
    ]


def check_layers() -> list[str]:
    """Check that a crate depends only on the layers below it."""
    breaches = []
    for folder, allowed in LAYERS.items():
        manifest = (ROOT / folder / "Cargo.toml").read_text(encoding="utf-8")
        match = re.search(r"^\[dependencies\]\n(.*?)(?=^\[|\Z)", manifest, re.DOTALL | re.MULTILINE)
        ours = set(re.findall(r"^(samehost[\w-]*)", match.group(1) if match else "", re.MULTILINE))
        breaches += [f"{folder}: may not depend on {name}" for name in sorted(ours - allowed)]
    return breaches


def check_protocol_examples() -> list[str]:
    """Check that every example in PROTOCOL.md is a frame of the vectors."""
    frames = json.loads((ROOT / "proto/vectors/frames.json").read_text(encoding="utf-8"))
    known = {frame["hex"] for frame in frames}
    breaches = []
    block = ""
    for line in [*(ROOT / "PROTOCOL.md").read_text(encoding="utf-8").split("\n"), ""]:
        match = re.match(r"    ((?:[0-9A-F]{2}(?: +|$))+)", line)
        if match:
            block += re.sub(r"\s", "", match.group(1)).lower()
            continue
        while block and not block.startswith("f5"):
            size = 2 * (16 + int.from_bytes(bytes.fromhex(block[:8]), "little"))
            if block[:size] not in known:
                breaches.append(f"PROTOCOL.md: the example {block[:size]} is no frame of frames.json")
            block = block[size:]
        block = ""
    return breaches


def check_modules(files: list[Path]) -> list[str]:
    """Check that each jar for users is named as a module, after its outermost package."""
    breaches = []
    for pom in files:
        if not re.fullmatch(r"(runtime|transports/(?!testkit)\w+)/java/pom.xml", str(pom)):
            continue
        root = pom.parent / "src/main/java"
        packages = [path.parent.relative_to(root) for path in files if root in path.parents]
        name = ".".join(min(packages, key=lambda package: len(package.parts)).parts)
        if f"<Automatic-Module-Name>{name}<" not in (ROOT / pom).read_text(encoding="utf-8"):
            breaches.append(f"{pom}: no Automatic-Module-Name {name}")
    return breaches


def check_dependencies() -> list[str]:
    """Check that CONTRIBUTING.md gives a reason for every dependency."""
    reasons = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    crates = re.findall(r"^([\w-]+) = .*\"=", (ROOT / "Cargo.toml").read_text(encoding="utf-8"), re.MULTILINE)
    pom = (ROOT / "pom.xml").read_text(encoding="utf-8")
    managed = pom[pom.index("<dependencyManagement>") : pom.index("</dependencyManagement>")]
    artifacts = re.findall(r"<artifactId>(?!samehost|protoc-gen-samehost)([\w.-]+)</artifactId>", managed)
    plugins = re.findall(r"<artifactId>([\w.-]+-plugin)</artifactId>", pom)
    requirements = re.findall(
        r"^([\w-]+)==", (ROOT / "scripts/requirements.txt").read_text(encoding="utf-8"), re.MULTILINE
    )
    return [
        f"CONTRIBUTING.md: no reason for the dependency {name}"
        for name in [*crates, *artifacts, *plugins, *requirements]
        if f"`{name}`" not in reasons
    ]


def main() -> int:
    """Run every check."""
    breaches = check_layers() + check_protocol_examples() + check_dependencies()
    files = tracked()
    breaches += check_modules(files)
    for path in files:
        if path == SELF or path.suffix not in TEXTS or path.name == "LICENSE":
            continue
        text = (ROOT / path).read_text(encoding="utf-8")
        breaches += check_text(path, text)
        if path.suffix == ".md":
            breaches += check_links(path, text) + check_code(path, text)
    for breach in breaches:
        print(breach)
    print(f"{len(files)} files, {len(breaches)} breaches")
    return 1 if breaches else 0


if __name__ == "__main__":
    sys.exit(main())
