"""The gateway to language models: providers, retries, budgets and the ledger of calls."""
