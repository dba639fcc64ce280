"""The publications that methods and data come from, as BibTeX, and the base of what cites them."""

from __future__ import annotations

from typing import ClassVar


class Cited:
    """Base of what a configuration can use and a publication may describe.

    Class attributes:
        cites: keys of :data:`ENTRIES`; () where there is nothing to cite.
    """

    cites: ClassVar[tuple[str, ...]] = ()

    def publications(self) -> tuple[str, ...]:
        """Keys of what to cite for this very object."""
        return self.cites


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
    "zenke2018": """@article{zenke2018,
  title = {{SuperSpike}: Supervised learning in multilayer spiking neural networks},
  author = {Zenke, Friedemann and Ganguli, Surya},
  journal = {Neural Computation},
  volume = {30}, number = {6}, pages = {1514--1541}, year = {2018},
  doi = {10.1162/neco_a_01086}
}""",
    "xiao2024": """@inproceedings{xiao2024,
  title = {Temporal spiking neural networks with synaptic delay for graph reasoning},
  author = {Xiao, Mingqing and Zhu, Yixin and He, Di and Lin, Zhouchen},
  booktitle = {International Conference on Machine Learning}, year = {2024},
  eprint = {2405.16851}, archiveprefix = {arXiv}
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
    "warden2018": """@misc{warden2018,
  title = {Speech {Commands}: A dataset for limited-vocabulary speech recognition},
  author = {Warden, Pete},
  year = {2018}, eprint = {1804.03209}, archiveprefix = {arXiv}
}""",
    "orchard2015": """@article{orchard2015,
  title = {Converting static image datasets to spiking neuromorphic datasets using saccades},
  author = {Orchard, Garrick and Jayawant, Ajinkya and Cohen, Gregory K. and Thakor, Nitish},
  journal = {Frontiers in Neuroscience}, volume = {9}, pages = {437}, year = {2015},
  doi = {10.3389/fnins.2015.00437}
}""",
    "mullercleve2022": """@article{mullercleve2022,
  title = {Braille letter reading: A benchmark for spatio-temporal pattern recognition on
           neuromorphic hardware},
  author = {M{\\"u}ller-Cleve, Simon F. and Fra, Vittorio and Khacef, Lyes and
            Peque{\\~n}o-Zurro, Alejandro and Klepatsch, Daniel and Forno, Evelina and
            Ivanovich, Diego G. and Rastogi, Shavika and Urgese, Gianvito and Zenke, Friedemann and
            Bartolozzi, Chiara},
  journal = {Frontiers in Neuroscience}, volume = {16}, pages = {951164}, year = {2022},
  doi = {10.3389/fnins.2022.951164}
}""",
    "kriener2022": """@inproceedings{kriener2022,
  title = {The {Yin-Yang} dataset},
  author = {Kriener, Laura and G{\\"o}ltz, Julian and Petrovici, Mihai A.},
  booktitle = {Neuro-Inspired Computational Elements Conference}, year = {2022},
  doi = {10.1145/3517343.3517380}
}""",
    "zheng2024": """@article{zheng2024,
  title = {Temporal dendritic heterogeneity incorporated with spiking neural networks for learning
           multi-timescale dynamics},
  author = {Zheng, Hanle and Zheng, Zhong and Hu, Rui and Xiao, Bo and Wu, Yujie and Yu, Fangwen
            and Liu, Xue and Li, Guoqi and Deng, Lei},
  journal = {Nature Communications}, volume = {15}, pages = {277}, year = {2024},
  doi = {10.1038/s41467-023-44614-z}
}""",
    "moro2024": """@misc{moro2024,
  title = {The role of temporal hierarchy in spiking neural networks},
  author = {Moro, Filippo and Aceituno, Pau Vilimelis and Kriener, Laura and Payvand, Melika},
  year = {2024}, eprint = {2407.18838}, archiveprefix = {arXiv}
}""",
    "bellec2018": """@inproceedings{bellec2018,
  title = {Deep rewiring: Training very sparse deep networks},
  author = {Bellec, Guillaume and Kappel, David and Maass, Wolfgang and Legenstein, Robert},
  booktitle = {International Conference on Learning Representations}, year = {2018},
  eprint = {1711.05136}, archiveprefix = {arXiv}
}""",
    "mocanu2018": """@article{mocanu2018,
  title = {Scalable training of artificial neural networks with adaptive sparse connectivity
           inspired by network science},
  author = {Mocanu, Decebal Constantin and Mocanu, Elena and Stone, Peter and Nguyen, Phuong H.
            and Gibescu, Madeleine and Liotta, Antonio},
  journal = {Nature Communications}, volume = {9}, pages = {2383}, year = {2018},
  doi = {10.1038/s41467-018-04316-3}
}""",
    "evci2020": """@inproceedings{evci2020,
  title = {Rigging the lottery: Making all tickets winners},
  author = {Evci, Utku and Gale, Trevor and Menick, Jacob and Castro, Pablo Samuel and
            Elsen, Erich},
  booktitle = {International Conference on Machine Learning},
  volume = {119}, pages = {2943--2952}, year = {2020},
  eprint = {1911.11134}, archiveprefix = {arXiv}
}""",
    "bittar2022": """@article{bittar2022,
  title = {A surrogate gradient spiking baseline for speech command recognition},
  author = {Bittar, Alexandre and Garner, Philip N.},
  journal = {Frontiers in Neuroscience}, volume = {16}, pages = {865897}, year = {2022},
  doi = {10.3389/fnins.2022.865897}
}""",
    "yavuz2016": """@article{yavuz2016,
  title = {{GeNN}: a code generation framework for accelerated brain simulations},
  author = {Yavuz, Esin and Turner, James and Nowotny, Thomas},
  journal = {Scientific Reports}, volume = {6}, pages = {18854}, year = {2016},
  doi = {10.1038/srep18854}
}""",
    "knight2021": """@article{knight2021,
  title = {{PyGeNN}: A {Python} library for {GPU}-enhanced neural networks},
  author = {Knight, James C. and Komissarov, Anton and Nowotny, Thomas},
  journal = {Frontiers in Neuroinformatics}, volume = {15}, pages = {659005}, year = {2021},
  doi = {10.3389/fninf.2021.659005}
}""",
    "fourcaud2003": """@article{fourcaud2003,
  title = {How spike generation mechanisms determine the neuronal response to fluctuating inputs},
  author = {Fourcaud-Trocm{\\'e}, Nicolas and Hansel, David and van Vreeswijk, Carl and
            Brunel, Nicolas},
  journal = {Journal of Neuroscience}, volume = {23}, pages = {11628--11640}, year = {2003},
  doi = {10.1523/JNEUROSCI.23-37-11628.2003}
}""",
    "brette2005": """@article{brette2005,
  title = {Adaptive exponential integrate-and-fire model as an effective description of neuronal
           activity},
  author = {Brette, Romain and Gerstner, Wulfram},
  journal = {Journal of Neurophysiology}, volume = {94}, pages = {3637--3642}, year = {2005},
  doi = {10.1152/jn.00686.2005}
}""",
    "montbrio2015": """@article{montbrio2015,
  title = {Macroscopic description for networks of spiking neurons},
  author = {Montbri{\\'o}, Ernest and Paz{\\'o}, Diego and Roxin, Alex},
  journal = {Physical Review X}, volume = {5}, pages = {021028}, year = {2015},
  doi = {10.1103/PhysRevX.5.021028}
}""",
    "izhikevich2003": """@article{izhikevich2003,
  title = {Simple model of spiking neurons},
  author = {Izhikevich, Eugene M.},
  journal = {IEEE Transactions on Neural Networks}, volume = {14}, pages = {1569--1572},
  year = {2003}, doi = {10.1109/TNN.2003.820440}
}""",
    "izhikevich2001": """@article{izhikevich2001,
  title = {Resonate-and-fire neurons},
  author = {Izhikevich, Eugene M.},
  journal = {Neural Networks}, volume = {14}, pages = {883--894}, year = {2001},
  doi = {10.1016/S0893-6080(01)00078-8}
}""",
    "vogels2005": """@article{vogels2005,
  title = {Signal propagation and logic gating in networks of integrate-and-fire neurons},
  author = {Vogels, Tim P. and Abbott, L. F.},
  journal = {Journal of Neuroscience}, volume = {25}, pages = {10786--10795}, year = {2005},
  doi = {10.1523/JNEUROSCI.3508-05.2005}
}""",
    "rall1967": """@article{rall1967,
  title = {Distinguishing theoretical synaptic potentials computed for different soma-dendritic
           distributions of synaptic input},
  author = {Rall, Wilfrid},
  journal = {Journal of Neurophysiology}, volume = {30}, pages = {1138--1168}, year = {1967},
  doi = {10.1152/jn.1967.30.5.1138}
}""",
    "baronig2025": """@article{baronig2025,
  title = {Advancing spatio-temporal processing through adaptation in spiking neural networks},
  author = {Baronig, Maximilian and Ferrand, Romain and Sabathiel, Silvester and
            Legenstein, Robert},
  journal = {Nature Communications}, volume = {16}, pages = {5776}, year = {2025},
  eprint = {2408.07517}, archiveprefix = {arXiv}
}""",
}
"""BibTeX by key."""
