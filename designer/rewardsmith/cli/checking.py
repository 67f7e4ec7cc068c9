"""Checks a reward program from a file: its text, then its compiled form on real transitions."""

from collections.abc import Sequence
from pathlib import Path

from rewardsmith import session
from rewardsmith.cli.documents import check_document
from rewardsmith.cli.drafting import card_for
from rewardsmith.cli.printing import print_json
from rewardsmith.cli.probe_page import show_exploits, show_probe
from rewardsmith.cli.terminal import cleaned, console, safe
from rewardsmith.errors import UsageError
from rewardsmith.messages import Finding, Verdict

MAX_BYTES = 256 * 1024
REFUSED = 2
"""Exit status for a program that may not be trained with."""

_NO_TASK = (
    "{env} has no task in its card, so what not doing one would earn was left out. Write one under "
    "`tasks:` to see it."
)
_STYLES = {"error": "red", "warning": "yellow", "note": "dim"}


def check_file(
    path: Path,
    env: str,
    task: str | None,
    env_args: Sequence[str] = (),
    *,
    as_json: bool = False,
) -> int:
    """Print the verdict on the program in `path`; returns the exit status.

    Raises:
        UsageError: The file cannot be read, or there is no such environment or task.
    """
    text = read_program_file(path)
    with card_for(env, env_args) as found:
        examined = session.examine_program(text, found.ref, task=task)
    if as_json:
        print_json(check_document(path, examined.verdict, examined.task))
        return 0 if examined.verdict.ok else REFUSED
    show_findings(examined.verdict, path)
    if examined.report is not None and examined.program is not None:
        show_probe(examined.report, examined.program, console())
        show_exploits(examined.verdict, console(), examined.report.competent_return)
        if examined.task is None:
            console().print(safe(_NO_TASK.format(env=env), "dim"), soft_wrap=True)
    show_verdict(examined.verdict, path)
    return 0 if examined.verdict.ok else REFUSED


def read_program_file(path: Path) -> str:
    """The text of a reward program.

    Raises:
        UsageError: It cannot be read, is too long, or is not UTF-8.
    """
    try:
        blob = path.read_bytes()
        text = blob.decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise UsageError(f"Cannot read the reward program {str(path)!r}: {why}.") from error
    if len(blob) > MAX_BYTES:
        raise UsageError(f"The reward program {str(path)!r} is longer than {MAX_BYTES} bytes.")
    return text


def show_findings(verdict: Verdict, path: Path) -> None:
    """Print every finding with its line and remedy."""
    out = console()
    for finding in verdict.findings:
        out.print(safe(_line(finding, path), _STYLES[finding.severity]), soft_wrap=True)
        if finding.remedy:
            out.print(safe(f"  {finding.remedy}"), soft_wrap=True)


def show_verdict(verdict: Verdict, path: Path) -> None:
    """Print whether the program may be trained with."""
    n_errors = sum(finding.severity == "error" for finding in verdict.findings)
    said = "accepted" if verdict.ok else f"refused: {n_errors} error{'s' * (n_errors != 1)}"
    console().print(safe(f"\n{path.name} is {said}.", "bold green" if verdict.ok else "bold red"))


def _line(finding: Finding, path: Path) -> str:
    where = f"{path.name}:{finding.line}" if finding.line else path.name
    return f"{where}: {finding.severity}: {cleaned(finding.message)} [{finding.code}]"
