"""Trains policies against rewards, in locked workers, as chains of segments."""
