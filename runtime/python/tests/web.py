"""A plain client of HTTP/1.1, which calls by JSON."""

from __future__ import annotations

import http.client
import json
import socket
from typing import Any

from calling import PATIENCE
from stubs import SERVICE

SAY = f"/{SERVICE}/Say"
JSON = {"content-type": "application/json"}
HI, HI_BACK = '{"data":"aGk="}', {"data": "aGk=", "count": "1"}


class Client(http.client.HTTPConnection):
    """A connection of HTTP/1.1 to an address of samehost's."""

    def __init__(self, address: str) -> None:
        super().__init__("localhost", timeout=PATIENCE)
        self._address = address

    def connect(self) -> None:
        """Connect to the socket."""
        scheme, _, place = self._address.partition(":")
        if scheme == "tcp":
            host, port = place.split(":")
            self.sock = socket.create_connection((host, int(port)), self.timeout)
            return
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect("\0" + place if scheme == "unix-abstract" else place)

    def post(self, body: Any = HI, path: str = SAY, **headers: str) -> Any:
        """Call; give the answer, with what it has to say."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.request("POST", path, body.encode() if isinstance(body, str) else body, {**JSON, **named})
        answer = self.getresponse()
        answer.data = answer.read()  # type: ignore[attr-defined]
        return answer

    def error(self, body: Any = HI, path: str = SAY, **headers: str) -> tuple[int, str, str]:
        """Call; give the status of HTTP, the code and the text of the error."""
        answer = self.post(body, path, **headers)
        error = json.loads(answer.data)
        return answer.status, error["code"], error["message"]
