"""Compares a card's backend with its package, prints what came of it, and keeps the record."""

from pathlib import Path

from rewardsmith.cli.terminal import console, safe
from rewardsmith.environments.backends.parity import compare
from rewardsmith.environments.backends.record import dump_record, record_path
from rewardsmith.environments.cards import load_card
from rewardsmith.errors import UsageError, unknown


def compare_backend(ref: str, name: str, *, n_episodes: int, to: Path | None = None) -> bool:
    """Compare, print, and write the record beside the card.

    Args:
        ref: The card's.
        name: Of its backend.
        n_episodes: Of each policy, in each implementation.
        to: File to write instead of the card's own.

    Returns:
        Whether both behave alike.

    Raises:
        UsageError: The card has no such backend, or no folder to keep its record in.
    """
    card = load_card(ref)
    if not card.backends:
        raise UsageError(
            f"The card of {ref} describes no backend, so there is nothing to compare: it trains "
            "with its own package. `backends:` in a card describes one."
        )
    if name not in card.backends:
        raise UsageError(unknown(f"backend of {ref}", name, card.backends))
    path = to or record_path(card, name)
    if path is None:
        raise UsageError(f"{ref} has no folder for the record. Say where with --to.")
    out = console()
    record = compare(card, name, n_episodes=n_episodes)
    for policy, numbers in record.policies.items():
        reference, other = (pair[0] for pair in numbers["return"])
        out.print(safe(f"{policy}: mean return {reference:.4g}, in the backend {other:.4g}"))
    for difference in record.differences:
        out.print(safe(f"  {difference}", "yellow"))
    verdict = "behave alike" if record.passed else "do not behave alike"
    out.print(safe(f"{ref} and its backend {name} {verdict}, over {record.n_episodes} episodes."))
    path.write_text(dump_record(record), encoding="utf-8")
    out.print(safe(f"Written: {path}"))
    return record.passed
