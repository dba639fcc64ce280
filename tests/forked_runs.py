"""Runs of the command line as processes that can be killed, without the wait for its imports.

A server that has imported everything forks a process for each command. Run as a program, this
module is that server.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
import time
import traceback
from contextlib import suppress
from pathlib import Path


class Server:
    """Starts commands; use as a context manager."""

    def __init__(self, folder: Path, **environment: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, __file__],
            cwd=folder,
            env={**os.environ, "OPENBLAS_NUM_THREADS": "1", **environment},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def run(
        self, *arguments: object, kill_after: float | None = None, limit: int | None = None, **env
    ) -> tuple[int, str, float]:
        """Exit code (or minus the signal), output and seconds of a command.

        Args:
            arguments: of the command line.
            kill_after: seconds until the process, and what it has started, is killed.
            limit: bytes of the largest file that it can write.
            env: environment variables.
        """
        command = {"arguments": [str(a) for a in arguments], "limit": limit, "env": env}
        pid = self._ask(command)["pid"]
        if kill_after is not None:
            time.sleep(kill_after)
            os.killpg(pid, signal.SIGKILL)  # there until it has been waited for
        ended = self._ask({})
        return ended["code"], ended["output"], ended["seconds"]

    def _ask(self, message: dict) -> dict:
        print(json.dumps(message), file=self._process.stdin, flush=True)
        return json.loads(self._process.stdout.readline())

    def __enter__(self) -> Server:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.stdin.close()
        self._process.wait()


def serve() -> None:
    for line in sys.stdin:
        command, began = json.loads(line), time.perf_counter()
        source, target = os.pipe()
        pid = os.fork()
        if pid == 0:
            _child(command, target)
        os.close(target)
        with suppress(OSError):
            os.setpgid(pid, pid)
        print(json.dumps({"pid": pid}), flush=True)
        sys.stdin.readline()
        with os.fdopen(source, errors="replace") as stream:
            output = stream.read()
        _, status = os.waitpid(pid, 0)
        code, seconds = os.waitstatus_to_exitcode(status), time.perf_counter() - began
        print(json.dumps({"code": code, "output": output, "seconds": seconds}), flush=True)


def _child(command: dict, target: int) -> None:
    os.setpgid(0, 0)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(target, 1)
    os.dup2(target, 2)
    os.environ.update(command["env"])
    if command["limit"] is not None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (command["limit"], resource.RLIM_INFINITY))
    try:
        cli(command["arguments"], prog_name="genn-delays")
        code = 0
    except SystemExit as end:
        code = int(end.code or 0)
    except BaseException:
        traceback.print_exc()
        code = 1
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


if __name__ == "__main__":
    import scipy.signal  # noqa: F401

    import genn_delays.figures.overview  # noqa: F401 - with matplotlib: what most commands would wait for
    from genn_delays.cli import cli

    serve()
