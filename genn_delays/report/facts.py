"""What a report says in words and numbers: outcome, circumstances, and how to run it again."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from genn_delays.experiment.citations import citations_of_run
from genn_delays.experiment.run_folder import RunFolder
from genn_delays.figures.material import Material
from genn_delays.support.errors import GennDelaysError, reason

Rows = list[tuple[str, str]]


@dataclass(frozen=True)
class Facts:
    """One run.

    Attributes:
        name: of the run folder, with as much of its path as tells it from others.
        outcome: a sentence.
        metrics, versions: names and values.
        layers: populations with their sizes, and projections with their synapses.
        config: text of config.yaml.
        commands: what runs it again.
        checksum: SHA-256 of config.yaml.
        cited: BibTeX of what it uses.
    """

    name: str
    outcome: str
    metrics: Rows
    versions: Rows
    layers: Rows
    config: str
    commands: tuple[str, ...]
    checksum: str
    cited: str


def facts_of(folder: RunFolder, name: str, material: Material) -> Facts:
    """Those of a run folder, whose run may be going on."""
    summary = folder.read_summary() if folder.summary.is_file() else {}
    config = folder.config.read_text(encoding="utf-8")
    return Facts(
        name=name,
        outcome=_outcome(material, summary),
        metrics=_metrics(material, summary),
        versions=_versions(summary),
        layers=_layers(material),
        config=config,
        commands=_commands(summary),
        checksum=hashlib.sha256(config.encode()).hexdigest(),
        cited=_cited(folder),
    )


def _outcome(material: Material, summary: Mapping[str, Any]) -> str:
    epochs = material.epochs[-1]
    if not summary:
        return f"Training goes on: {epochs} epochs are finished."
    if summary["test_accuracy"] is None:
        measured = f"Test loss {summary['test_loss']:.4g}"
    else:
        measured = f"Test accuracy {100.0 * summary['test_accuracy']:.2f} %"
    return f"{measured}, with the network of epoch {summary['best_epoch']} of {epochs}."


def _metrics(material: Material, summary: Mapping[str, Any]) -> Rows:
    """The last line of each split, then what the summary has."""
    last = {line["split"]: line for line in material.lines}
    rows = []
    for split, line in last.items():
        said = [f"loss {line['loss']:.4g}"]
        if "accuracy" in line:
            said.append(f"accuracy {100.0 * line['accuracy']:.2f} %")
        said.append(f"{line['spikes_per_neuron']:.3g} spikes per neuron")
        rows.append((f"{split}, epoch {line['epoch']}", ", ".join(said)))
    if summary:
        said = [f"loss {summary['test_loss']:.4g}"]
        if summary["test_accuracy"] is not None:
            said.append(f"accuracy {100.0 * summary['test_accuracy']:.2f} %")
        said.append(f"{summary['test_spikes_per_neuron']:.3g} spikes per neuron")
        rows.append((f"test, epoch {summary['best_epoch']}", ", ".join(said)))
        parameters = ", ".join(f"{n:,} {what}" for what, n in summary["parameters"].items())
        rows.append(("parameters", parameters))
        rows.append(("training time", f"{summary['seconds']:.0f} s"))
        rows += [(name, str(summary[name])) for name in ("seed", "backend")]
    return rows


def _versions(summary: Mapping[str, Any]) -> Rows:
    found = {**summary.get("versions", {}), **summary.get("machine", {})}
    return [(name, str(value)) for name, value in found.items()]


def _layers(material: Material) -> Rows:
    network = material.network
    rows = [
        (name, f"{type(p.neuron).__name__}, {p.size:,} units")
        for name, p in network.populations.items()
    ]
    for name, p in network.projections.items():
        table = p.synapses
        delays = f", delays up to {table.max_delay:g} ms" if table.max_delay else ", no delays"
        learns = " and ".join(p.learn) or "nothing"
        rows.append((name, f"{len(table):,} synapses{delays}; learns {learns}"))
    return rows


def _commands(summary: Mapping[str, Any]) -> tuple[str, ...]:
    version = summary.get("versions", {}).get("genn-delays")
    first = f"genn-delays --version  # {version}" if version else "genn-delays --version"
    return (first, "genn-delays run config.yaml --output again")


def _cited(folder: RunFolder) -> str:
    try:
        return "\n\n".join(citations_of_run(folder))
    except GennDelaysError as error:
        return f"% {reason(error)}"
