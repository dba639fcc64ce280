#!/usr/bin/env bash
# soundfile 0.14.0 (libsndfile 1.2.2), numpy 2.3.5.
#
# A program that writes WAV to a pipe cannot go back to fill in the length of the samples. Some leave
# 0 in the header, some 0xFFFFFFFF. libsndfile reads the second to the end of the file, the first as a
# sound of no samples, without an error: a spike encoder downstream sees silence.
#
# Seen: "size 0xFFFFFFFF: 8000 frames", "size 0x0: 0 frames".
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet soundfile==0.14.0 numpy==2.3.5
"$folder/venv/bin/python" - <<'PYTHON'
import io
import struct

import numpy as np
import soundfile


def from_a_pipe(size: int) -> bytes:
    samples = (1000 * np.sin(np.arange(8000) / 5)).astype("<i2").tobytes()
    form = struct.pack("<HHIIHH", 1, 1, 8000, 16000, 2, 16)
    head = b"RIFF" + struct.pack("<I", size) + b"WAVEfmt " + struct.pack("<I", len(form)) + form
    return head + b"data" + struct.pack("<I", size) + samples


assert soundfile.__libsndfile_version__ == "1.2.2", soundfile.__libsndfile_version__
found = {size: len(soundfile.read(io.BytesIO(from_a_pipe(size)))[0]) for size in (0xFFFFFFFF, 0)}
for size, frames in found.items():
    print(f"size 0x{size:X}: {frames} frames")
assert found == {0xFFFFFFFF: 8000, 0: 0}, found
PYTHON
