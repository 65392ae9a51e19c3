"""Credentials for TLS: of the folder that `SAMEHOST_TLS` names, for `tcp:` addresses."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import grpc
import samehost


def of_client(address: str) -> Any:
    """Give a channel's, which shows its own certificate and trusts the folder's authority alone."""
    return _of_client(address, samehost.ssl_channel_credentials)


def of_server(address: str) -> Any:
    """Give a server's, which takes clients of the folder's authority alone."""
    return _of_server(address, samehost.ssl_server_credentials)


def of_stock_client(address: str) -> Any:
    """Give the same of gRPC's own; nothing where none are wanted."""
    return _of_client(address, grpc.ssl_channel_credentials)


def of_stock_server(address: str) -> Any:
    """Give the same of gRPC's own; nothing where none are wanted."""
    return _of_server(address, grpc.ssl_server_credentials)


def _of_client(address: str, make: Any) -> Any:
    folder = _folder(address)
    return folder and make(*(_read(folder, name) for name in ("ca", "client-key", "client-chain")))


def _of_server(address: str, make: Any) -> Any:
    folder = _folder(address)
    return folder and make(
        [(_read(folder, "key"), _read(folder, "chain"))], _read(folder, "ca"), require_client_auth=True
    )


def _folder(address: str) -> Path | None:
    folder = os.environ.get("SAMEHOST_TLS")
    return Path(folder) if folder and address.startswith("tcp:") else None


def _read(folder: Path, name: str) -> bytes:
    return (folder / f"{name}.pem").read_bytes()
