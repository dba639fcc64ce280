"""Words spoken by espeak-ng, driven through ctypes from the package ``espeakng-loader``.

The synthesiser keeps state from one utterance to the next, also across its own terminate and
initialise, and draws noise from a seeded generator. So that the same list of utterances gives
the same sounds wherever and whenever it is spoken, each Speaker loads a private copy of the
library, seeds it, and is to speak its list in a fixed order.
"""

from __future__ import annotations

import ctypes
import importlib.metadata
import os
import shutil
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np

from genn_delays.support.errors import DataError

SYNCHRONOUS = 2  # AUDIO_OUTPUT_SYNCHRONOUS of espeak-ng's speak_lib.h
DONT_EXIT = 0x8000  # espeakINITIALIZE_DONT_EXIT: report failure instead of ending the process
UTF8 = 1  # espeakCHARS_UTF8
RATE, VOLUME, PITCH, RANGE = 1, 2, 3, 4  # espeak_PARAMETER
Callback = ctypes.CFUNCTYPE(
    ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p
)


def version() -> str:
    """Version of the package ``espeakng-loader``, which decides how words sound."""
    try:
        return importlib.metadata.version("espeakng-loader")
    except importlib.metadata.PackageNotFoundError:
        return "missing"


class Speaker:
    """A fresh espeak-ng. Use as a context manager.

    Attributes:
        rate: sample rate of the sounds in Hz.
        variants: names of the voice variants, sorted.

    Raises:
        DataError: the package ``espeakng-loader`` is missing or its library does not load.
    """

    def __init__(self, seed: int) -> None:
        try:
            import espeakng_loader

            library, data = espeakng_loader.get_library_path(), espeakng_loader.get_data_path()
            self.variants = sorted(path.name for path in Path(data, "voices", "!v").iterdir())
            self._temporary = tempfile.TemporaryDirectory(
                prefix="genn-delays-", ignore_cleanup_errors=True
            )
            self._folder = Path(self._temporary.name)
            self._library = ctypes.CDLL(str(shutil.copy(library, self._folder)))
        except (ImportError, OSError) as failure:
            raise DataError(
                f"spoken_digits needs espeak-ng: {type(failure).__name__}: {failure}\n"
                "install it with: pip install 'genn-delays[speech]'"
            ) from None
        self._parts: list[bytes] = []
        self._callback = Callback(self._collect)  # kept: the library holds only its address
        self.rate = self._initialise(Path(data))
        self._library.espeak_ng_SetRandSeed(ctypes.c_long(seed))

    def _initialise(self, data: Path) -> int:
        short = self._folder / data.name
        try:
            short.symlink_to(data, target_is_directory=True)  # espeak-ng cuts paths at 160 bytes
        except OSError:
            short = data
        rate = self._library.espeak_Initialize(SYNCHRONOUS, 0, os.fsencode(short), DONT_EXIT)
        if rate <= 0:
            self.close()
            raise DataError(
                f"espeak-ng cannot read its data in {data}\n"
                "install it again with: pip install --force-reinstall espeakng-loader"
            )
        self._library.espeak_SetSynthCallback(self._callback)
        return int(rate)

    def _collect(self, samples: Any, count: int, events: Any) -> int:
        if samples and count > 0:
            self._parts.append(ctypes.string_at(samples, 2 * count))
        return 0

    def say(self, word: str, voice: str, *, rate: int, pitch: int, pitch_range: int) -> np.ndarray:
        """A word as float32 samples in [-1, 1), the silence around it trimmed.

        Args:
            voice: language and variant, as in ``"en+m3"``.
            rate: words per minute, 80 to 450.
            pitch, pitch_range: 0 to 100, 50 is the voice's own.

        Returns:
            Samples; none where the voice is silent.
        """
        if self._library.espeak_SetVoiceByName(voice.encode()):
            raise DataError(f"espeak-ng has no voice {voice!r}; reinstall espeakng-loader")
        for parameter, value in ((RATE, rate), (VOLUME, 100), (PITCH, pitch), (RANGE, pitch_range)):
            self._library.espeak_SetParameter(parameter, value, 0)
        self._parts.clear()
        text = word.encode()
        self._library.espeak_Synth(text, len(text) + 1, 0, 0, 0, UTF8, None, None)
        sound = np.frombuffer(b"".join(self._parts), dtype=np.int16).astype(np.float32) / 32768.0
        loud = np.flatnonzero(np.abs(sound) > 0.01 * np.abs(sound).max(initial=0.0))
        return sound[loud[0] : loud[-1] + 1] if loud.size else sound[:0]

    def close(self) -> None:
        """Free the synthesiser and its copy of the library."""
        self._library.espeak_Terminate()
        self._temporary.cleanup()

    def __enter__(self) -> Speaker:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
