"""Films the winner's best recorded episode into its run folder."""

from rewardsmith.environments.cards import load_card
from rewardsmith.errors import StoreError
from rewardsmith.evaluation.renderer import render_episode
from rewardsmith.messages import Result, Trajectory
from rewardsmith.report.candidates import best_line, candidate_lines
from rewardsmith.store.films import WINNER_FILM
from rewardsmith.store.layout import candidate_path
from rewardsmith.store.run import Run


def save_video(run: Run) -> str:
    """Render and save; returns one line about what came of it, and never raises for bad luck."""
    if (run.folder / WINNER_FILM).is_file():
        return f"The winner on video: {run.folder / WINNER_FILM}"
    episode = best_episode(run)
    if episode is None:
        return "No video: no episode of a winner was recorded."
    card = load_card(run.manifest.task.env)
    film = render_episode(card, episode.actions, episode.seed)
    if film.video is None:
        return f"No video: {film.reason}"
    run.save_artifact(WINNER_FILM, film.video)
    return f"The winner on video: {run.folder / WINNER_FILM}"


def best_episode(run: Run) -> Trajectory | None:
    """The winner's recorded episode of the highest fitness; None when there is none."""
    best = best_line(run, candidate_lines(run))
    if best is None or best.result is None:
        return None
    try:
        recorded = run.load_trajectories(candidate_path(best.id))
    except StoreError:
        return None
    fitness = _fitness_by_seed(best.result)
    known = [episode for episode in recorded if episode.seed in fitness]
    return max(known, key=lambda episode: fitness[episode.seed], default=None)


def _fitness_by_seed(result: Result) -> dict[int, float]:
    if not result.evaluations:
        return {}
    return {episode.seed: episode.fitness for episode in result.evaluations[-1].episodes}
