"""Adapters for packages whose environments need help before a card can name them."""
