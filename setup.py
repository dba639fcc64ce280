"""Build of genn-delays; everything that describes the package is in pyproject.toml."""

from pathlib import Path

from setuptools import find_packages, setup
from setuptools.command.build_py import build_py


class WithModels(build_py):
    """Puts the files of the folder ``models`` into the package ``genn_delays.models``."""

    def find_package_modules(self, package, package_dir):
        """Modules of a package as (package, module, file)."""
        modules = super().find_package_modules(package, package_dir)
        if package == "genn_delays.models" and not self.editable_mode:
            files = sorted(Path("models").glob("*.py"))
            modules += [(package, file.stem, str(file)) for file in files]
        return modules


setup(
    packages=find_packages(include=["genn_delays", "genn_delays.*"]),
    # C code, and the templates from which the engines render theirs, are installed with them
    package_data={
        "genn_delays": ["py.typed"],
        "genn_delays.backends.genn": ["**/*.j2"],
        "genn_delays.backends.native": ["**/*.j2"],
        "genn_delays.analysis": ["*.c"],
        "genn_delays.datasets.cochlea": ["*.c"],
        "genn_delays.report": ["**/*.j2"],
        "genn_delays.support": ["*.bib"],
        "genn_delays.export": ["**/*.j2"],
    },
    cmdclass={"build_py": WithModels},
    zip_safe=False,
)
