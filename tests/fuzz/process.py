"""A worker process, started again whenever an input has ended it."""

from __future__ import annotations

import base64
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from fuzz.faults import Fault, fault_of_process

MEMORY = "64"
"""MiB of GENN_DELAYS_MEMORY_LIMIT: one object may take no more."""


class Process:
    """A worker that is started again whenever it has ended."""

    def __init__(self, limit: float) -> None:
        self.folder = tempfile.TemporaryDirectory(prefix="fuzz-")
        self.limit = limit
        self.process: subprocess.Popen[str] | None = None

    def start(self) -> subprocess.Popen[str]:
        """The process; a new one where there is none."""
        if self.process is None:
            one_thread = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"), "1")
            path = [str(Path(__file__).parents[1]), os.environ.get("PYTHONPATH", "")]
            self.process = subprocess.Popen(
                [sys.executable, "-m", "fuzz.worker", self.folder.name, str(self.limit)],
                env=os.environ
                | one_thread
                | {
                    "PYTHONPATH": os.pathsep.join(filter(None, path)),
                    "GENN_DELAYS_CACHE": f"{self.folder.name}/cache",
                    "GENN_DELAYS_MEMORY_LIMIT": MEMORY,
                    "HYPOTHESIS_STORAGE_DIRECTORY": f"{self.folder.name}/hypothesis",
                },
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=(Path(self.folder.name) / "stderr").open("w"),
                text=True,
                start_new_session=True,
            )
        return self.process

    def answers(self, task: dict[str, Any]) -> Iterator[Any]:
        """What comes of the inputs of a task, one by one; the last may be that the worker died."""
        process = self.start()
        with suppress(BrokenPipeError):
            process.stdin.write(json.dumps(task) + "\n")
            process.stdin.flush()
        for line in process.stdout:
            answer = json.loads(line)
            yield answer
            if "peak" in answer:
                if "ended" in answer:
                    self.stop()
                return
        fault = self._end()
        if fault["kind"] == "hang" and task["method"] != "again":
            # a machine that is busy with something else may have stood still
            yield from self.answers(task | {"method": "again"})
        else:
            yield fault

    def _end(self) -> Fault:
        """What is left of a worker that has ended."""
        code = self.stop()
        folder = Path(self.folder.name)
        if not (folder / "name").exists():
            raise RuntimeError(f"a worker does not start:\n{(folder / 'stderr').read_text()}")
        trace = (folder / "trace").read_text(errors="replace")
        fault = fault_of_process(code, trace or (folder / "stderr").read_text(errors="replace"))
        content = base64.b64encode((folder / "input").read_bytes()).decode()
        return fault | {"name": (folder / "name").read_text(), "content": content}

    def stop(self) -> int:
        """End the worker and what it has started; its exit code."""
        process, self.process = self.process, None
        if process is None:
            return 0
        process.stdin.close()
        try:
            code = process.wait(10)
        except subprocess.TimeoutExpired:
            code = -signal.SIGKILL
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        process.stdout.close()
        return code
