"""What is measured on an NVIDIA device, and what is counted without one; see docs/gpu.md.

Nothing here needs more than numpy, pydantic, jinja2 and PyGeNN, so that a bare node can run it.
"""
