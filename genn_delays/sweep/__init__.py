"""Many runs of one experiment, on one machine or many.

A sweep file (`sweep_file`, `axes`) becomes a plan of runs (`plan`, `combinations`, `planned_run`),
each of which is an ordinary run folder in the folder of the sweep (`folder`). Who is at which run
stands in a file per attempt (`attempts`), so that any number of processes share the work. A run is
carried out by `execution`: in workers of one machine (`local`, `workers`, `devices`) or in jobs of
a cluster (`jobs`). `study` draws the settings of a run with optuna from the outcome of earlier
ones; `collect` makes the tables.
"""
