"""Sounds of every kind come back whole, or an error names the file and the remedy."""

from __future__ import annotations

import io
import struct
import sys

import numpy as np
import pytest
import soundfile

from genn_delays.datasets.sound import CLIPPED, MIXED, read_sound, resample
from genn_delays.datasets.sound_headers import STREAM
from genn_delays.support.errors import DataError

RATE = 16000
LIST = b"LIST" + struct.pack("<I4s4sI6s", 18, b"INFO", b"ISFT", 6, b"maker\0")
SINE = (0.5 * np.sin(2 * np.pi * 440 * np.arange(RATE) / RATE)).astype(np.float32)
KINDS = [
    *(("WAV", kind, 4e-5) for kind in ("PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE")),
    *(("WAV", kind, 2e-2) for kind in ("PCM_U8", "ULAW", "ALAW")),
    *(("WAVEX", kind, 4e-5) for kind in ("PCM_16", "PCM_24", "FLOAT")),
    *(("FLAC", kind, 4e-5) for kind in ("PCM_16", "PCM_24")),
    *(("OGG", kind, 0.1) for kind in ("VORBIS", "OPUS")),
]


def encode(sound: np.ndarray, kind: str = "WAV", subtype: str = "PCM_16", rate: int = RATE):
    buffer = io.BytesIO()
    soundfile.write(buffer, sound, rate, format=kind, subtype=subtype)
    return buffer.getvalue()


def header(data: bytes, *, whole: int | None = None, rate: int | None = None, size: int | None):
    """The WAV file with other numbers in its header."""
    data = bytearray(data)
    for place, value in ((4, whole), (24, rate), (data.index(b"data") + 4, size)):
        if value is not None:
            struct.pack_into("<I", data, place, value)
    return bytes(data)


def refused(data: bytes, message: str) -> None:
    with pytest.raises(DataError, match=message) as error:
        read_sound(data, "here/x.wav")
    assert str(error.value).startswith("here/x.wav")
    assert len(str(error.value)) < 250


@pytest.mark.parametrize(("kind", "subtype", "tolerance"), KINDS)
def test_sound_of_every_kind_comes_back(kind, subtype, tolerance):
    sound = read_sound(encode(SINE, kind, subtype), "x")
    assert (sound.rate, sound.notes, sound.samples.dtype) == (RATE, (), np.float32)
    assert len(sound.samples) == RATE
    # what Opus makes of the last milliseconds is its own
    np.testing.assert_allclose(sound.samples[:-200], SINE[:-200], atol=tolerance)


def test_16_bit_samples_come_back_to_the_last_bit(wav):
    numbers = np.arange(-32768, 32768, dtype=np.int16)
    data = wav(np.zeros(len(numbers)))
    data = data[: -2 * len(numbers)] + numbers.astype("<i2").tobytes()
    np.testing.assert_array_equal(
        read_sound(data, "x").samples, numbers.astype(np.float32) / np.float32(32768)
    )


def test_several_channels_become_their_mean_and_it_is_said():
    both = np.stack([SINE, 0 * SINE], axis=1)
    sound = read_sound(encode(both, subtype="FLOAT"), "x")
    np.testing.assert_allclose(sound.samples, SINE / 2, atol=1e-7)
    assert sound.notes == (MIXED,)


@pytest.mark.parametrize("size", [0, 2**32 - 1])
@pytest.mark.parametrize("whole", [0, 36, 2**32 - 1])
def test_wav_from_a_pipe_runs_to_the_end_of_the_file_and_it_is_said(size, whole):
    data = encode(SINE)
    sound = read_sound(header(data, whole=whole, size=size), "x")
    np.testing.assert_array_equal(sound.samples, read_sound(data, "x").samples)
    assert sound.notes == (STREAM,)


@pytest.mark.parametrize("behind", [b"", LIST])
def test_sound_without_samples_is_no_silence(behind):
    data = encode(SINE[:0]) + behind
    refused(header(data, whole=len(data) - 8, size=0), "holds no samples")


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda b: b[:-100], r"truncated, 31900 of 32000 bytes of samples are there; copy"),
        (lambda b: b[:20], "truncated, it"),
        (lambda b: b[:30], "truncated, its chunks lead to no samples"),
        (lambda b: b"RIFX" + b[4:], r"begins with b'RIFX'\); WAV, FLAC and OGG are read"),
        (lambda b: b"", "it is empty"),
        (lambda b: header(b, size=2**31), "32000 of 2147483648 bytes"),
        (lambda b: header(b, size=31999), "31999 bytes are no whole number of samples of 2"),
        (lambda b: header(b[:-1], size=2**32 - 1), "31999 bytes are no whole number"),
        (lambda b: header(b, size=None, rate=0), "sample rate of 0 Hz, it must lie within 1 to 76"),
        (lambda b: header(b, size=None, rate=2**32 - 1), "sample rate of 4294967295 Hz"),
        (lambda b: b[:22] + b"\0\0" + b[24:], "0 channel.* contradict each other"),
        (lambda b: b[:22] + b"\2" + b[23:], r"2 channel\(s\) of 16 bits in 2 bytes contradict"),
        (lambda b: b[:34] + b"\x18" + b[35:], "of 24 bits in 2 bytes contradict each other"),
        (lambda b: b[:20] + b"\x11" + b[21:], "WAV of format 17; PCM, float, A-law, mu-law"),
    ],
)
def test_damaged_wav_is_named_with_the_remedy(damage, message):
    refused(damage(encode(SINE)), message)


def test_whatever_the_decoder_raises_names_the_file(monkeypatch):
    def fail(*_: object) -> None:
        raise OverflowError("first line\nsecond line" + 1000 * ".")

    data = encode(SINE)
    monkeypatch.setattr(soundfile, "SoundFile", fail)
    refused(data, r"not a readable sound \(first line second line")


@pytest.mark.parametrize(("kind", "subtype"), [("FLAC", "PCM_16"), ("OGG", "VORBIS")])
@pytest.mark.parametrize("kept", [0.1, 0.5, 0.9, -1])
def test_compressed_file_that_was_cut_short_is_refused(kind, subtype, kept):
    data = encode(SINE, kind, subtype)
    refused(data[: int(kept * len(data)) if kept > 0 else kept], "truncated, .*copy the file again")


def pages(data: bytes) -> list[bytes]:
    starts = [place for place in range(len(data)) if data[place : place + 5] == b"OggS\0"]
    return [data[a:b] for a, b in zip(starts, [*starts[1:], None], strict=True)]


def test_ogg_that_lost_a_page_is_refused_rather_than_read_as_a_shorter_sound():
    noise = 0.2 * np.random.default_rng(1).standard_normal(8 * RATE)
    parts = pages(encode(noise, "OGG", "VORBIS"))
    assert len(parts) > 4
    refused(b"".join(parts[:-2] + parts[-1:]), f"page {len(parts) - 2} is not whole")
    changed = bytearray(parts[-2])
    changed[100] ^= 1
    refused(b"".join([*parts[:-2], changed, parts[-1]]), f"page {len(parts) - 2} is not whole")
    refused(b"".join(parts[:-1]), "its last page is missing")


def test_two_sounds_in_one_ogg_file_are_refused():
    refused(2 * encode(SINE, "OGG", "VORBIS"), "several streams in one file")


def flac_of_length(count: int) -> bytes:
    """A FLAC file whose header says so many samples, 36 bits from the middle of byte 21."""
    data = bytearray(encode(SINE, "FLAC"))
    data[21:26] = (int.from_bytes(data[21:22]) >> 4 << 36 | count).to_bytes(5)
    return bytes(data)


def test_flac_without_a_length_is_refused_with_the_remedy():
    assert read_sound(flac_of_length(RATE), "x").rate == RATE
    refused(flac_of_length(0), "does not say how long it is; write it again")


def test_header_that_asks_for_too_much_memory_is_refused_before_any_is_taken():
    refused(flac_of_length(2**36 - 1), r"would take 262144 MiB, the limit is 256; .*LIMIT=262144")


@pytest.mark.parametrize("value", [np.nan, np.inf, 1e30])
def test_samples_that_are_no_sound_are_refused(value):
    refused(encode(np.array([0.0, value]), subtype="FLOAT"), "a sample is NaN or beyond")


def test_missing_decoder_shows_the_real_error_and_the_remedy(monkeypatch):
    monkeypatch.setitem(sys.modules, "soundfile", None)
    with pytest.raises(DataError, match=r"ModuleNotFoundError.*\n.*pip install"):
        read_sound(encode(SINE), "x")


def test_rates_without_a_common_divisor_are_read_until_the_filter_is_too_long():
    assert len(resample(SINE, 44101, RATE)) == 5805
    with pytest.raises(DataError, match=r"x: resampling 16000 samples from 767999 to 16000 Hz"):
        resample(SINE, 767_999, RATE, "x")
    with pytest.raises(DataError, match=r"from 1 to 16000 Hz would take 992 MiB"):
        resample(SINE, 1, RATE, "x")


@pytest.mark.parametrize(("level", "notes"), [(0.9, ()), (1.0, ()), (1.2, (CLIPPED,))])
def test_a_sound_that_was_cut_off_at_full_scale_is_noted(wav, level, notes):
    sound = level * np.sin(np.arange(RATE) * 2 * np.pi * 300.0 / RATE + 0.1)
    assert read_sound(wav(np.clip(sound, -1.0, 1.0)), "clipped.wav").notes == notes
