"""The real stages of a search: each asks the journal first, then the roles, workers and evaluator.

Decisions are recorded before they are acted on. The offline designer and the computed critic and
analyzer work here; a language model takes their places through the same signatures.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rewardsmith.loop import Stages
from rewardsmith.messages import (
    Analysis,
    Candidate,
    EpisodeScore,
    History,
    Judged,
    Layer,
    Outcome,
    Result,
    Task,
    Trajectory,
    Verdict,
)
from rewardsmith.rewards.contract import Reading, read_program
from rewardsmith.rewards.probe import ProbeReport
from rewardsmith.roles.analyzer import analyze
from rewardsmith.roles.critic import judge
from rewardsmith.roles.offline.brief import CardWords
from rewardsmith.roles.offline.designer import propose
from rewardsmith.screening import Screening, screen_duplicates
from rewardsmith.store.codec import load
from rewardsmith.training import judging
from rewardsmith.training.arena import Arena
from rewardsmith.training.compete import compete
from rewardsmith.training.engine import Chain
from rewardsmith.training.trial import recorded_name


@dataclass(frozen=True, slots=True, kw_only=True)
class Workshop:
    """What the stages work with."""

    arena: Arena

    def stages(self) -> Stages:
        """The stages of this search."""
        return Stages(
            should_stop=self.should_stop,
            propose=self.propose,
            judge=self.judge,
            screen=self.screen,
            compete=self.compete,
            analyze=self.analyze,
        )

    def should_stop(self, history: History) -> bool:
        """Whether the configured iterations are done."""
        return len(history.iterations) >= self.arena.config.search.iterations

    # ---------------------------------------------------------------- propose

    def propose(self, task: Task, history: History) -> tuple[Candidate, ...]:
        """The iteration's candidates, as recorded or newly designed."""
        run, number = self.arena.run, len(history.iterations)
        recalled = run.recall("iteration_started", iteration=number)
        if recalled is not None:
            candidates = tuple(load(Candidate, c) for c in recalled["candidates"])
        else:
            candidates = self._propose(task, history)
            run.record("iteration_started", key={"iteration": number}, candidates=list(candidates))
        for candidate in candidates:
            key = {"candidate": candidate.id}
            if run.recall("candidate_proposed", **key) is None:
                run.record("candidate_proposed", key=key, candidate=candidate)
        return candidates

    def _propose(self, task: Task, history: History) -> tuple[Candidate, ...]:
        card, config = self.arena.card, self.arena.config
        return propose(
            task,
            card.state,
            history,
            n=config.search.candidates,
            iteration=len(history.iterations),
            seed=config.seed,
            words=CardWords(
                start=card.start, episode_end=card.episode_end, exploits=card.known_exploits
            ),
        )

    # ------------------------------------------------------------------ judge

    def judge(
        self, candidates: tuple[Candidate, ...], task: Task, history: History
    ) -> tuple[Judged, ...]:
        """Static check, then the probe in a locked worker; the refused ones are closed."""
        judged = self.arena.engine.run([self._judge(candidate, task) for candidate in candidates])
        for one in judged:
            if not one.verdict.ok:
                self._close(one, Outcome.REJECTED, _reasons(one.verdict))
        return tuple(judged)

    def _judge(self, candidate: Candidate, task: Task) -> Chain[Judged]:
        reading = read_program(candidate.text, self.arena.card.state)
        static = self._record_verdict(candidate, "static", reading, None)
        if reading.program is None:
            return static
        recalled = self._recall_verdict(candidate, "probe")
        if recalled is not None:
            return recalled
        report = yield from judging.probe(
            reading.program,
            self.arena.references.trajectories,
            task=task,
            config=self.arena.config,
        )
        return self._record_verdict(candidate, "probe", reading, report)

    def _record_verdict(
        self,
        candidate: Candidate,
        layer: Layer,
        reading: Reading,
        report: ProbeReport | None,
    ) -> Judged:
        recalled = self._recall_verdict(candidate, layer)
        if recalled is not None:
            return recalled
        verdict = judge(
            reading,
            report,
            instruction=self.arena.task.instruction,
            state=self.arena.card.state,
        )
        judged = Judged(candidate=candidate, verdict=verdict)
        self.arena.run.record(
            "candidate_judged",
            key={"candidate": candidate.id, "round": 0, "layer": layer},
            judged=judged,
            accepted=verdict.ok and layer == "probe",
        )
        return judged

    def _recall_verdict(self, candidate: Candidate, layer: Layer) -> Judged | None:
        data = self.arena.run.recall(
            "candidate_judged", candidate=candidate.id, round=0, layer=layer
        )
        return load(Judged, data["judged"]) if data else None

    def _close(self, judged: Judged, outcome: Outcome, text: str) -> None:
        run, candidate = self.arena.run, judged.candidate.id
        if run.recall("candidate_closed", candidate=candidate) is None:
            result = Result(judged=judged, outcome=outcome, text=text)
            run.record("candidate_closed", key={"candidate": candidate}, result=result)

    # ----------------------------------------------------------------- screen

    def screen(self, judged: tuple[Judged, ...], history: History) -> tuple[Judged, ...]:
        """Accepted candidates that compute something new."""
        accepted = [j for j in judged if j.verdict.ok]
        screenings = screen_duplicates(accepted, history)
        kept = []
        for one, decided in zip(accepted, screenings, strict=True):
            screening = self._recorded_screening(decided)
            if screening.is_screened:
                self._close(one, Outcome.SCREENED, screening.reason)
            else:
                kept.append(one)
        return tuple(kept)

    def _recorded_screening(self, screening: Screening) -> Screening:
        """The decision as it was recorded before, or now."""
        key = {"candidate": screening.candidate}
        recalled = self.arena.run.recall("candidate_screened", **key)
        if recalled is not None:
            return Screening(candidate=screening.candidate, reason=recalled["reason"])
        self.arena.run.record(
            "candidate_screened",
            key=key,
            screened=screening.is_screened,
            reason=screening.reason,
        )
        return screening

    # ---------------------------------------------------------------- compete

    def compete(self, chosen: tuple[Judged, ...], task: Task) -> tuple[Result, ...]:
        """Train and evaluate them between rungs."""
        return compete(chosen, self.arena)

    # ---------------------------------------------------------------- analyze

    def analyze(self, results: tuple[Result, ...], task: Task) -> tuple[Analysis, ...]:
        """Why each trained candidate's policy did what it did."""
        return tuple(self.arena.engine.run([self._analyze(result, task) for result in results]))

    def _analyze(self, result: Result, task: Task) -> Chain[Analysis]:
        run = self.arena.run
        recalled = run.recall("candidate_analyzed", candidate=result.id)
        if recalled is not None:
            return load(Analysis, recalled["analysis"])
        analysis = yield from self._study(result, task)
        run.record("candidate_analyzed", key={"candidate": result.id}, analysis=analysis)
        return analysis

    def _study(self, result: Result, task: Task) -> Chain[Analysis]:
        program = read_program(result.judged.candidate.text, self.arena.card.state).program
        recorded, per_checkpoint = self._recorded(result), self.arena.n_recorded
        named = self.arena.references.named
        scored = None
        if program is not None and recorded:
            scored = yield from judging.score(
                program,
                [*recorded, *named.values()],
                task=task,
                gamma=self.arena.preset.gamma,
                config=self.arena.config,
            )
        scored = scored or ()
        rollouts, references = scored[: len(recorded)], scored[len(recorded) :]
        last = rollouts[-per_checkpoint:]
        if last:
            self.arena.run.save_trajectories(result.id, last)
        return analyze(
            result,
            rollouts=last,
            episodes=_episodes_of(result, last),
            references=dict(zip(named, references, strict=False)),
            weights=dict(program.weights) if program else {},
            curves=self._curves(result),
            pairs=_pairs(result, rollouts, per_checkpoint),
            state=self.arena.card.state,
        )

    def _recorded(self, result: Result) -> tuple[Trajectory, ...]:
        """Episodes of the last segment's checkpoints, in their order; empty without any."""
        if not result.evaluations:
            return ()
        last, seed = result.evaluations[-1], self.arena.seed(result.id)
        key = {"candidate": result.id, "seed": seed, "step": last.step, "seed_set": last.seed_set}
        data = self.arena.run.recall("candidate_evaluated", **key)
        if data is None or data["recorded"] is None:
            return ()
        name = recorded_name(seed, last.step)
        return self.arena.run.load_trajectories(result.id, data["recorded"], name=name)

    def _curves(self, result: Result) -> Mapping[str, Sequence[tuple[int, float]]]:
        points = self.arena.run.load_metrics(result.id, self.arena.seed(result.id))
        names = dict.fromkeys(name for point in points for name in point.values)
        return {n: [(p.step, p.values[n]) for p in points if n in p.values] for n in names}


def _reasons(verdict: Verdict) -> str:
    return "\n".join(str(f) for f in verdict.findings if f.severity == "error")


def _episodes_of(result: Result, rollouts: Sequence[Trajectory]) -> tuple[EpisodeScore, ...]:
    if not result.evaluations:
        return ()
    by_seed = {episode.seed: episode for episode in result.evaluations[-1].episodes}
    return tuple(by_seed[rollout.seed] for rollout in rollouts)


def _pairs(
    result: Result, rollouts: Sequence[Trajectory], per_checkpoint: int
) -> tuple[tuple[float, float], ...]:
    """(return, fitness) of the recorded episodes of the last segment's checkpoints."""
    n_checkpoints = len(rollouts) // max(1, per_checkpoint)
    pairs: list[tuple[float, float]] = []
    for i, evaluation in enumerate(result.evaluations[-n_checkpoints:] if n_checkpoints else ()):
        by_seed = {episode.seed: episode for episode in evaluation.episodes}
        for rollout in rollouts[i * per_checkpoint : (i + 1) * per_checkpoint]:
            if rollout.rewards is not None:
                pairs.append((float(rollout.rewards.sum()), by_seed[rollout.seed].fitness))
    return tuple(pairs)
