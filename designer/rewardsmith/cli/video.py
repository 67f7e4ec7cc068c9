"""Films the winner's best recorded episode into its run folder."""

from rewardsmith.environments.cards import load_card
from rewardsmith.errors import StoreError
from rewardsmith.evaluation.renderer import Film, render_episode
from rewardsmith.messages import Result, Trajectory
from rewardsmith.report.candidates import best_line, candidate_lines
from rewardsmith.store.films import WINNER_FILM
from rewardsmith.store.layout import candidate_path
from rewardsmith.store.run import Run

_REMEDY = (
    ". Let render() return a picture where render_mode is 'rgb_array', then `rewardsmith resume` "
    "films it; --no-video leaves it out."
)


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
        return f"No video: {film.reason}{'' if _tells_all(film) else _REMEDY}"
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


def _tells_all(film: Film) -> bool:
    """Whether the reason says what to do: it does not where render() itself failed."""
    return film.is_final or film.lacks_graphics


def _fitness_by_seed(result: Result) -> dict[int, float]:
    if not result.evaluations:
        return {}
    return {episode.seed: episode.fitness for episode in result.evaluations[-1].episodes}
