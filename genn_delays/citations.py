"""What to cite for the methods and data of a configuration, as BibTeX."""

from __future__ import annotations

from genn_delays.config import Config

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
    "exponential_mean_voltage": ("nowotny2025",),
    "adam": ("kingma2015",),
    "one_cycle": ("smith2019",),
    "spike_count": ("meszaros2025",),
    "silent_rescue": ("meszaros2025",),
    "sequence": ("meszaros2025",),
    "spike_hdf5": ("cramer2022",),
    "yin_yang": ("kriener2022",),
}
"""Keys of :data:`ENTRIES` for each method and data set, by its name in a configuration."""


def citations(config: Config) -> list[str]:
    """BibTeX entries of what a configuration uses, each once, in the order of its sections."""
    used = [config.data.name, config.gradient["name"], config.readout["name"]]
    used += [key for key in ("spike_count", "silent_rescue") if getattr(config.training, key)]
    by_parameter = [config.optimiser, *config.optimiser["groups"].values()]
    rules = [chosen[key] for chosen in by_parameter for key in ("weight", "delay") if key in chosen]
    for rule in rules:
        used += [rule["name"], *(schedule["name"] for schedule in rule["schedule"])]
    keys = [key for name in used for key in USES.get(name, ())]
    return [ENTRIES[key] for key in dict.fromkeys(keys)]
