"""What a reward program is and what it is worth: contract, composition, wrappers, probe.

Rank 3. `contract` reads a program's text, `composition` turns components into step rewards.
"""
