"""What the audio data sets share: settings, the cache of log-mel bands, encoding as events."""

from __future__ import annotations

import hashlib
import json
import logging
import math
from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, ClassVar

import h5py
import numpy as np

from genn_delays.datasets.audio import CHUNK, LogMel
from genn_delays.datasets.base import SPLITS, Dataset, Source, Split
from genn_delays.datasets.corpus import Corpus
from genn_delays.datasets.encoder import SpikeEncoder
from genn_delays.datasets.files import FolderFiles
from genn_delays.datasets.frames import FrameEncoder
from genn_delays.datasets.sound import Sound, read_sound, resample
from genn_delays.support.cache import cache_folder, keep, kept
from genn_delays.support.errors import DataError, GennDelaysError, reason, suggest
from genn_delays.support.hdf5_image import hdf5_image
from genn_delays.support.limits import check_size

logger = logging.getLogger(__name__)

Features = Mapping[str, tuple[np.ndarray, ...]]
"""By split: log-mel bands, float16 (recordings, frames, bands), and labels, int64.

16 bits resolve a log-mel band to a hundredth of its spread."""

Arrays = Mapping[str, tuple[np.ndarray, ...]]
"""By split: what a cache file holds."""

CODES = ("spikes", "frames")
SPIKES_ONLY = ("thresholds", "tau", "deltas", "delta_tau")
"""Settings without a meaning for frames."""

FORMAT = 3  # part of the cache key: raise it when the same settings give other features


@dataclass(frozen=True)
class AudioSource(Source):
    """A data set of recordings that become spikes or graded frames.

    Attributes:
        duration: length of a trial in ms.
        bands, window, hop, f_min, f_max, range_db, rate: see
            :class:`~genn_delays.datasets.audio.LogMel`.
        code: ``"spikes"`` of encoder neurons, or graded ``"frames"``, one value per band.
        thresholds, tau, gain, deltas, delta_tau, centre: see
            :class:`~genn_delays.datasets.encoder.SpikeEncoder`; frames take ``gain`` and
            ``centre``, see :class:`~genn_delays.datasets.frames.FrameEncoder`.
        cache: whether to keep log-mel bands and spikes in the user's cache folder.
    """

    duration: float = 1000.0
    bands: int = LogMel.bands
    window: float = LogMel.window
    hop: float = LogMel.hop
    f_min: float = LogMel.f_min
    f_max: float = LogMel.f_max
    range_db: float = LogMel.range_db
    rate: int = LogMel.rate
    code: str = "spikes"
    thresholds: tuple[float, ...] = SpikeEncoder.thresholds
    tau: float = SpikeEncoder.tau
    gain: float = SpikeEncoder.gain
    deltas: bool = SpikeEncoder.deltas
    delta_tau: float = SpikeEncoder.delta_tau
    centre: str = SpikeEncoder.centre
    cache: bool = True
    positive: ClassVar[tuple[str, ...]] = ("duration",)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.code not in CODES:
            raise DataError(f"data.args.code: {self.code!r} given; {suggest(self.code, CODES)}")
        for name in SPIKES_ONLY if self.code == "frames" else ():
            if getattr(self, name) != getattr(SpikeEncoder, name):
                raise DataError(
                    f"data.args.{name}: frames have no encoder neurons; remove it, or give "
                    "code: spikes"
                )
        # their own checks, now rather than after the recordings have been read
        self.log_mel.check_memory(self.duration)
        self.encoder  # noqa: B018

    @property
    def log_mel(self) -> LogMel:
        """The transform from sound to bands."""
        return LogMel(
            self.bands, self.window, self.hop, self.f_min, self.f_max, self.range_db, self.rate
        )

    @property
    def encoder(self) -> SpikeEncoder | FrameEncoder:
        """The encoder from bands to events."""
        if self.code == "frames":
            return FrameEncoder(self.bands, self.gain, self.hop, self.centre)
        return SpikeEncoder(
            self.bands,
            self.thresholds,
            self.tau,
            self.gain,
            self.deltas,
            self.delta_tau,
            self.hop,
            self.centre,
        )

    @property
    def samples(self) -> int:
        """Samples of a trial at ``rate``."""
        return round(self.duration * self.rate / 1000.0)

    def room(self, recordings: int, where: str) -> np.ndarray:
        """An array for the log-mel bands of so many recordings, float16.

        Raises:
            DataError: it would take more memory than the limit.
        """
        shape = (recordings, self.log_mel.frames(self.duration), self.bands)
        check_size(2 * math.prod(shape), f"{where}: the log-mel bands of {recordings} recordings")
        return np.empty(shape, dtype=np.float16)

    def fitted(self, recording: Sound, where: str) -> np.ndarray:
        """The samples of a recording at ``rate``, no longer than a trial.

        Args:
            where: begins the message: the file.

        Raises:
            DataError: it lasts longer, and nothing says that it may be cut.
        """
        return self.trimmed(resample(recording.samples, recording.rate, self.rate, where), where)

    def trimmed(self, sound: np.ndarray, where: str) -> np.ndarray:
        """Samples at ``rate``, no longer than a trial; see :meth:`fitted`."""
        if len(sound) > self.samples and not self.cuts:
            raise DataError(
                f"{where} lasts {1000 * len(sound) / self.rate:g} ms, longer than a trial of "
                f"{self.duration:g} ms; raise data.args.duration or set data.args.crop: true"
            )
        return sound[: self.samples]

    @property
    def cuts(self) -> bool:
        """Whether what a recording has beyond a trial is left out."""
        return False

    @abstractmethod
    def corpus(self, path: Path | None, rate: int) -> Corpus:
        """The recordings one by one, at the sample rate ``rate`` in Hz.

        Raises:
            DataError: data that is missing or malformed; later, a recording that is.
        """

    def recordings(self, paths: Sequence[Path], dt: float) -> Split:
        """Sound files as trials of this data set, at the time step ``dt`` (ms), with labels 0.

        Raises:
            DataError: a file cannot be read, is damaged or too long.
        """
        bands = self.room(len(paths), f"{len(paths)} recordings")
        for start in range(0, len(paths), CHUNK):
            part = paths[start : start + CHUNK]
            sounds = np.zeros((len(part), self.samples), dtype=np.float32)
            for sound, path in zip(sounds, part, strict=True):
                content = FolderFiles(path.parent).read(path.name)
                recording = self.fitted(read_sound(content, str(path)), str(path))
                sound[: len(recording)] = recording
            bands[start : start + CHUNK] = self.log_mel(sounds)
        labels, encoder = np.zeros(len(paths), np.int64), self.encoder
        if isinstance(encoder, FrameEncoder):
            return encoder.encode(bands, labels, self.duration, dt)
        return Split(*encoder.encode(bands, self.duration, dt), labels)

    def dataset(
        self,
        name: str,
        identity: object,
        make: Callable[[], Features],
        class_names: tuple[str, ...],
        dt: float,
    ) -> Dataset:
        """The data set of events at the time step ``dt`` (ms).

        Features and spikes are kept in the cache, and taken from there if nothing has changed.

        Args:
            name: of the data set.
            identity: everything, besides the settings here, that decides the content; as JSON.
            make: the log-mel bands and labels of each split.
            class_names: one per class.
        """
        about = [asdict(self.log_mel) | {"duration": self.duration}, identity]

        def features() -> Features:
            return self._cached(name, about, make)

        encoder = self.encoder
        splits: dict[str, Any]
        if isinstance(encoder, FrameEncoder):  # as many numbers as features, and soon made
            splits = {
                split: encoder.encode(bands, labels, self.duration, dt)
                for split, (bands, labels) in features().items()
            }
        else:
            settings = [about, asdict(encoder), dt]
            spikes = self._cached("events", settings, lambda: self._spikes(features(), dt))
            splits = {split: Split(*arrays) for split, arrays in spikes.items()}
        return Dataset(
            name=name,
            **splits,
            units=encoder.units,
            classes=len(class_names),
            duration=self.duration,
            class_names=class_names,
        )

    def _spikes(self, features: Features, dt: float) -> Arrays:
        """Time, unit, offset and labels of each split."""
        assert isinstance(self.encoder, SpikeEncoder)
        encode = self.encoder.encode
        return {
            split: (*encode(log_mel, self.duration, dt), np.asarray(labels, dtype=np.int64))
            for split, (log_mel, labels) in features.items()
        }

    def _cached(self, folder: str, key: object, make: Callable[[], Arrays]) -> Arrays:
        """``make()``, or what it made before of the same key.

        Args:
            folder: below the cache root.
            key: everything that decides the content; as JSON.
        """
        if not self.cache:
            return make()
        text = json.dumps([FORMAT, key], sort_keys=True).encode()
        name = hashlib.sha256(text).hexdigest()[:24]
        try:
            place = cache_folder(folder)
        except GennDelaysError as failure:
            logger.warning("not cached: %s", failure)
            return make()
        if (found := _read(kept(place, name))) is not None:
            return found
        made = make()

        def fill(file: h5py.File) -> None:
            for split, arrays in made.items():
                for k, array in enumerate(arrays):
                    file[f"{split}/{k}"] = array

        try:
            with keep(place, name, "h5") as temporary:
                temporary.write_bytes(hdf5_image(fill))
        except OSError as failure:  # a full disk costs the cache, not the run
            logger.warning("%s: not cached, %s", place / name, reason(failure))
        return made


def _read(path: Path | None) -> Arrays | None:
    """The arrays in a cache file; None where there is none or it cannot be read."""
    if path is None:
        return None
    try:
        with h5py.File(path, "r") as file:
            return {
                split: tuple(file[f"{split}/{k}"][()] for k in range(len(file[split])))
                for split in SPLITS
            }
    except (OSError, KeyError):
        return None  # a damaged cache is made again rather than reported
