"""Which files the published data sets are, where they lie, and their checksums.

The checksums are those that the authors or the package tonic 1.7 publish. Where they lie on a list
beside the files, the list is fetched too; where there are none, ``fetch`` says so.
"""

from __future__ import annotations

from dataclasses import dataclass

from genn_delays.support.errors import DataError, suggest


@dataclass(frozen=True)
class Download:
    """A file.

    Attributes:
        name: in the folder of the data set.
        url: where it lies.
        md5: of its content; None where only a list has it, or nothing.
        unpacked: a file that is there once the archive is unpacked; None where it is read packed.
        instead: what does as well as this file: it, unpacked by hand.
    """

    name: str
    url: str
    md5: str | None = None
    unpacked: str | None = None
    instead: str | None = None


@dataclass(frozen=True)
class Entry:
    """A data set.

    Attributes:
        about: what it is, in a line.
        files: all of them.
        checksums: the address of a list of checksums, as md5sum writes it.
    """

    about: str
    files: tuple[Download, ...]
    checksums: str | None = None


ZENKE = "https://zenkelab.org/datasets/"
MENDELEY = "https://data.mendeley.com/public-files/datasets/468j46mzdv/files/"


def _spikes(name: str, md5: str | None = None) -> Download:
    return Download(f"{name}.gz", f"{ZENKE}{name}.gz", md5, instead=name)


CATALOGUE: dict[str, Entry] = {
    "shd": Entry(
        "spiking Heidelberg Digits: 700 channels of a cochlea, English and German digits",
        (
            _spikes("shd_train.h5", "d47c9825dee33347913e8ce0f2be08b0"),
            _spikes("shd_test.h5", "3062a80ec0c5719404d5b02e166543b1"),
        ),
    ),
    "ssc": Entry(
        "spiking Speech Commands: 700 channels of a cochlea, 35 words",
        tuple(_spikes(f"ssc_{split}.h5") for split in ("train", "valid", "test")),
        f"{ZENKE}md5sums.txt",
    ),
    "rhd": Entry(
        "Heidelberg Digits: the recordings of which shd is made",
        (Download("hd_audio.tar.gz", f"{ZENKE}hd_audio.tar.gz", unpacked="train_filenames.txt"),),
        f"{ZENKE}md5sums.txt",
    ),
    "gsc": Entry(
        "Speech Commands v0.02: recordings of 35 words",
        (
            Download(
                "speech_commands_v0.02.tar.gz",
                "https://storage.googleapis.com/download.tensorflow.org/data/"
                "speech_commands_v0.02.tar.gz",
                "6b74f3901214cb2c2934e98196829835",
                "testing_list.txt",
            ),
        ),
    ),
    "fsdd": Entry(
        "Free Spoken Digit Dataset: recordings of ten English digits",
        (
            Download(
                "free-spoken-digit-dataset-1.0.10.zip",
                "https://github.com/Jakobovski/free-spoken-digit-dataset/archive/refs/tags/"
                "v1.0.10.zip",
                instead="recordings",
            ),
        ),
    ),
    "nmnist": Entry(
        "N-MNIST: handwritten digits before a moving event camera",
        (
            Download(
                "train.zip",
                f"{MENDELEY}39c25547-014b-4137-a934-9d29fa53c7a0/file_downloaded",
                "20959b8e626244a1b502305a9e6e2031",
                instead="Train",
            ),
            Download(
                "test.zip",
                f"{MENDELEY}05a4d654-7e03-4c15-bdfa-9bb2bcbea494/file_downloaded",
                "69ca8762b2fe404d9b9bad1103e97832",
                instead="Test",
            ),
        ),
    ),
    "braille": Entry(
        "Braille letters under a fingertip with 12 taxels",
        (
            Download(
                "reading_braille_data.zip",
                "https://zenodo.org/records/7050094/files/reading_braille_data.zip",
                instead="data_braille_letters_th_1.pkl",
            ),
        ),
    ),
}
"""By name of the source."""


def entry(name: str) -> Entry:
    """What is known of a data set.

    Raises:
        DataError: nothing; the nearest name is given.
    """
    if name not in CATALOGUE:
        raise DataError(f"nothing can be fetched under {name!r}; {suggest(name, CATALOGUE)}")
    return CATALOGUE[name]
