"""Replays an episode to video in a process of its own, which holds no reward code."""
