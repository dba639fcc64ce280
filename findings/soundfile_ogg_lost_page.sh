#!/usr/bin/env bash
# soundfile 0.14.0 (libsndfile 1.2.2), numpy 2.3.5.
#
# Every page of an OGG file has a checksum. Where one byte of a page has changed, libsndfile leaves the
# page out and reads on: the sound comes back shorter, all that follows earlier than it was, and no
# error is raised. In a part of the places `frames` of the open file says the short length too, so that
# nothing seems missing.
# In a data set whose meaning is in the time of events, such a recording has to be refused by its
# checksums before it is decoded. Two streams that follow each other in one file (which the format
# allows) come back as the first alone.
#
# Seen: "whole: 48000 frames"; with one byte changed 34048 and 43136 frames, read and told, or 32640 and
# 32768 read where 48000 are told; "two streams: 48000 frames".
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet soundfile==0.14.0 numpy==2.3.5
"$folder/venv/bin/python" - <<'PYTHON'
import io

import numpy as np
import soundfile

noise = np.random.default_rng(1).normal(0, 0.1, 48000)
file = io.BytesIO()
soundfile.write(file, noise, 16000, format="OGG", subtype="VORBIS")
whole = file.getvalue()


def frames(data: bytes) -> tuple[int, int]:
    with soundfile.SoundFile(io.BytesIO(data)) as sound:
        return len(sound.read()), sound.frames


assert soundfile.__libsndfile_version__ == "1.2.2", soundfile.__libsndfile_version__
print(f"whole: {frames(whole)[0]} frames")
assert frames(whole)[0] == len(noise)
shorter = []
for place in range(len(whole) // 4, len(whole) - 200, len(whole) // 40):
    changed = bytearray(whole)
    changed[place] ^= 0x40
    read, told = frames(bytes(changed))
    if read < len(noise):
        shorter.append((read, told))
print(f"one byte changed, (read, told): {sorted(set(shorter))}")
assert any(read == told for read, told in shorter), shorter
assert any(read < told for read, told in shorter), shorter
print(f"two streams: {frames(whole + whole)[0]} frames")
assert frames(whole + whole)[0] == len(noise)
PYTHON
