"""Build of genn-delays; everything that describes the package is in pyproject.toml."""

from setuptools import find_packages, setup

setup(
    packages=find_packages(include=["genn_delays", "genn_delays.*"]),
    # the engines render their code from templates that are installed with them
    package_data={
        "genn_delays": ["py.typed"],
        "genn_delays.backends.genn": ["**/*.j2"],
        "genn_delays.backends.native": ["**/*.j2"],
    },
    zip_safe=False,
)
