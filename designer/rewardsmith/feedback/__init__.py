"""What people say of a run's rollouts: rankings of pairs, and labels of single ones."""
