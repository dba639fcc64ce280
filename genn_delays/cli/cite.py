"""``genn-delays cite``: what to cite for a configuration, a run, a sweep or a model."""

from __future__ import annotations

from pathlib import Path

import click

from genn_delays.cli.arguments import set_option
from genn_delays.experiment.citations import (
    citations,
    citations_of_model,
    citations_of_run,
    entries,
)
from genn_delays.experiment.config import load_config
from genn_delays.experiment.run_folder import RunFolder
from genn_delays.support import strict_yaml
from genn_delays.support.errors import ConfigError, GennDelaysError
from genn_delays.sweep.folder import load_run
from genn_delays.sweep.plan import read_plan
from genn_delays.sweep.sweep_file import read_sweep_file


@click.command()
@click.argument("what", metavar="CONFIG|SWEEP|RUN_DIR|MODEL", type=click.Path(path_type=Path))
@set_option
def cite(what: Path, overrides: tuple[str, ...]) -> None:
    """Print BibTeX entries of the methods and data that something uses.

    That is a configuration, a sweep file (with every run of it), the folder of a run, or a model
    that Python has saved.
    """
    if overrides and (what.is_dir() or what.suffix == ".h5"):
        raise ConfigError(f"--set changes configurations, and {what} is none; leave it out")
    folder = what.parent if what.suffix == ".h5" else what
    if RunFolder(folder).config.is_file() or what.is_dir():
        found = citations_of_run(RunFolder.open(folder))
    elif what.suffix == ".h5":
        from genn_delays.fitting import load

        model = load(what)
        found = citations_of_model(model.network, model.recipe)
    elif _is_sweep(what):
        found = _of_sweep(what, overrides)
    else:
        found = citations(load_config(what, overrides))
    click.echo("\n\n".join(found))


def _is_sweep(path: Path) -> bool:
    """Whether a file names an experiment, as only sweep files do."""
    try:
        given = strict_yaml.parse(strict_yaml.read_text(path))
    except GennDelaysError:
        return False  # whoever reads it says what is wrong
    return isinstance(given, dict) and "experiment" in given


def _of_sweep(path: Path, overrides: tuple[str, ...]) -> list[str]:
    """Of all its runs, one of each combination, and of its search."""
    plan = read_plan(path, overrides)
    runs = {str(run.levels): run for run in plan.runs.values()}
    found = [text for run in runs.values() for text in citations(load_run(plan, run))]
    search = read_sweep_file(path).made_search()
    return list(dict.fromkeys([*found, *entries(search.publications())]))
