"""Hands batches of inputs to workers, outlives them, counts, and keeps what it finds."""

from __future__ import annotations

import base64
import re
from collections import Counter, deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock, Thread
from typing import Any

from tqdm import tqdm

from fuzz.faults import Fault
from fuzz.memory import MEBIBYTE
from fuzz.process import Process

LIMIT = 5.0
"""Seconds that an input may take."""

BATCH = 250
METHODS = ("bytes", "hypothesis")
KINDS = ("crash", "hang", "traceback", "warning", "memory")
COLUMNS = ("format", "inputs", "accepted", "refused", *KINDS, "peak MiB", "seconds")


@dataclass
class Tally:
    """Of one format: outcomes by kind, the largest peak in bytes, seconds of workers."""

    outcomes: Counter[str] = field(default_factory=Counter)
    peak: int = 0
    seconds: float = 0.0

    @property
    def inputs(self) -> int:
        """Inputs in all."""
        return self.outcomes.total()


@dataclass
class Report:
    """What a run found.

    Attributes:
        tallies: by format.
        faults: how often each occurred, by (format, kind, what, where).
    """

    tallies: dict[str, Tally] = field(default_factory=dict)
    faults: Counter[tuple[str, str, str, str]] = field(default_factory=Counter)

    def table(self) -> str:
        """A line per format, and a line per distinct fault."""
        lines = ["".join(f"{name:>11}" for name in COLUMNS)]
        total = Tally()
        for tally in self.tallies.values():
            total.outcomes += tally.outcomes
            total.peak = max(total.peak, tally.peak)
            total.seconds += tally.seconds
        for name, tally in {**self.tallies, "all": total}.items():
            counts = (tally.outcomes[kind] for kind in ("accepted", "refused", *KINDS))
            row = (name, tally.inputs, *counts, round(tally.peak / MEBIBYTE), round(tally.seconds))
            lines.append("".join(f"{value:>11}" for value in row))
        found = (f"{count:6}  {'  '.join(fault)}" for fault, count in self.faults.most_common())
        return "\n".join([*lines, *found])


def tasks(shares: Mapping[str, int], inputs: int, seed: int) -> deque[dict[str, Any]]:
    """Batches of all formats and methods in turn; ``inputs`` for shares of 100 in all."""
    made = []
    for name, share in shares.items():
        for number, method in enumerate(METHODS):
            left = (inputs * share // 100 + number) // len(METHODS)
            for batch in range(0, left, BATCH):
                task = {"format": name, "method": method, "count": min(BATCH, left - batch)}
                made.append((batch / left, task | {"seed": f"{seed}/{name}/{method}/{batch}"}))
    return deque(task for _, task in sorted(made, key=lambda pair: pair[0]))


class Run:
    """Workers side by side on one list of tasks."""

    def __init__(self, todo: deque[dict[str, Any]], keep: Path | None, limit: float) -> None:
        self.todo, self.keep, self.limit = todo, keep, limit
        self.report = Report()
        for task in sorted(todo, key=lambda task: task["format"]):
            self.report.tallies[task["format"]] = Tally()
        total = sum(task["count"] for task in todo)
        self.progress = tqdm(total=total, disable=None, leave=False)  # None: on a terminal only
        self.failures: list[BaseException] = []
        self.stopped = False
        self._lock = Lock()

    def work(self, workers: int) -> Report:
        """Work through all tasks, or until Ctrl-C."""
        threads = [Thread(target=self._loop) for _ in range(workers)]
        for thread in threads:
            thread.start()
        try:
            for thread in threads:
                thread.join()
        except KeyboardInterrupt:  # report what was found until the batches at work are done
            self.stopped = True
            for thread in threads:
                thread.join()
        self.progress.close()
        if self.failures:
            raise self.failures[0]
        return self.report

    def _loop(self) -> None:
        process = Process(self.limit)
        try:
            while not self.failures and not self.stopped:
                with self._lock:
                    if not self.todo:
                        return
                    task = self.todo.popleft()
                self._do(process, task)
        except BaseException as failure:
            self.failures.append(failure)
        finally:
            process.stop()

    def _do(self, process: Process, task: dict[str, Any]) -> None:
        """Count what comes of a task, and put what is left of it back on the list."""
        tally, done = self.report.tallies[task["format"]], 0
        for answer in process.answers(task):
            with self._lock:
                if isinstance(answer, dict) and "peak" in answer:
                    tally.peak = max(tally.peak, answer["peak"])
                    tally.seconds += answer["seconds"]
                    continue
                done += 1
                self.progress.update()
                tally.outcomes[answer if isinstance(answer, str) else answer["kind"]] += 1
                if isinstance(answer, dict):
                    self._note(task["format"], answer)
        # duplicates are not read twice, and a worker that ended leaves a rest; where hypothesis
        # finds nothing new there are always bytes to change
        if done < task["count"] and (done or task["method"] != METHODS[0]):
            rest = {"count": task["count"] - done, "seed": task["seed"] + "+"}
            method = task["method"] if done else METHODS[0]
            with self._lock:
                self.todo.append(task | rest | {"method": method})

    def _note(self, name: str, fault: Fault) -> None:
        key = (name, fault["kind"], fault["what"], fault["where"])
        self.report.faults[key] += 1
        if self.keep is None or self.report.faults[key] > 1:
            return
        # the last part is the name that the entrance looks for, see replay
        parts = [re.sub(r"[^\w.]+", "-", part) for part in key]
        path = self.keep / "--".join([*parts, fault["name"]])
        path.with_name(path.name + ".txt").write_text(fault["text"], encoding="utf-8")
        path.write_bytes(base64.b64decode(fault["content"]))


def run(
    shares: Mapping[str, int],
    inputs: int,
    seed: int = 1,
    *,
    workers: int = 2,
    keep: Path | None = None,
    limit: float = LIMIT,
) -> Report:
    """Try inputs of some formats.

    Args:
        shares: by format, inputs in 100.
        inputs: of shares that add up to 100.
        seed: everything that is drawn follows from it.
        workers: processes side by side.
        keep: an existing folder for an input of each distinct fault, and where it comes from.
        limit: seconds that an input may take.
    """
    return Run(tasks(shares, inputs, seed), keep, limit).work(workers)
