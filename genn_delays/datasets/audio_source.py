"""What the audio data sets share: settings, the cache of log-mel bands, encoding as events."""

from __future__ import annotations

import math
from collections.abc import Generator, Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from functools import partial
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from genn_delays.datasets.audio import CHUNK, LogMel
from genn_delays.datasets.band_file import Bands, Make, remembered
from genn_delays.datasets.base import SPLITS, Dataset, Source, Split
from genn_delays.datasets.corpus import Corpus
from genn_delays.datasets.encoder import Encoder, SpikeEncoder
from genn_delays.datasets.files import FolderFiles
from genn_delays.datasets.frames import FrameEncoder
from genn_delays.datasets.gathering import Notes, Origin, cache_key, found, gathered, split_of
from genn_delays.datasets.sound import Sound, read_sound, resample
from genn_delays.plugins import build_named
from genn_delays.support.errors import DataError
from genn_delays.support.limits import check_size

CODES = ("spikes", "frames")
SPIKES_ONLY = ("thresholds", "tau", "deltas", "delta_tau")
"""Settings without a meaning for frames."""
BUILT_IN = (*SPIKES_ONLY, "gain", "centre")
"""Settings without a meaning for an encoder of the user's own."""

FORMAT = 4  # part of the cache key: raise it when the same settings give other features


@dataclass(frozen=True)
class AudioSource(Source):
    """A data set of recordings that become spikes or graded frames.

    Attributes:
        duration: length of a trial in ms.
        bands, window, hop, f_min, f_max, range_db, rate: see
            :class:`~genn_delays.datasets.audio.LogMel`.
        code: ``"spikes"`` of encoder neurons, or graded ``"frames"``, one value per band; or an
            :class:`~genn_delays.datasets.encoder.Encoder` of your own, by ``{file, name}``.
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
    code: Any = "spikes"
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
        if not isinstance(self.code, Encoder) and self.code not in CODES:
            known: dict[str, Any] = dict.fromkeys(CODES)
            made = build_named("data.args.code", Encoder, known, self.code, DataError)
            object.__setattr__(self, "code", made)
        self._check_settings()
        # their own checks, now rather than after the recordings have been read
        self.log_mel.check_memory(self.duration)
        self.encoder  # noqa: B018

    def _check_settings(self) -> None:
        """Raise DataError where a setting means nothing to the encoder."""
        without = {"spikes": (), "frames": SPIKES_ONLY}
        for name in without[self.code] if isinstance(self.code, str) else BUILT_IN:
            if getattr(self, name) == getattr(SpikeEncoder, name):
                continue
            if self.code == "frames":
                why = "frames have no encoder neurons; remove it, or give code: spikes"
            else:
                why = "an encoder of your own has settings of its own; give it one, in code"
            raise DataError(f"data.args.{name}: {why}")

    @property
    def log_mel(self) -> LogMel:
        """The transform from sound to bands."""
        return LogMel(
            self.bands, self.window, self.hop, self.f_min, self.f_max, self.range_db, self.rate
        )

    @property
    def encoder(self) -> SpikeEncoder | FrameEncoder | Encoder:
        """The encoder from bands to events."""
        if isinstance(self.code, Encoder):
            return self.code
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
    def units(self) -> int:
        """Input units that the encoder has."""
        encoder = self.encoder
        return encoder.units(self.bands) if isinstance(encoder, Encoder) else encoder.units

    def channels(self) -> np.ndarray | None:
        """The band of each unit; nothing is known of an encoder of the user's own."""
        encoder = self.encoder
        if isinstance(encoder, Encoder):
            return None
        return np.arange(encoder.units) // (encoder.units // self.bands)

    def encoded(self, bands: np.ndarray, labels: np.ndarray, dt: float) -> Split:
        """Log-mel bands, (recordings, frames, bands), as trials at the time step ``dt`` (ms).

        Raises:
            DataError: an encoder of the user's own makes no trials of them.
        """
        encoder = self.encoder
        if isinstance(encoder, FrameEncoder):
            return encoder.encode(bands, labels, self.duration, dt)
        if isinstance(encoder, SpikeEncoder):
            return Split(*encoder.encode(bands, self.duration, dt), labels)
        made = encoder.encode(bands, labels, hop=self.hop, duration=self.duration, dt=dt)
        if not isinstance(made, Split) or len(made) != len(labels):
            given = f"{len(made)} trials" if isinstance(made, Split) else type(made).__name__
            raise DataError(
                f"{type(encoder).__name__}.encode() returned {given} for {len(labels)} recordings; "
                "return a Split with a trial of each"
            )
        return made

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

    def corpus(self, path: Path | None, rate: int) -> Corpus:
        """The recordings one by one, at the sample rate ``rate`` in Hz.

        Raises:
            DataError: this data set does not give its recordings, or data that is missing or
                malformed; later, a recording that is.
        """
        raise DataError(f"{type(self).__name__} gives no recordings one by one; give it a corpus()")

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
        return self.encoded(bands, np.zeros(len(paths), np.int64), dt)

    def dataset(
        self,
        name: str,
        identity: object,
        make: Make,
        class_names: tuple[str, ...],
        dt: float,
    ) -> Dataset:
        """The data set of events at the time step ``dt`` (ms).

        Bands and spikes are kept in the cache, and taken from there if nothing has changed; not
        those of classes of the user's own. Some recordings are worked on at a time, whatever their
        number.

        Args:
            name: of the data set.
            identity: everything, besides the settings here, that decides the content; as JSON.
            make: the log-mel bands and labels.
            class_names: one per class.
        """
        kind = f"{type(self).__module__}.{type(self).__qualname__}"
        about = [FORMAT, kind, asdict(self.log_mel), self.duration, identity]
        bands = make
        # the key knows classes, not their code, and that of the user's own may change
        own = not kind.startswith("genn_delays.")
        if self.cache and not own:
            bands = partial(remembered, make, name, cache_key(*about))
        own = own or isinstance(self.encoder, Encoder)
        keep = {  # frames are as many numbers as bands, and soon made
            "cached": self.cache and not own and isinstance(self.encoder, SpikeEncoder),
            "fresh": own or not self.cache,
        }
        encoder = [repr(self.encoder), dt]
        origins = {
            split: Origin(
                f"{name}, {split} split",
                self.units,
                self.duration,
                [about, encoder, split],
                **keep,
            )
            for split in SPLITS
        }
        train, validation, test = self._splits(origins, bands, dt)
        return Dataset(
            name=name,
            train=train,
            validation=validation,
            test=test,
            units=self.units,
            classes=len(class_names),
            duration=self.duration,
            class_names=class_names,
        )

    def _splits(self, origins: Mapping[str, Origin], bands: Make, dt: float) -> list[Split]:
        kept = {split: file for split, origin in origins.items() if (file := found(origin))}
        splits = {split: split_of(file) for split, file in kept.items()}

        def gather(split: str, some: Iterable[Bands]) -> None:
            splits[split], _ = gathered(partial(self._coded, some, dt), origins[split])

        if len(splits) < len(origins):
            with closing(bands()) as pieces:
                for split, group in groupby(pieces, key=itemgetter(0)):
                    if split not in splits:
                        gather(split, group)
        for split in origins.keys() - splits.keys():  # of which there was nothing
            gather(split, ())
        return [splits[split] for split in origins]

    def _coded(
        self, bands: Iterable[Bands], dt: float, exact: bool, notes: Notes
    ) -> Generator[Split]:
        if exact:
            raise DataError(
                f"steps of {dt:g} ms are too many in {self.duration:g} ms; raise training.dt"
            )
        for _, some, labels in bands:
            yield self.encoded(some, labels, dt)
