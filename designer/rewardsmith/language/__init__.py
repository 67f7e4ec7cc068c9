"""The reward language: plain Python for one step, compiled to batched array code.

Rank 1. `compiler` turns program text into emitted source, `expressions` does the same for one
expression; `library` is the curated `xp`; `runtime` is the only place that executes anything.
"""
