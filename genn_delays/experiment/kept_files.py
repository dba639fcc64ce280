"""The user's files that a run folder keeps: copies of what was run, by their checksums.

model.py             the model file
plugin_NAME.py       each file of plug-ins, by its own name, unless it is the model file
model.sha256         a line for each, as sha256sum prints it
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from genn_delays.experiment.config_files import Place, files_of
from genn_delays.plugins import entry_points, user_files
from genn_delays.plugins.user_files import UserFile, checksum, source_of
from genn_delays.support import recording
from genn_delays.support.errors import CheckpointError, reason
from genn_delays.support.paths import expanded

MODEL, CHECKSUMS, PLUGIN = "model.py", "model.sha256", "plugin_"


class KeptFiles:
    """The copies in a run folder.

    Attributes:
        model, checksums: their paths.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder.resolve()
        self.model, self.checksums = self.folder / MODEL, self.folder / CHECKSUMS

    @staticmethod
    def are_all(names: set[str]) -> bool:
        """Whether a folder of these names holds nothing but what is written here."""
        copies = names - {CHECKSUMS, MODEL}
        alone = all(name.startswith(PLUGIN) and name.endswith(".py") for name in copies)
        return not names or (CHECKSUMS in names and alone)

    @staticmethod
    def contents(model: Path, config: object) -> dict[Path, str]:
        """Checksums of the files as they were run, or else as they are.

        Args:
            model, config: as of :meth:`write`.
        """
        return {file: checksum(source_of(file)) for file in (model, *files_of(config))}

    def write(self, model: Path, config: object) -> list[Path]:
        """Copy the model file and the files of plug-ins.

        Args:
            config: plain values of a complete configuration.

        Returns:
            The copies.

        Raises:
            CheckpointError: a file cannot be written; none is left.
        """
        sources = {self.copy_of(file, model): source_of(file) for file in files_of(config)}
        sources = {self.model: source_of(model), **sources}
        lines = [f"{checksum(source)}  {path.name}\n" for path, source in sources.items()]
        try:
            recording.replace(self.checksums, "".join(lines).encode())
            for path, source in sources.items():
                recording.replace(path, source)
        except CheckpointError:
            self.remove(sources)
            raise
        return list(sources)

    def remove(self, copies: Iterable[Path]) -> None:
        """Take back what :meth:`write` wrote."""
        for path in (*copies, self.checksums):
            with suppress(OSError):
                path.unlink(missing_ok=True)

    def copy_of(self, file: Path, model: Path) -> Path:
        """Where the copy of a file is."""
        return self.model if file == model else self.folder / f"{PLUGIN}{file.name}"

    def register(self) -> None:
        """Let checkpoints name classes of the copies, and of installed plug-ins.

        Raises:
            CheckpointError: the checksums cannot be read.
        """
        entry_points.trust()
        # one that is gone is named when it is needed
        expected: dict[Path, str | None] = dict(self._sums())
        if self.checksums.exists():
            expected.setdefault(self.model, "")  # of a damaged list
        elif self.model.is_file():
            expected = {self.model: None}
        user_files.register_together(expected)
        for path in expected:
            user_files.call(path, path.name.removeprefix(PLUGIN), again=False)

    def place(self, folder: Path, model: object) -> Place:
        """How the configuration of this run finds the files that it names.

        Args:
            folder: where relative paths start.
            model: ``model.file`` of the configuration.
        """
        sums, original = self._sums(), (folder / str(model)).resolve()
        self.register()
        user_files.call(self.model, original.name)

        def place(file: str, where: str) -> UserFile:
            named = folder / expanded(file, where)
            for path in (named.resolve(), named):  # the latter where a link has changed since
                if (copy := self.copy_of(path, original)) in sums:
                    return UserFile(path, copy)
            raise CheckpointError(
                f"{where}: this run did not keep {file}: there is no line {copy.name} in "
                f"{self.checksums}; write the old file name back"
            )

        return place

    def edited(self, model: Path, config: object) -> list[str]:
        """Lines about originals that are no longer what the run keeps.

        Args:
            model, config: as of :meth:`write`.
        """
        sums, lines = self._sums(), []
        for file in (model, *files_of(config)):
            copy = self.copy_of(file, model)
            with suppress(OSError):  # gone or unreadable, which the copy is there for
                now = checksum(file.read_bytes())
                if copy in sums and now != sums[copy]:
                    lines.append(
                        f"{file} has been edited since the run began (SHA-256 {now[:16]}..., was "
                        f"{sums[copy][:16]}...); the run goes on with its copy {copy.name}"
                    )
        return list(dict.fromkeys(lines))

    def _sums(self) -> dict[Path, str]:
        """Checksums by the path of the copy; {} where none are recorded."""
        try:
            text = self.checksums.read_text(encoding="ascii", errors="replace")
        except FileNotFoundError:
            return {}
        except OSError as error:
            raise CheckpointError(f"{self.checksums}: {reason(error)}") from None
        pairs = (line.partition("  ") for line in text.splitlines())
        names = {name: digits for digits, _, name in pairs if "/" not in name}
        return {self.folder / name: digits for name, digits in names.items() if name}
