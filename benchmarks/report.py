"""Write docs/benchmarks.md from what :mod:`compare` and :mod:`scaling` measured.

    python benchmarks/report.py

Every figure is a median with its range in brackets; ratios are of medians of one run.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median
from typing import Any

import click
import targets

ROOT = Path(__file__).parents[1]
COMPARED = ("compare.json", "compare-avx2.json")
PEERS = ("eventax.json", "mlgenn.json", "dcls.json")
FILES = (*COMPARED, "scaling.json", *PEERS)
PAGE = """# Benchmarks

`make bench` measures everything below and writes this page from `benchmarks/results/`; change
`benchmarks/report.py`, not the page.

{circumstances}

Every figure is the median with the range of its repeats in brackets. The sides of a row take turns
within every repeat, each in a process of its own, and only figures of one run are divided.

## Targets

{targets}

## Against dense convolutions in PyTorch

The baseline (`benchmarks/pytorch_dense.py`) has the same sizes, batch and input, all cores, and
does what a layer of delays does where they are dilated convolutions: it spreads every weight over
the taps of a kernel and convolves over all steps. `plain` has LIF neurons without a synaptic
current, which is less work than in our networks, and so other spikes and losses; what it computes
does not depend on them. `published` is DCLS (C) and FCN24 (D) with batch normalisation and
dropout; with their delay kernel at sigma 0.23, `surrogate narrow`, we do the same,
while `surrogate` rounds delays to one tap, at which a dense convolution saves nothing. In E
`delayed` has a delay on every recurrent synapse, step by step; `undelayed` has none within the
layer, for information.

The forward pass is that of a training batch. A step is forward pass, loss, backward pass, the
optimiser's update and, on our side, handing the new values to the engine. `times` is how many times
faster than the baseline of its kind. Memory is the most the process had, less what it had before
its network and data were there, and its share of the baseline's. Vectors are those of the engine,
in bytes. Spikes are those per neuron and trial, by hidden layer. On a processor that has AVX-512,
"without" means that neither side was allowed to use it (`make bench-avx2`).

{comparison}

## Against other packages

Each by a script of its own, which says what both sides compute: `benchmarks/eventax_gradient.py`,
`mlgenn_epoch.py` and `dcls.py` (a whole training while delay kernels narrow, against PyTorch).

{peers}

## Scaling

EventProp on row A, one thing changed at a time, and weights along with it so that neurons fire
about as often; `benchmarks/scaling.py` says how. A pass is forward, loss and backward; a step also
updates and loads.

{scaling}
"""
OURS = ("eventprop", "surrogate", "surrogate_narrow")
CURVES = {
    "trials": "trials of a batch",
    "spikes": "input spikes of a trial",
    "synapses": "share of the synapses",
    "delay": "largest delay (B, 32 trials)",
    "threads": "threads, on as many cores",
}


def spread(values: Sequence[float], scale: float = 1.0) -> str:
    """Median and range, in three digits."""
    low, middle, high = (_digits(scale * f(values)) for f in (min, median, max))
    return f"{middle} ({low} to {high})"


def _digits(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def table(head: Sequence[str], lines: Iterator[Sequence[str]]) -> str:
    """A table in Markdown."""
    cells = [head, ["---"] * len(head), *lines]
    return "\n".join(f"| {' | '.join(line)} |" for line in cells)


def circumstances(content: dict[str, Any]) -> str:
    """Where, when and with what; as each file has it, for they may come from two runs."""
    said = []
    for about in content.values():
        where, versions = about["machine"], about["versions"]
        kept = ("genn-delays", "python", "numpy", "torch")
        said.append(
            f"`{about['command']}`, {about['repeats']} repeats, {about['date']}: "
            f"{where['processor']}, {where['cores']} cores, {where['system']}; "
            + ", ".join(f"{name} {versions[name]}" for name in kept)
            + "."
        )
    return "\n\n".join(said)


def target_lines(content: dict[str, Any]) -> Iterator[Sequence[str]]:
    """What was asked for beside what is reached."""
    for target in targets.TARGETS:
        found = target.reached(content)
        if found is not None:
            verdict = "yes" if target.met(found) else "no"
            yield target.text, target.wanted(), target.shown(found), verdict


def comparison_lines(compared: dict[str, Any]) -> Iterator[Sequence[str]]:
    """A line per row and side."""
    for name, row in compared["rows"].items():
        for side, found in row["sides"].items():
            where = f"{name}: {row['title']}, {row['batch']} trials"
            if found["against"]:
                other = row["sides"][found["against"]]
                times = f"{targets.speedup(row, side):.3g}"
                passes = f"{median(other['forward_s']) / median(found['forward_s']):.3g}"
                memory = f"{found['added_bytes'] / other['added_bytes']:.3g}"
            else:
                times = passes = memory = ""
            spikes = ", ".join(f"{value:.1f}" for value in found["spikes"].values())
            # runs before 2026-11-28 had vectors of 64 bytes everywhere
            width = str(found.get("vector_bytes", 64) or "") if side in OURS else ""
            yield (
                *(where if side == next(iter(row["sides"])) else "", side.replace("_", " ")),
                *(spread(found["forward_s"], 1e3), passes, spread(found["step_s"], 1e3), times),
                *(f"{found['added_bytes'] / 2**20:,.0f}", memory, width, spikes),
            )


def scaling_tables(parts: dict[str, Any]) -> Iterator[str]:
    """A table per curve, then the epochs and the starts."""
    for name, title in CURVES.items():
        if name in parts:
            lines = (
                (point, spread(row["pass_s"], 1e3), spread(row["step_s"], 1e3), _spikes(row))
                for point, row in parts[name].items()
            )
            yield table((title, "pass ms", "step ms", "spikes per neuron"), lines)
    if "epoch" in parts:
        lines = ((point, spread(row["epoch_s"])) for point, row in parts["epoch"].items())
        yield table(("8,156 trials of B in batches of 256, largest delay", "s"), lines)
    if "start" in parts:
        compiled = parts["start"]["first_compile_s"].items()
        lines = [(f"first compilation, {row}", spread(seconds)) for row, seconds in compiled]
        cached = spread(parts["start"]["cached_run"]["first_batch_s"])
        lines += [("cached `genn-delays run` to the end of its first batch, less its data", cached)]
        yield table(("start", "s"), iter(lines))


def peer_lines(content: dict[str, Any]) -> Iterator[Sequence[str]]:
    """A row of figures for each thing compared with a package, where it was measured."""

    def row(what: str, with_what: str, ratios: Sequence[float], name: str) -> Sequence[str]:
        about = content[name]
        when = f"{about['date']}, {_instructions(about)}"
        return what, with_what, f"{spread(ratios)} times", when, f"`{about['command']}`"

    if (found := content.get("eventax.json")) is not None:
        runs = found["seconds of a gradient"]
        first = found["seconds to the first gradient"]
        what = f"gradient of 5-30-3, 64 trials (the first: {first['ours']:.1f} s, theirs "
        ratios = [run["theirs"] / run["ours"] for run in runs]
        yield row(f"{what}{first['theirs']:.0f} s)", "eventax 0.1.0", ratios, "eventax.json")
    if (found := content.get("mlgenn.json")) is not None:
        for threads in (1, 2):
            ratios = [run["mlgenn"] / run[f"threads_{threads}"] for run in found["seconds"]]
            what = f"epoch of 120-128-20, 320 trials, {threads} thread{'s' * (threads > 1)} of ours"
            yield row(what, "mlGeNN 2.4, GeNN's CPU backend", ratios, "mlgenn.json")
    if (found := content.get("dcls.json")) is not None:
        for name, sides in ((name, row["sides"]) for name, row in found["rows"].items()):
            ours, theirs = (sum(e["wall_s"] for e in sides[s]) for s in ("ours", "pytorch"))
            what = f"training of {name}, sigma from 12 to 0.23"
            yield row(what, "PyTorch", [theirs / ours], "dcls.json")


def _spikes(row: dict[str, Any]) -> str:
    return ", ".join(f"{value:.1f}" for value in row["spikes"].values())


def _instructions(about: dict[str, Any]) -> str:
    """Whether AVX-512 took part; all runs before 2026-11-28 were on processors that have it."""
    used = about.get("avx512", True) and about.get("isa") != "avx2"
    return "with AVX-512" if used else "without AVX-512"


def render(content: dict[str, Any]) -> str:
    """The page, of the files that are there by their names."""
    head = ("row", "side", "forward ms", "times", "step ms", "times")
    head = (*head, "MiB", "share", "vectors", "spikes")
    tables = []
    for name in (name for name in COMPARED if name in content):
        about = content[name]
        title = f"### {about['machine']['processor']}, {_instructions(about)}, {about['date']}"
        tables += [title, table(head, comparison_lines(about))]
    return PAGE.format(
        circumstances=circumstances(content),
        targets=table(("what", "target", "reached", "met"), target_lines(content)),
        comparison="\n\n".join(tables),
        peers=table(("what", "against", "faster", "when", "command"), peer_lines(content)),
        scaling="\n\n".join(scaling_tables(content.get("scaling.json", {}).get("parts", {}))),
    )


@click.command()
@click.option("--results", type=click.Path(path_type=Path), default=ROOT / "benchmarks" / "results")
@click.option("--output", type=click.Path(path_type=Path), default=ROOT / "docs" / "benchmarks.md")
def main(results: Path, output: Path) -> None:
    """Write the page from the files of a folder."""
    there = [name for name in FILES if (results / name).is_file()]
    if not there:
        raise click.ClickException(f"{results} has none of {', '.join(FILES)}; run `make bench`")
    content = {name: json.loads((results / name).read_text(encoding="utf-8")) for name in there}
    output.write_text(render(content), encoding="utf-8")


if __name__ == "__main__":
    main()
