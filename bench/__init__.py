"""Figures of this machine, each as a ratio against an anchor measured in the same run.

`python -m bench` runs all, `python -m bench store` some. They are commands, not timed tests.
"""
