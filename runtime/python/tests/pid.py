"""A child that says its process id on standard error, and serves."""

import os
import runpy
from pathlib import Path

print(os.getpid())
runpy.run_path(str(Path(__file__).with_name("worker.py")))
