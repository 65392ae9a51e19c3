"""A host that starts a child, has it do what keeps it busy, and tells its pid."""

from __future__ import annotations

import sys
import threading

from samehost import _native

channel = _native.Channel("stdio:child", arguments=[sys.executable, sys.argv[1]], stderr_lines=lambda _: None)
pid = channel.unary("/test.Child/Pid", b"").message or b""
busy = channel.call(f"/test.Child/{sys.argv[2]}")
busy.send(b"", last=True)
busy.headers()
print(pid.decode(), flush=True)
threading.Event().wait(60)
