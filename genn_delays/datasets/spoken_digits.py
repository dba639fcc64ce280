"""English and German digits by synthetic voices: ``spoken_digits``, 20 classes, no download.

Every voice variant of espeak-ng says every word ``repeats`` times, each time with another
pitch, pitch range, speaking rate, level and place in the trial, under white noise. The
variants are divided at random between the splits, so that validation and test voices are
never heard in training. Everything follows from ``seed``.

Classes 0-9 are the English words zero to nine, 10-19 the German words null to neun.
"""

from __future__ import annotations

import logging
from collections.abc import Generator, Iterator
from dataclasses import dataclass, fields
from functools import partial
from pathlib import Path
from typing import ClassVar

import numpy as np

from genn_delays.datasets.audio import CHUNK
from genn_delays.datasets.audio_source import AudioSource
from genn_delays.datasets.band_file import Bands
from genn_delays.datasets.base import SPLITS, Dataset, Sizes
from genn_delays.datasets.corpus import Corpus, Recording
from genn_delays.datasets.sound import resample
from genn_delays.datasets.speech import Speaker, version
from genn_delays.support.errors import DataError
from genn_delays.support.limits import check_size

logger = logging.getLogger(__name__)

WORDS = {
    "en": ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"],
    "de": ["null", "eins", "zwei", "drei", "vier", "fünf", "sechs", "sieben", "acht", "neun"],
}
CLASSES = tuple((language, word) for language, words in WORDS.items() for word in words)
NAMES = tuple(f"{language}-{word}" for language, word in CLASSES)
FASTEST = 450  # words per minute, espeak-ng's limit
SILENT = 1e-3  # root mean square below which a sound counts as none
LIMITS = {"speaking_rate": (80, FASTEST), "pitch": (0, 100), "pitch_range": (0, 100)}


@dataclass(frozen=True)
class Utterance:
    """What is said, and how: drawn before anything is spoken."""

    label: int
    variant: str
    rate: int
    pitch: int
    pitch_range: int
    level: float  # dB
    noise: float  # dB
    place: float  # fraction of the room that the word leaves


@dataclass(frozen=True)
class SpokenDigits(AudioSource):
    """Spoken digits; needs the extra ``speech``.

    Attributes:
        seed: decides the division of the voices and every utterance.
        repeats: how often each voice says each word.
        voices: how many of the voice variants to use; all by default.
        validation_fraction, test_fraction: parts of the voices for these splits.
        speaking_rate: range in words per minute, within 80 to 450. A word that does not fit
            its trial is said again faster; it is never cut.
        pitch, pitch_range: ranges of espeak-ng's settings, within 0 to 100.
        level: range of the word's root mean square in dB.
        noise: range of the noise's root mean square in dB; ``level`` minus ``noise`` is the
            signal-to-noise ratio.
    """

    rate: int = 22050  # espeak-ng's own
    seed: int = 1
    repeats: int = 3
    voices: int | None = None
    validation_fraction: float = 0.15
    test_fraction: float = 0.15
    speaking_rate: tuple[int, int] = (130, 230)
    pitch: tuple[int, int] = (20, 80)
    pitch_range: tuple[int, int] = (20, 80)
    level: tuple[float, float] = (-10.0, 0.0)
    noise: tuple[float, float] = (-40.0, -15.0)
    cites: ClassVar[tuple[str, ...]] = ()
    positive: ClassVar[tuple[str, ...]] = (
        *AudioSource.positive,
        "repeats",
        "validation_fraction",
        "test_fraction",
    )
    not_negative: ClassVar[tuple[str, ...]] = ("seed",)

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("speaking_rate", "pitch", "pitch_range", "level", "noise"):
            low, high = getattr(self, name)
            least, most = LIMITS.get(name, (low, high))
            if not least <= low <= high <= most:
                raise DataError(
                    f"spoken_digits: {name} is [{low}, {high}], it must be [low, high] within "
                    f"{least} to {most}"
                )
        if self.validation_fraction + self.test_fraction >= 1:
            raise DataError("spoken_digits: validation_fraction + test_fraction must be below 1")
        frames = self.log_mel.frames(self.duration)
        trials = len(SPLITS) * len(CLASSES) * self.repeats  # of one voice in each split
        check_size(2 * trials * frames * self.bands, f"spoken_digits: {self.repeats} repeats")

    def sizes(self) -> Sizes:
        return Sizes(self.units, len(CLASSES), self.duration)

    def load(self, dt: float, path: Path | None) -> Dataset:
        shared = {field.name for field in fields(AudioSource)}
        mine = {field.name for field in fields(self)} - shared
        identity: dict[str, object] = {name: getattr(self, name) for name in mine}
        identity["espeak"] = version()
        return self.dataset("spoken_digits", identity, self._bands, NAMES, dt)

    def divide(self, variants: list[str]) -> dict[str, list[str]]:
        """The voice variants of each split."""
        count = len(variants) if self.voices is None else self.voices
        validation = round(count * self.validation_fraction)
        test = round(count * self.test_fraction)
        if count > len(variants) or min(validation, test, count - validation - test) < 1:
            raise DataError(
                f"spoken_digits: {count} voices divide into {count - validation - test} for "
                f"training, {validation} and {test}; espeak-ng has {len(variants)}, each split "
                "needs one"
            )
        shuffled = np.random.default_rng([self.seed, 0]).permutation(variants)[:count].tolist()
        bounds = np.cumsum([count - validation - test, validation])
        return dict(zip(SPLITS, map(list, np.split(np.array(shuffled), bounds)), strict=True))

    def utterances(self, variants: list[str], rng: np.random.Generator) -> list[Utterance]:
        """All utterances of these voices, in the order in which they are spoken."""
        return [
            Utterance(
                label,
                str(variant),
                *(int(rng.integers(low, high, endpoint=True)) for low, high in self._integers()),
                *(float(rng.uniform(low, high)) for low, high in (self.level, self.noise, (0, 1))),
            )
            for variant in variants
            for label in range(len(CLASSES))
            for _ in range(self.repeats)
        ]

    def _integers(self) -> tuple[tuple[int, int], ...]:
        return self.speaking_rate, self.pitch, self.pitch_range

    def corpus(self, path: Path | None, rate: int) -> Corpus:
        return Corpus("spoken_digits", NAMES, self._counts(), self._recordings(rate))

    def _recordings(self, rate: int) -> Iterator[Recording]:
        for split, sounds, labels in self._trials():
            for sound, label in zip(sounds, labels, strict=True):
                where = f"spoken_digits: {NAMES[label]}"
                yield Recording(split, label, where, partial(self._brought, sound, rate, where))

    def _brought(self, sound: np.ndarray, rate: int, where: str, notes: object) -> np.ndarray:
        return resample(sound, self.rate, rate, where)

    def _counts(self) -> dict[str, int]:
        """Utterances of each split, those that turn out silent among them."""
        with Speaker(self.seed) as speaker:
            divided = self.divide(speaker.variants)
        said = len(CLASSES) * self.repeats
        return {split: len(variants) * said for split, variants in divided.items()}

    def _bands(self) -> Generator[Bands]:
        for split, sounds, heard in self._trials():
            labels = np.array(heard, dtype=np.int64)
            yield split, self.log_mel(sounds).astype(np.float16), labels

    def _trials(self) -> Generator[tuple[str, np.ndarray, list[int]]]:
        """Split, sounds (trials, samples) and labels of some trials after the other."""
        rng = np.random.default_rng([self.seed, 1])
        with Speaker(self.seed) as speaker:
            for split, variants in self.divide(speaker.variants).items():
                said = self.utterances(variants, rng)
                for start in range(0, len(said), CHUNK):
                    yield split, *self._chunk(speaker, said[start : start + CHUNK], rng)

    def _chunk(
        self, speaker: Speaker, said: list[Utterance], rng: np.random.Generator
    ) -> tuple[np.ndarray, list[int]]:
        """Trials of some utterances, (utterances, samples), and their labels."""
        trials = rng.standard_normal((len(said), self.samples), dtype=np.float32)
        heard = []
        for row, utterance in enumerate(said):
            word = self._speak(speaker, utterance)
            loudness = float(np.sqrt(np.mean(word**2))) if word.size else 0.0
            if loudness < SILENT:
                logger.warning("left out: %s is silent", utterance)
                continue
            trials[row] *= 10.0 ** (utterance.noise / 20.0)
            start = int(utterance.place * (self.samples - len(word)))
            gain = 10.0 ** (utterance.level / 20.0) / loudness
            trials[row, start : start + len(word)] += np.float32(gain) * word
            heard.append(row)
        return trials[heard], [said[row].label for row in heard]

    def _speak(self, speaker: Speaker, utterance: Utterance) -> np.ndarray:
        language, word = CLASSES[utterance.label]
        rate = utterance.rate
        while True:
            sound = speaker.say(
                word,
                f"{language}+{utterance.variant}",
                rate=rate,
                pitch=utterance.pitch,
                pitch_range=utterance.pitch_range,
            )
            sound = resample(sound, speaker.rate, self.rate, repr(word)) if sound.size else sound
            if len(sound) <= self.samples:
                return sound
            if rate >= FASTEST:
                raise DataError(
                    f"spoken_digits: voice {utterance.variant!r} cannot say {word!r} within "
                    f"{self.duration:g} ms; raise data.args.duration"
                )
            rate = min(FASTEST, rate * 5 // 4)
