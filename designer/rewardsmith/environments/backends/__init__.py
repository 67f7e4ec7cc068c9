"""Faster implementations of environments: how a card describes one, steps it, and proves it equal.

A backend serves training only. What judges a policy is always the card's own environment, and a
backend is refused until a parity record says that both behave alike.
"""
