"""What ``show-code`` prints: the snippets handed to GeNN and the source GeNN made of them."""

from __future__ import annotations

from genn_delays.backends.genn import codegen
from genn_delays.backends.genn.compiler import NAME, folder_of
from genn_delays.backends.genn.declaration import declare, width_of
from genn_delays.backends.genn.synapses import row_of
from genn_delays.declaration.network import Network
from genn_delays.planning.plan import Plan
from genn_delays.support.errors import BackendError

SOURCES = ("neuronUpdate", "synapseUpdate", "customUpdate")


def text_of(plan: Plan) -> str:
    """Every snippet of a plan under the name of its population or projection."""
    parts = []
    for k, p in enumerate(plan.populations):
        n = codegen.neuron(plan, k)
        values = "".join(f"//   {name} = {value!r}\n" for name, _, value in n.params)
        own = f"//   per neuron: {', '.join(n.constants)}\n" if n.constants else ""
        parts.append(f"// population {p.name!r}, {p.size} neurons\n{values}{own}{n.sim_code}\n")
    for k, q in enumerate(plan.projections):
        s = codegen.synapse(plan, k)
        head = f"// projection {q.name!r}, delays to {q.max_delay_steps} steps\n"
        parts.append(f"{head}// at a spike\n{s.spike_code}\n// going back\n{s.event_code}\n")
    parts.append(f"// Adam\n{codegen.adam_code('weight')}\n")
    return "\n".join(parts)


def source_of(plan: Plan, network: Network, backend: str) -> str:
    """The C++ or CUDA that GeNN generated, or a line that says it is not built yet."""
    rows = [
        row_of(plan, k, network.projections[p.name].synapses)
        for k, p in enumerate(plan.projections)
    ]
    batch_size = width_of(plan, backend)
    try:
        folder = folder_of(declare(plan, rows, batch_size, [()] * len(rows)), backend)
    except BackendError as error:
        return f"\n// GeNN's own source cannot be shown: {str(error).splitlines()[0]}\n"
    folder /= f"{NAME}_CODE"
    if not folder.is_dir():
        return f"\n// GeNN's own source appears here once the model has been built for {backend}\n"
    files = [folder / f"{name}.cc" for name in SOURCES]
    return "".join(f"\n// {file}\n{file.read_text()}" for file in files)
