"""Judges policies: an evaluator and a renderer that never load reward code, torch or pickle."""
