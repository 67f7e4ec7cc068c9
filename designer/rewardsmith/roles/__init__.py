"""The roles of the loop: Reward Designer, Reward Critic, Trajectory Analyzer.

What needs no language model lives here as computation; the roles played by a model share the same
messages, so the loop cannot tell them apart.
"""
