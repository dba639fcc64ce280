"""The reading process from outside: started when first needed, replaced when a file upsets it."""

from __future__ import annotations

import atexit
import fcntl
import io
import json
import os
import select
import signal
import subprocess
import sys
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, cast

from genn_delays.support.errors import DataError, GennDelaysError
from genn_delays.support.hdf5.tree import Group, Ragged, Source
from genn_delays.support.hdf5.wire import EndedError, UpsetError, read_header, receive, receive_rows
from genn_delays.support.limits import memory_limit

READER = Path(__file__).with_name("reader.py")
PATIENCE = 60.0
"""Seconds without a sign of life after which a reading process counts as hung."""
ONE_THREAD = {f"{name}_NUM_THREADS": "1" for name in ("OMP", "OPENBLAS", "MKL")}
"""The reading process computes nothing, and threads would count towards its memory."""
REFUSALS = 64
"""Damaged files that one process reads at most: what the library does not free of them adds up."""


class Patient(io.RawIOBase):
    """The reading end of a pipe, with a bound on the wait for the next bytes."""

    def __init__(self, pipe: int) -> None:
        self.pipe, self.patience = pipe, PATIENCE
        self.poll = select.poll()
        self.poll.register(pipe, select.POLLIN)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        if not self.poll.poll(1000.0 * self.patience):
            raise TimeoutError
        return os.readv(self.pipe, [buffer])


class Process:
    """One reading process."""

    def __init__(self) -> None:
        self.popen = subprocess.Popen(
            [sys.executable, "-P", str(READER)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            bufsize=0,
            env=os.environ | ONE_THREAD,
            start_new_session=True,  # Ctrl-C is for us
        )
        assert self.popen.stdin is not None
        assert self.popen.stdout is not None
        self.requests = self.popen.stdin
        self.answers = self.popen.stdout
        if hasattr(fcntl, "F_SETPIPE_SZ"):
            with suppress(OSError):  # a wider pipe wakes us less often; any will do
                fcntl.fcntl(self.answers, fcntl.F_SETPIPE_SZ, 1 << 20)
        self.refusals = 0
        self.wait = Patient(self.answers.fileno())
        self.stream = cast(BinaryIO, io.BufferedReader(self.wait, 1 << 16))

    def read(
        self, source: Source, wanted: Iterable[str], patience: float, rows: Sequence[str] = ()
    ) -> tuple[Group, int]:
        """The wanted parts of a file, and how many rows follow; see :func:`read_rows`."""
        self.wait.patience = patience
        request = {
            "path": os.path.abspath(source.path),
            "wanted": [key.split("/") for key in wanted],
            "rows": [key.split("/") for key in rows],
            "limit": memory_limit(),
        }
        self.requests.write(json.dumps(request).encode() + b"\n")
        tree, count = receive(self.stream, source)
        if count and not rows:
            raise UpsetError
        return tree, count

    def death(self) -> str:
        """How the process ended, which has closed its end of the pipe."""
        self.popen.kill()
        spent = self.popen.wait() == -signal.SIGXCPU
        return "hung" if spent else "crashed"

    def stop(self) -> None:
        """End the process."""
        self.popen.kill()
        self.popen.wait()
        self.forget()

    def forget(self) -> None:
        """Close our ends of the pipes, and leave the process to the one that started it."""
        self.popen.returncode = self.popen.returncode or 0  # or the destructor looks for it
        self.requests.close()
        self.answers.close()


class Pool:
    """The reading process of this process, if it has one, and whose turn it is."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.process: Process | None = None

    @contextmanager
    def turn(self, source: Source) -> Iterator[Process]:
        """The process, for one request whose answer is read to its end.

        Raises:
            GennDelaysError: (that of ``source``) whatever befalls it on its way.
        """
        with self.lock:
            process, sound = self._running(source), False
            try:
                yield process
                sound = True
            except EndedError as refusal:
                process.refusals += 1
                sound = process.refusals < REFUSALS
                raise refusal.args[0] from None
            except TimeoutError:
                raise _upset(source, "hung") from None
            except (EOFError, UpsetError, OSError):
                raise _upset(source, process.death()) from None
            finally:
                if not sound:  # part of an answer may still be under way
                    self._stop()

    def _running(self, source: Source) -> Process:
        if self.process is not None and self.process.popen.poll() is not None:
            self._stop()  # somebody ended it between two files
        if self.process is None:
            try:
                self.process = Process()
                read_header(self.process.stream)
            except (OSError, EOFError, UpsetError) as failure:
                self._stop()
                raise source.error(
                    f"{source.path}: the process that reads HDF5 files does not start ({failure}); "
                    f"see whether {sys.executable} -c 'import h5py' works"
                ) from None
        return self.process

    def _stop(self) -> None:
        if self.process is not None:
            self.process.stop()
            self.process = None

    def end(self) -> None:
        """End the reading process, as Python ends."""
        with self.lock:
            self._stop()

    def after_fork(self) -> None:
        """In a forked process: leave the reading process to the parent, and start afresh."""
        if self.process is not None:
            self.process.forget()
        self.__init__()  # type: ignore[misc]


_pool = Pool()
atexit.register(_pool.end)
os.register_at_fork(after_in_child=_pool.after_fork)


def read_hdf5(
    path: Path,
    wanted: Iterable[str],
    *,
    error: type[GennDelaysError] = DataError,
    remedy: str = "copy it again",
    patience: float = PATIENCE,
) -> Group:
    """Parts of an HDF5 file, read in another process; also of one compressed with gzip.

    Args:
        path: of the file.
        wanted: data sets or groups, with all below them, as paths from the root. What the file
            does not have is left out; whatever else it has is not looked at.
        error, remedy: class and last words of the errors.
        patience: seconds without a sign of life after which the reading counts as hung. It also
            does when a step of it, such as reading 4 MiB, takes two seconds of processor time.

    Returns:
        The root, with its attributes and the parts that are there.

    Raises:
        GennDelaysError: (``error``) the file is damaged or no HDF5, or what is wanted of it would
            take more memory than ``genn_delays.support.limits`` allows.
    """
    source = Source(Path(path), error, remedy)
    with _pool.turn(source) as process:
        return process.read(source, wanted, patience)[0]


@contextmanager
def read_rows(
    path: Path, wanted: Iterable[str], rows: Sequence[str]
) -> Iterator[tuple[Group, int, Iterator[tuple[Ragged, ...]]]]:
    """Parts of a file as :func:`read_hdf5` reads them, then data sets of rows, piece by piece.

    What is read at a time has about 4 MiB, at most a 64th of the limit on memory, or one row. The
    limit is for that and for ``wanted``, so that the file may be larger. Other files wait until
    this one is read.

    Args:
        path, wanted: see :func:`read_hdf5`.
        rows: data sets with a row of real numbers for each trial. Where one is missing or
            something else, or their numbers of rows differ, they are read as ``wanted`` is.

    Yields:
        The root, how many rows follow, and these: the next ones of each data set, as many of each.

    Raises:
        DataError: see :func:`read_hdf5`; or rows hold more than the file, since they share it.
    """
    source = Source(Path(path))
    with _pool.turn(source) as process:
        tree, count = process.read(source, wanted, PATIENCE, rows)
        pieces = receive_rows(process.stream, source, count, len(rows))
        yield tree, count, pieces
        for _ in pieces:
            pass


def _upset(source: Source, how: str) -> GennDelaysError:
    return source.damaged(f"reading it {how} the HDF5 library")
