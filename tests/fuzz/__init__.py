"""Damaged and odd files at every entrance of the package: ``make fuzz``.

mutator      bytes changed at random, from a seed
text, binary, hdf5
             files that are whole and say odd things, by hypothesis; values: what they say
files        the small valid files that both begin with
formats      a format: its files, and the entrance that reads them
worker       a process that gives inputs to an entrance and says what came of each
supervisor   hands batches to workers, counts, and keeps what it finds; process, faults, memory

Everything follows from one seed. What is found is kept outside of the repository.
"""
