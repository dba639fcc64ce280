#!/usr/bin/env bash
# tensorboardX 2.6.5, protobuf 7.35.0.
#
# Two writers of one folder, one closed before the other is opened, as when a run is stopped and goes on at
# once. One would expect a file of events for each: that is how TensorBoard's own writers do it, and why a
# resumed run is told to open a new one with purge_step. But the name of a file is the whole second at which
# it was opened and the host, and it is opened for writing from the beginning. So the second writer, if it
# comes within that second, empties the file of the first, whatever purge_step says, and without a word.
#
# Seen: "a second apart: 2 files, steps [1, 2]", "within a second: 1 file, steps [2]".
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet tensorboardX==2.6.5 protobuf==7.35.0 numpy==2.3.5
"$folder/venv/bin/python" - "$folder" <<'PYTHON'
import struct
import sys
import time
from pathlib import Path

from tensorboardX import SummaryWriter
from tensorboardX.proto.event_pb2 import Event


def steps(folder: Path) -> tuple[int, list[int]]:
    """Files of events, and the steps of all scalars in them."""
    found, files = [], sorted(folder.iterdir())
    for file in files:
        data = file.read_bytes()
        while data:  # length, its checksum, the event, its checksum
            (length,) = struct.unpack_from("<Q", data)
            event = Event.FromString(data[12 : 12 + length])
            found += [event.step for value in event.summary.value if value.tag == "loss"]
            data = data[16 + length :]
    return len(files), sorted(found)


def two(folder: Path, pause: float) -> tuple[int, list[int]]:
    time.sleep(1.05 - time.time() % 1.0)  # from the beginning of a second
    for step, wait in ((1, pause), (2, 0.0)):
        with SummaryWriter(str(folder), purge_step=step) as writer:
            writer.add_scalar("loss", float(step), step)
        time.sleep(wait)
    return steps(folder)


apart = two(Path(sys.argv[1], "apart"), 1.2)
within = two(Path(sys.argv[1], "within"), 0.0)
print(f"a second apart: {apart[0]} files, steps {apart[1]}")
print(f"within a second: {within[0]} file, steps {within[1]}")
assert apart == (2, [1, 2])
assert within == (1, [2])
PYTHON
