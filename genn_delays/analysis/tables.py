"""An analysis as one table: a row per number with its chance level, of layers and not of units."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import fields
from typing import Any

import numpy as np

from genn_delays.analysis.function import Function
from genn_delays.analysis.runs import POOLED, Analysis, RunAnalysis

COLUMNS = (
    *("run", "part", "place", "measure", "condition", "amount", "n"),
    *("value", "sd", "chance", "effect", "z", "p", "p_flip", "significant"),
)
Row = dict[str, Any]


def as_csv(analysis: Analysis) -> str:
    """The table, a row per number; empty where a column has nothing to say."""
    stream = io.StringIO()
    writer = csv.DictWriter(stream, COLUMNS, restval="", lineterminator="\n")
    writer.writeheader()
    for row in rows(analysis):
        writer.writerow({name: _text(value) for name, value in row.items()})
    return stream.getvalue()


def rows(analysis: Analysis) -> Iterator[Row]:
    """Rows with COLUMNS, those without a value left out."""
    for run in analysis.runs:
        for part in (_grouping, _synapses, _signs, _kept):
            for row in part(run):
                yield {"run": run.name, **row}
        if run.function is not None:
            for row in _function(run.function):
                yield {"run": run.name, **row}
    for one in analysis.pooled:
        yield {
            "run": POOLED,
            "part": "grouping",
            "place": one.projection,
            "measure": one.statistic,
            "condition": f"shuffled {one.shuffled}",
            "n": len(one.effects),
            "effect": one.mean,
            "sd": one.sd,
            "z": one.z,
            "p": one.p_t,
            "p_flip": one.p_flip,
        }
    for (i, j), found in analysis.similarities.items():
        for each in found:
            yield {
                "run": f"{analysis.runs[i].name} | {analysis.runs[j].name}",
                "part": "similarity",
                "place": each.projection,
                "measure": "correlation",
                "condition": "shuffled weights",
                "n": len(each.units),
                "value": each.mean,
                "chance": each.chance,
                "z": each.z,
                "p": each.p,
            }


def _grouping(run: RunAnalysis) -> Iterator[Row]:
    for name, groupings in run.groupings.items():
        for test in groupings.tests:
            layer = test.layer
            yield {
                "part": "grouping",
                "place": name,
                "measure": test.statistic,
                "condition": f"shuffled {test.shuffled}",
                "n": layer.units,
                "value": layer.observed,
                "chance": layer.chance,
                "effect": layer.effect,
                "z": layer.z,
                "p": layer.p,
                "significant": layer.significant,
            }


def _synapses(run: RunAnalysis) -> Iterator[Row]:
    for name, found in run.statistics.items():
        for field in fields(found):
            value = getattr(found, field.name)
            if field.name != "synapses" and value is not None:
                about = {"part": "synapses", "place": name, "measure": field.name}
                yield {**about, "n": found.synapses, "value": value}


def _signs(run: RunAnalysis) -> Iterator[Row]:
    for when, found in (("before", run.signs_before), ("after", run.signs)):
        for name, signs in found.items():
            for sign, values in signs.items():
                about = {"part": "signs", "place": name, "condition": f"{sign}, {when}"}
                for measure, value in values.items():
                    yield {**about, "n": values["synapses"], "measure": measure, "value": value}


def _kept(run: RunAnalysis) -> Iterator[Row]:
    for name, found in run.kept.items():
        about = {"part": "rewiring", "place": name}
        yield {
            **about,
            "measure": "kept",
            "n": found.before,
            "value": found.share,
            "chance": found.chance,
        }
        for sign, share in zip(("excitatory", "inhibitory"), found.by_sign, strict=True):
            yield {**about, "measure": "kept", "condition": sign, "value": share}
        for what, by in (("|weight|", found.by_weight), ("delay", found.by_delay)):
            for low, count, share in zip(by.edges, by.synapses, by.share, strict=False):
                condition = f"initial {what} from"
                row: Row = {"condition": condition, "amount": low, "n": count, "value": share}
                yield {**about, "measure": "kept", **row}


def _function(found: Function) -> Iterator[Row]:
    place = found.split
    for line in found.lines:
        about: Row = {"part": "function", "place": place, "condition": line.name}
        about |= {"amount": line.amount, "n": line.repeats}
        if line.accuracy is not None:
            yield {**about, "measure": "accuracy", "value": line.accuracy, "sd": line.accuracy_sd}
        yield {**about, "measure": "loss", "value": line.loss, "sd": line.loss_sd}
    if found.confusion is not None and found.class_accuracy is not None:
        names = found.class_names or tuple(map(str, range(len(found.confusion))))
        counts = found.confusion.sum(axis=1)
        for name, count, share in zip(names, counts, found.class_accuracy, strict=False):
            about = {"part": "class", "place": place, "measure": "accuracy"}
            yield {**about, "condition": name, "n": count, "value": share}
    for name, rate in found.rates.items():
        about = {"part": "rate", "place": name, "measure": "spikes per second"}
        sd = rate.std(ddof=1) if len(rate) > 1 else np.nan
        yield {**about, "condition": place, "n": len(rate), "value": rate.mean(), "sd": sd}


def _text(value: Any) -> str:
    """Numbers with all their digits; nothing for none."""
    if value is None or (isinstance(value, float) and np.isnan(value)):
        return ""
    return repr(value.item()) if isinstance(value, np.generic) else str(value)
