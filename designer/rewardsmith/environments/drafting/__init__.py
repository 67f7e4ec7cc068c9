"""Drafts a card for an environment that has none: spaces, docstrings, names, a few rollouts."""
