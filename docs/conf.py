"""How Sphinx builds the documentation: ``make docs``.

The source folder is the repository, so that links between pages, to experiments and to files of
the package are the same here and where the repository is read.

Equations are text, in docstrings and on pages: they are read in terminals and editors as well, and
the site needs no script and no network to show them.
"""

import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "docs" / "_ext")]

import genn_delays  # noqa: E402 - of this checkout

project = "genn-delays"
author = copyright = "The genn-delays authors"  # noqa: A001 - Sphinx's name
version = release = genn_delays.__version__

extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "reference"]
include_patterns = ["docs/*.md", "docs/api/*.rst", "docs/configuration.rst",
                    "docs/commands.rst", "experiments/*/README.md"]  # fmt: skip
exclude_patterns = ["docs/_build", ".*"]
root_doc = "docs/index"
nitpicky = True
highlight_language = "text"

# notebooks run without the settings of whoever builds, and without a line of log for each kernel
profile = ROOT / "docs" / "_build" / "ipython" / "profile_default"
profile.mkdir(parents=True, exist_ok=True)
(profile / "ipython_kernel_config.py").write_text("c.IPKernelApp.log_level = 40\n")
os.environ["IPYTHONDIR"] = str(profile.parent)

html_theme = "furo"
html_title = "genn-delays"
html_static_path = ["_static"]
html_extra_path = ["_root"]
html_css_files = ["site.css"]
html_show_sourcelink = False
html_copy_source = False

autodoc_member_order = "bysource"
autodoc_typehints = "signature"
napoleon_attr_annotations = False
napoleon_custom_sections = [
    (name, "params_style") for name in ("Args", "Attributes", "Class attributes")
]
"""As bullets, several names before one text as they are written."""
python_use_unqualified_type_names = True

myst_heading_anchors = 3
nb_execution_mode = "force"
nb_execution_in_temp = True
nb_execution_raise_on_error = True
nb_execution_timeout = 120
nb_merge_streams = True
