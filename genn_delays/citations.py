"""What to cite for the methods and data of a configuration, as BibTeX."""

from __future__ import annotations

from genn_delays.config import Config
from genn_delays.errors import GennDelaysError
from genn_delays.model_file import build_network
from genn_delays.training.optimiser import KINDS

ENTRIES = {
    "wunderlich2021": """@article{wunderlich2021,
  title = {Event-based backpropagation can compute exact gradients for spiking neural networks},
  author = {Wunderlich, Timo C. and Pehle, Christian},
  journal = {Scientific Reports}, volume = {11}, pages = {12829}, year = {2021},
  doi = {10.1038/s41598-021-91786-z}
}""",
    "meszaros2025": """@article{meszaros2025,
  title = {Efficient event-based delay learning in spiking neural networks},
  author = {M{\\'e}sz{\\'a}ros, Bal{\\'a}zs and Knight, James C. and Nowotny, Thomas},
  journal = {Nature Communications}, year = {2025},
  doi = {10.1038/s41467-025-65394-8}
}""",
    "nowotny2025": """@article{nowotny2025,
  title = {Loss shaping enhances exact gradient learning with {Eventprop} in spiking neural
           networks},
  author = {Nowotny, Thomas and Turner, James P. and Knight, James C.},
  journal = {Neuromorphic Computing and Engineering}, year = {2025},
  doi = {10.1088/2634-4386/ada852}
}""",
    "neftci2019": """@article{neftci2019,
  title = {Surrogate gradient learning in spiking neural networks: Bringing the power of
           gradient-based optimization to spiking neural networks},
  author = {Neftci, Emre O. and Mostafa, Hesham and Zenke, Friedemann},
  journal = {IEEE Signal Processing Magazine},
  volume = {36}, number = {6}, pages = {51--63}, year = {2019},
  doi = {10.1109/MSP.2019.2931595}
}""",
    "hammouamri2024": """@inproceedings{hammouamri2024,
  title = {Learning delays in spiking neural networks using dilated convolutions with learnable
           spacings},
  author = {Hammouamri, Ilyass and Khalfaoui-Hassani, Ismail and Masquelier, Timoth{\\'e}e},
  booktitle = {International Conference on Learning Representations}, year = {2024},
  eprint = {2306.17670}, archiveprefix = {arXiv}
}""",
    "meszaros2024": """@article{meszaros2024,
  title = {Learning delays through gradients and structure: emergence of spatiotemporal patterns
           in spiking neural networks},
  author = {M{\\'e}sz{\\'a}ros, Bal{\\'a}zs and Knight, James C. and Nowotny, Thomas},
  journal = {Frontiers in Computational Neuroscience},
  volume = {18}, pages = {1460309}, year = {2024},
  doi = {10.3389/fncom.2024.1460309}
}""",
    "ioffe2015": """@inproceedings{ioffe2015,
  title = {Batch normalization: Accelerating deep network training by reducing internal covariate
           shift},
  author = {Ioffe, Sergey and Szegedy, Christian},
  booktitle = {International Conference on Machine Learning}, year = {2015},
  eprint = {1502.03167}, archiveprefix = {arXiv}
}""",
    "kingma2015": """@inproceedings{kingma2015,
  title = {Adam: A method for stochastic optimization},
  author = {Kingma, Diederik P. and Ba, Jimmy},
  booktitle = {International Conference on Learning Representations}, year = {2015},
  eprint = {1412.6980}, archiveprefix = {arXiv}
}""",
    "smith2019": """@misc{smith2019,
  title = {Super-convergence: very fast training of neural networks using large learning rates},
  author = {Smith, Leslie N. and Topin, Nicholay},
  year = {2019}, eprint = {1708.07120}, archiveprefix = {arXiv}
}""",
    "cramer2022": """@article{cramer2022,
  title = {The {Heidelberg} spiking data sets for the systematic evaluation of spiking neural
           networks},
  author = {Cramer, Benjamin and Stradmann, Yannik and Schemmel, Johannes and Zenke, Friedemann},
  journal = {IEEE Transactions on Neural Networks and Learning Systems},
  volume = {33}, number = {7}, pages = {2744--2757}, year = {2022},
  doi = {10.1109/TNNLS.2020.3044364}
}""",
    "kriener2022": """@inproceedings{kriener2022,
  title = {The {Yin-Yang} dataset},
  author = {Kriener, Laura and G{\\"o}ltz, Julian and Petrovici, Mihai A.},
  booktitle = {Neuro-Inspired Computational Elements Conference}, year = {2022},
  doi = {10.1145/3517343.3517380}
}""",
}

USES = {
    "eventprop": ("wunderlich2021", "meszaros2025"),
    "surrogate": ("neftci2019",),
    "spatiotemporal": ("meszaros2024",),
    "delay_kernel": ("hammouamri2024",),
    "batch_normalisation": ("ioffe2015",),
    "exponential_mean_voltage": ("nowotny2025",),
    "adam": ("kingma2015",),
    "one_cycle": ("smith2019",),
    "spike_count": ("meszaros2025",),
    "silent_rescue": ("meszaros2025",),
    "sequence": ("meszaros2025",),
    "spike_hdf5": ("cramer2022",),
    "yin_yang": ("kriener2022",),
}
"""Keys of :data:`ENTRIES` for each method and data set, by its name in a configuration.

A published network goes by the name of its file in ``models/``.
"""


def citations(config: Config) -> list[str]:
    """BibTeX entries of what a configuration uses, each once, in the order of its sections."""
    used = [config.data.name, config.model.file.stem, *_declared(config)]
    used += [config.gradient["name"], config.readout["name"]]
    used += [key for key in ("spike_count", "silent_rescue") if getattr(config.training, key)]
    rules = [config.optimiser[kind] for kind in KINDS]
    rules += [rule for group in config.optimiser["groups"].values() for rule in group.values()]
    for rule in rules:
        used += [rule["name"], *(schedule["name"] for schedule in rule["schedule"])]
    keys = [key for name in used for key in USES.get(name, ())]
    return [ENTRIES[key] for key in dict.fromkeys(keys)]


def _declared(config: Config) -> list[str]:
    """What the network itself uses, declared for one input and one output.

    A model that cannot be built without the sizes of its data has kernels if they narrow.
    """
    try:
        network = build_network(
            config.model.file, config.model.args, inputs=1, outputs=1, seed=config.training.seed
        )
    except GennDelaysError:
        return ["delay_kernel"] if config.training.sigma else []
    kernels = any(p.kernel is not None for p in network.projections.values())
    normalised = any(p.normalise is not None for p in network.populations.values())
    return ["delay_kernel"] * kernels + ["batch_normalisation"] * normalised
