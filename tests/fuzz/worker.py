"""A process that gives one input after the other to an entrance and says what came of each.

    python -m fuzz.worker FOLDER LIMIT

Tasks come as lines of JSON. An input is written to FOLDER/input before it is read, and a line of
JSON follows: "accepted", "refused", or a fault. Where nothing follows, the input has ended the
process, and FOLDER/trace says where; one that takes longer than LIMIT seconds is ended so too.
"""

from __future__ import annotations

import base64
import faulthandler
import hashlib
import json
import logging
import os
import random
import resource
import sys
import time
import warnings
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import hypothesis
from hypothesis import HealthCheck, Phase, settings

from fuzz.faults import Fault, fault_of
from fuzz.faulty import FAULTY
from fuzz.formats import FORMATS, Format
from fuzz.memory import MEBIBYTE, begin_peak, peak
from fuzz.mutator import mutate
from genn_delays.support.errors import GennDelaysError

ADDRESSES = 3072 * MEBIBYTE
"""Address space of a worker: what asks for more gets a MemoryError, and the machine stays up."""

BOUND = 512 * MEBIBYTE
"""What a worker and its children may occupy."""

PATIENCE = 60.0
"""Seconds that making an input may take."""

DIGEST = 8

UNSEEN = (DeprecationWarning, ResourceWarning, ImportWarning)
"""Warnings that Python shows to nobody who only uses the package."""


class Reader:
    """The entrance of a format, in a folder of its own."""

    def __init__(self, form: Format, folder: Path) -> None:
        self.form, self.folder = form, folder
        self.whole = form.files()
        self.changed = ""
        folder.mkdir(exist_ok=True)
        # a file, because the process may end at any input and the next one goes on from it
        self.memory = folder.with_suffix(".seen").open("ab+", buffering=0)
        self.memory.seek(0)
        self.seen = set(iter(lambda: self.memory.read(DIGEST), b""))
        for name, content in self.whole.items():
            self.place(name, content)

    def is_new(self, name: str, content: bytes) -> bool:
        """Whether this input has not been read before."""
        key = hashlib.blake2b(name.encode() + b"\0" + content, digest_size=DIGEST).digest()
        if key in self.seen:
            return False
        self.seen.add(key)
        self.memory.write(key)
        return True

    def place(self, name: str, content: bytes) -> None:
        """Put an input where the entrance looks, and the one before back to what it was."""
        if self.changed and self.changed != name:
            (self.folder / self.changed).write_bytes(self.whole[self.changed])
        self.changed = name
        (self.folder / name).parent.mkdir(parents=True, exist_ok=True)
        (self.folder / name).write_bytes(content)

    def read(self) -> str | BaseException:
        """What the entrance makes of it: "accepted", "refused", or an error that is none."""
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                for unseen in UNSEEN:
                    warnings.simplefilter("ignore", unseen)
                self.form.read(self.folder)
            return "accepted"
        except GennDelaysError:
            return "refused"
        except BaseException as error:
            return error


class Worker:
    """The loop over tasks."""

    def __init__(self, folder: Path, limit: float) -> None:
        self.folder, self.limit = folder, limit
        self.readers: dict[str, Reader] = {}
        self.known: set[tuple[str, ...]] = set()
        self.began = 0.0
        # whatever the package prints is no answer
        self.answers = os.fdopen(os.dup(1), "w", buffering=1, encoding="utf-8")
        os.dup2(2, 1)
        self.trace = (folder / "trace").open("w")
        faulthandler.enable(self.trace)

    def work(self, task: dict[str, Any]) -> None:
        """Try the inputs of a task, each new to this process."""
        name, self.began = task["format"], time.perf_counter()
        begin_peak()
        faulthandler.dump_traceback_later(PATIENCE, exit=True, file=self.trace)
        if name not in self.readers:
            form = FAULTY if name == "faulty" else FORMATS[name]
            self.readers[name] = Reader(form, self.folder / name)
        reader = self.readers[name]
        if task["method"] == "again":
            target = (self.folder / "name").read_text()
            self.attempt(reader, target, (self.folder / "input").read_bytes())
        else:
            inputs = _drawn if task["method"] == "hypothesis" else _mutated
            inputs(reader.form, task["seed"], task["count"], partial(self.offer, reader))
        faulthandler.cancel_dump_traceback_later()
        self.say({"peak": peak(), "seconds": time.perf_counter() - self.began})

    def offer(self, reader: Reader, name: str, content: bytes) -> None:
        """Attempt an input that was not read before."""
        if reader.is_new(name, content):
            self.attempt(reader, name, content)

    def attempt(self, reader: Reader, name: str, content: bytes) -> None:
        """Let the entrance read an input, and say what came of it."""
        (self.folder / "input").write_bytes(content)
        (self.folder / "name").write_text(name)
        reader.place(name, content)
        faulthandler.dump_traceback_later(self.limit, exit=True, file=self.trace)
        read = reader.read()
        faulthandler.dump_traceback_later(PATIENCE, exit=True, file=self.trace)
        outcome: Any = fault_of(read) if isinstance(read, BaseException) else read
        occupied = peak()
        if occupied > BOUND and not isinstance(outcome, dict):
            outcome = {"kind": "memory", "what": "peak", "where": "?"}
            outcome["text"] = f"{occupied / MEBIBYTE:.0f} MiB\n"
        if isinstance(outcome, dict):
            outcome = self._with_content(outcome, reader.folder.name, name, content)
        self.say(outcome)
        if occupied > BOUND:
            self.say({"peak": occupied, "seconds": time.perf_counter() - self.began, "ended": True})
            os._exit(0)  # the next input begins with a process of ordinary size

    def _with_content(self, fault: Fault, form: str, name: str, content: bytes) -> Fault:
        """A fault, with the input where it is the first of its kind."""
        key = (form, fault["kind"], fault["what"], fault["where"])
        if key in self.known:
            return fault
        self.known.add(key)
        return fault | {"name": name, "content": base64.b64encode(content).decode()}

    def say(self, answer: Any) -> None:
        """A line to the supervisor."""
        self.answers.write(json.dumps(answer) + "\n")


Attempt = Callable[[str, bytes], None]


def _mutated(form: Format, seed: str, count: int, attempt: Attempt) -> None:
    rng = random.Random(seed)
    seeds = form.seeds()
    names = sorted(seeds)
    for _ in range(count):
        name = rng.choice(names)
        attempt(name, mutate(rng, seeds[name]))


def _drawn(form: Format, seed: str, count: int, attempt: Attempt) -> None:
    @hypothesis.seed(seed)
    @settings(
        max_examples=count,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @hypothesis.given(form.structured())
    def run(one: tuple[str, bytes]) -> None:
        attempt(*one)

    run()


def main(folder: str, limit: str) -> None:
    """Work until there are no more tasks."""
    for kind, bound in ((resource.RLIMIT_AS, ADDRESSES), (resource.RLIMIT_CORE, 0)):
        resource.setrlimit(kind, (bound, bound))
    logging.disable(logging.CRITICAL)
    worker = Worker(Path(folder), float(limit))
    for line in sys.stdin:
        worker.work(json.loads(line))


if __name__ == "__main__":
    main(*sys.argv[1:])
