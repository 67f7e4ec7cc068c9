"""Environments: cards, state fields, the vector environment, fitness of one episode."""
