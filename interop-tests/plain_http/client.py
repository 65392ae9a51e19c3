"""A client of HTTP/1.1 that calls by JSON with Python's own library alone: no stub, no protobuf, no samehost.

It takes the flags of every client of the interop tests, and its cases from suites/json.json.
"""

from __future__ import annotations

import argparse
import base64
import gzip
import http.client
import json
import os
import socket
import ssl
import sys
import threading
import time
from pathlib import Path
from typing import Any

PATIENCE_SECONDS = 60


class WrongError(Exception):
    """What was expected, and what was found."""


class Connection(http.client.HTTPConnection):
    """A connection at an address of samehost's, which may be a Unix socket, or secured by TLS."""

    def __init__(self, address: str) -> None:
        """Take `unix:PATH` or `tcp:HOST:PORT`."""
        scheme, _, rest = address.partition(":")
        self._path = rest if scheme == "unix" else None
        host, _, port = ("localhost", "", "80") if self._path else rest.rpartition(":")
        super().__init__(host, int(port), timeout=PATIENCE_SECONDS)

    def connect(self) -> None:
        """Connect to the socket where there is one."""
        if self._path is None:
            super().connect()
            if certificates := os.environ.get("SAMEHOST_TLS"):
                self.sock = tls(Path(certificates)).wrap_socket(self.sock, server_hostname=self.host)
        else:
            self.sock = socket.socket(socket.AF_UNIX)
            self.sock.settimeout(PATIENCE_SECONDS)
            self.sock.connect(self._path)


def tls(certificates: Path) -> ssl.SSLContext:
    """Trust the authority of a folder, with a certificate of its own."""
    context = ssl.create_default_context(cafile=certificates / "ca.pem")
    context.load_cert_chain(certificates / "client-chain.pem", certificates / "client-key.pem")
    context.set_alpn_protocols(["http/1.1"])
    return context


def filled(value: object) -> object:
    """Put bytes where the data says how many, and this process where it names it."""
    if isinstance(value, dict):
        if "$bytes" in value:
            return base64.b64encode(bytes(i % 251 for i in range(value["$bytes"]))).decode()
        return {key: filled(one) for key, one in value.items()}
    return os.getpid() if value == "$pid" else value


def body(step: dict[str, Any]) -> tuple[bytes, str]:
    """Make the body of a request, and its content type."""
    if "proto" in step:
        return bytes.fromhex(step["proto"]), "application/proto"
    text = step["text"] if "text" in step else json.dumps(filled(step.get("json", {})))
    return text.encode(), "application/json"


def send(connection: Connection, step: dict[str, Any]) -> None:
    """Send the request of a step."""
    content, kind = body(step)
    headers = [("content-type", kind), *step.get("headers", [])]
    if step.get("gzip"):
        content = gzip.compress(content)
        headers.append(("content-encoding", "gzip"))
    named = {name for name, _ in headers}
    connection.putrequest(
        step.get("method", "POST"), step["path"], skip_host="host" in named, skip_accept_encoding=True
    )
    for name, value in headers:
        if (name, kind) != ("content-type", value) or "type" not in step:
            connection.putheader(name, value)
    if "type" in step:
        connection.putheader("content-type", step["type"])
    connection.putheader("content-length", str(step.get("says_bytes", len(content))))
    connection.endheaders(None if "says_bytes" in step else content)


def check(step: dict[str, Any], response: http.client.HTTPResponse, content: bytes) -> None:
    """Hold an answer against what a step expects."""
    expected = step.get("expect", {})
    if response.status != expected.get("status", 200):
        message = (
            f"HTTP {expected.get('status', 200)} was expected, but {response.status} came: {content[:300]!r}"
        )
        raise WrongError(message)
    found: dict[str, Any] = {}
    if response.headers["content-encoding"] == "gzip":
        content = gzip.decompress(content)
    if response.headers["content-type"] == "application/json":
        found = json.loads(content)
    check_headers(expected.get("headers", {}), response)
    if "proto" in expected and content.hex() != expected["proto"]:
        message = f"the bytes {expected['proto']} were expected, but {content.hex()[:300]} came"
        raise WrongError(message)
    if "json" in expected and found != filled(expected["json"]):
        message = f"{str(filled(expected['json']))[:300]} was expected, but {str(found)[:300]} came"
        raise WrongError(message)
    for key, value in expected.get("has", {}).items():
        if found.get(key) != filled(value):
            message = f"{key} was expected to be {filled(value)}, but is {found.get(key)}"
            raise WrongError(message)
    if expected.get("message_has", "") not in found.get("message", ""):
        message = f"the text {expected['message_has']!r} was expected in {found.get('message')!r}"
        raise WrongError(message)


def check_headers(expected: dict[str, list[str]], response: http.client.HTTPResponse) -> None:
    """Hold all values of a header against those that are expected, in their order."""
    for name, values in expected.items():
        found = response.headers.get_all(name, [])
        if found != values:
            message = f"the header {name} was expected to be {values}, but is {found}"
            raise WrongError(message)


class Client:
    """Runs cases against a server at an address."""

    def __init__(self, address: str) -> None:
        """Take the address."""
        self._address = address
        scheme = address.partition(":")[0]
        self._over = "tls" if scheme == "tcp" and "SAMEHOST_TLS" in os.environ else scheme

    def case(self, steps: list[dict[str, Any]]) -> None:
        """Do the steps of a case, over one connection where nothing closes it."""
        connection = Connection(self._address)
        try:
            for step in steps:
                if self._over in step.get("over", [self._over]):
                    self._step(connection, step)
        finally:
            connection.close()
        plain = Connection(self._address)
        self._step(plain, {"path": "/grpc.testing.TestService/EmptyCall", "expect": {"json": {}}})
        plain.close()

    def _step(self, connection: Connection, step: dict[str, Any]) -> None:
        if "at_once" in step:
            self._at_once(step)
        elif step.get("leaves"):
            self._leave(step)
        else:
            send(connection, step)
            with connection.getresponse() as response:
                check(step, response, response.read())

    def _at_once(self, step: dict[str, Any]) -> None:
        """Make as many calls at once, each by a connection of its own."""
        one = {key: value for key, value in step.items() if key != "at_once"}
        failures: list[str] = []

        def call() -> None:
            connection = Connection(self._address)
            try:
                self._step(connection, one)
            except (WrongError, OSError, http.client.HTTPException) as why:
                failures.append(str(why))
            finally:
                connection.close()

        threads = [threading.Thread(target=call) for _ in range(step["at_once"])]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if failures:
            message = f"{len(failures)} of {len(threads)} failed: {failures[0]}"
            raise WrongError(message)

    def _leave(self, step: dict[str, Any]) -> None:
        """Close the connection of a call once its handler has it, and see that it is cancelled."""
        connection = Connection(self._address)
        send(connection, step)
        key = dict(step["headers"])["samehost-test-key"]
        self._ended(key, over=False, state="OPEN")
        connection.close()
        self._ended(key, over=True, state="CANCELLED")

    def _ended(self, key: str, *, over: bool, state: str) -> None:
        asked = {"key": key, "over": over, "waitMillis": 10_000}
        connection = Connection(self._address)
        path = "/samehost.testing.ControlService/HowEnded"
        self._step(connection, {"path": path, "json": asked, "expect": {"has": {"state": state}}})
        connection.close()


def main() -> int:
    """Run the cases that the flags name, and say how each went."""
    parser = argparse.ArgumentParser()
    for flag in ("--home", "--address"):
        parser.add_argument(flag, required=True)
    parser.add_argument("--case", default="all")
    parser.add_argument("--server")
    options = parser.parse_args()
    every = json.loads((Path(options.home) / "suites/json.json").read_text(encoding="utf-8"))
    steps = {case["name"]: case["steps"] for case in every}
    names = list(steps) if options.case == "all" else options.case.split(",")
    unknown = [name for name in names if name not in steps]
    if unknown:
        parser.error(f"no case is called {unknown[0]}")
    client = Client(options.address)
    failed = 0
    for name in names:
        begin = time.monotonic()
        try:
            client.case(steps[name])
            print(f"ok {name} {(time.monotonic() - begin) * 1000:.0f} ms", flush=True)
        except (WrongError, OSError, ValueError, http.client.HTTPException) as why:
            failed += 1
            print(f"FAILED {name}: {why}", flush=True)
    print(f"{len(names) - failed} passed, {failed} failed, 0 gaps")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
