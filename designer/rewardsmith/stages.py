"""The real stages of a search: each asks the journal first, then the roles, workers and evaluator.

Decisions are recorded before they are acted on. Without a language model the offline designer and
the computed critic and analyzer work here; with one, it proposes, repairs, reviews and studies.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain

from rewardsmith.contributions import joining, opening
from rewardsmith.feedback.selection import rank_iteration
from rewardsmith.judgement import Judgement
from rewardsmith.loop import Stages
from rewardsmith.messages import (
    Analysis,
    Candidate,
    CandidateId,
    EpisodeScore,
    Evaluation,
    Finding,
    History,
    Judged,
    Outcome,
    Result,
    Task,
    Trajectory,
    Verdict,
    rank_of,
)
from rewardsmith.rewards.contract import RewardProgram, read_program
from rewardsmith.rewards.exploits import Lineup
from rewardsmith.roles.analyzer import analyze
from rewardsmith.roles.model.analyzer import Study
from rewardsmith.roles.model.designer import Proposal
from rewardsmith.roles.model.history_view import Curves
from rewardsmith.roles.model.team import ModelTeam
from rewardsmith.roles.offline.brief import CardWords
from rewardsmith.roles.offline.designer import propose
from rewardsmith.roles.recording import Waymark, waymark
from rewardsmith.screening import Screening, screen_duplicates
from rewardsmith.store.codec import load
from rewardsmith.store.layout import recorded_name
from rewardsmith.store.past import with_scores
from rewardsmith.training import judging
from rewardsmith.training.arena import Arena
from rewardsmith.training.compete import compete
from rewardsmith.training.engine import Chain
from rewardsmith.training.preset import is_relabelled


@dataclass(frozen=True, slots=True, kw_only=True)
class Workshop:
    """What the stages work with."""

    arena: Arena
    team: ModelTeam | None = None
    """Roles on a language model; None: the offline designer, computed critic and analyzer."""

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
            proposals = self._propose(task, history)
            candidates = tuple(proposal.candidate for proposal in proposals)
            found = {p.candidate.id.number: p.findings for p in proposals if p.findings}
            run.record(
                "iteration_started",
                key={"iteration": number},
                candidates=list(candidates),
                findings=found,
            )
        candidates += tuple(joining(run, number, first=len(candidates)))
        for candidate in candidates:
            key = {"candidate": candidate.id}
            if run.recall("candidate_proposed", **key) is None:
                run.record("candidate_proposed", key=key, candidate=candidate)
        return candidates

    def _propose(self, task: Task, history: History) -> list[Proposal]:
        """What a person brought in comes first, and takes the place of what would be designed."""
        iteration = len(history.iterations)
        brought = opening(self.arena.run, self.arena.config.search.init, iteration)
        designed = self._design(task, history, n_given=len(brought))
        return [*(Proposal(candidate=candidate) for candidate in brought), *designed]

    def _design(self, task: Task, history: History, *, n_given: int) -> list[Proposal]:
        card, config = self.arena.card, self.arena.config
        iteration = len(history.iterations)
        if config.search.candidates <= n_given:
            return []
        if self.team is not None:
            curves = self._all_curves(history)
            return self.team.propose(history, iteration=iteration, curves=curves, first=n_given)
        candidates = propose(
            task,
            self.arena.program_state,
            history,
            n=config.search.candidates - n_given,
            iteration=iteration,
            seed=config.seed,
            words=CardWords(
                start=card.start, episode_end=card.episode_end, exploits=card.known_exploits
            ),
            fits=self._is_trainable,
        )
        return [
            Proposal(candidate=replace(c, id=CandidateId(iteration, c.id.number + n_given)))
            for c in candidates
        ]

    def _is_trainable(self, text: str) -> bool:
        """Whether a proposal stands a chance: where goals are relabelled, most forms do not."""
        arena = self.arena
        if not is_relabelled(arena.preset):
            return True
        return judging.read_trainable(text, arena.card, arena.preset).program is not None

    def _all_curves(self, history: History) -> Curves:
        run = self.arena.run
        return {r.id: run.load_metrics(r.id, self.arena.seed(r.id)) for r in history.results}

    # ------------------------------------------------------------------ judge

    def judge(
        self, candidates: tuple[Candidate, ...], task: Task, history: History
    ) -> tuple[Judged, ...]:
        """Static check, probe and review, with repairs; the refused ones are closed."""
        judgement = Judgement(
            arena=self.arena,
            task=task,
            lineup=self._lineup(history),
            team=self.team,
            history=history,
            curves=self._all_curves(history),
        )
        judged = judgement.rounds(candidates, self._read_answers(len(history.iterations)))
        for one in judged:
            if not one.verdict.ok:
                self._close(one, Outcome.REJECTED, _reasons(one.verdict))
        return judged

    def _read_answers(self, iteration: int) -> dict[CandidateId, tuple[Finding, ...]]:
        """What was found on reading the answers that the iteration's programs came from."""
        data = self.arena.run.recall("iteration_started", iteration=iteration) or {}
        return {
            CandidateId(iteration, int(number)): tuple(load(Finding, f) for f in found)
            for number, found in data.get("findings", {}).items()
        }

    def _lineup(self, history: History) -> Lineup:
        """The rollouts to probe on; the best one so far where the card brings none that counts."""
        lineup = self.arena.references.lineup()
        if lineup.competent is not None:
            return lineup
        return self.arena.references.lineup(self._best_rollout(history))

    def _best_rollout(self, history: History) -> tuple[Trajectory, float] | None:
        """The recorded episode with the highest fitness, of all last evaluations."""
        n_recorded = self.arena.n_recorded
        episodes = [
            (episode.fitness, episode.seed, result)
            for result in history.results
            for evaluation in result.evaluations[-1:]
            for episode in evaluation.episodes[:n_recorded]
        ]
        for fitness, seed, result in sorted(episodes, key=lambda e: e[0], reverse=True)[:1]:
            for trajectory in self._recorded(result)[-n_recorded:]:
                if trajectory.seed == seed:
                    return trajectory, fitness
        return None

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
        """Train and evaluate them between rungs; without a fitness, wait for people's ranking."""
        results = compete(chosen, self.arena)
        if not task.is_ranked:
            return results
        run = self.arena.run
        iteration = len(run.history().iterations)
        wanted = self.arena.config.roles.comparisons
        return with_scores(results, rank_iteration(run, iteration, wanted=wanted))

    # ---------------------------------------------------------------- analyze

    def analyze(self, results: tuple[Result, ...], task: Task) -> tuple[Analysis, ...]:
        """Why each trained candidate's policy did what it did."""
        done = {result.id: self._recalled_analysis(result) for result in results}
        todo = [result for result in results if done[result.id] is None]
        measured = results if todo and not task.is_ranked else ()
        trails = {result.id: self._trail(result) for result in measured}
        computed = self.arena.engine.run([self._study(result, task, trails) for result in todo])
        for one, analysis in zip(computed, self._in_words(computed), strict=True):
            key = {"candidate": one.result.id}
            self.arena.run.record("candidate_analyzed", key=key, analysis=analysis)
            done[one.result.id] = analysis
        return tuple(analysis for analysis in done.values() if analysis is not None)

    def _recalled_analysis(self, result: Result) -> Analysis | None:
        recalled = self.arena.run.recall("candidate_analyzed", candidate=result.id)
        return load(Analysis, recalled["analysis"]) if recalled else None

    def _in_words(self, studies: Sequence[Study]) -> list[Analysis]:
        """The analyses; those of the best candidates with what a model saw in them."""
        if self.team is None:
            return [one.analysis for one in studies]
        scored = [one for one in studies if one.result.score is not None]
        scored.sort(key=lambda one: rank_of(one.result))
        chosen = scored[: self.arena.config.roles.studied]
        said = dict(zip([c.result.id for c in chosen], self.team.study(chosen), strict=True))
        return [said.get(one.result.id, one.analysis) for one in studies]

    def _study(
        self, result: Result, task: Task, trails: Mapping[CandidateId, Sequence[Waymark]]
    ) -> Chain[Study]:
        program = read_program(result.judged.candidate.text, self.arena.card.state).program
        run, recorded, per_checkpoint = (
            self.arena.run,
            self._recorded(result),
            self.arena.n_recorded,
        )
        named, chance = self.arena.references.named, self.arena.references.chance
        scored = None
        if program is not None and recorded:
            scored = yield from judging.score(
                program,
                [*recorded, *named.values(), *(trajectory for trajectory, _ in chance)],
                task=task,
                gamma=self.arena.preset.gamma,
                config=self.arena.config,
            )
        scored = scored or ()
        rollouts, references = scored[: len(recorded)], scored[len(recorded) :]
        last = rollouts[-per_checkpoint:]
        if last:
            run.save_trajectories(result.id, last)
        episodes = _episodes_of(result, last)
        if task.is_ranked:  # what was not measured shows no course
            result = replace(result, evaluations=())
        analysis = analyze(
            result,
            rollouts=last,
            episodes=episodes,
            references=dict(zip(named, references, strict=False)),
            weights=dict(program.weights) if program else {},
            curves=self._curves(result),
            pairs=_pairs(result, rollouts, per_checkpoint),
            chance=_worth(references[len(named) :], chance),
            trail=trails.get(result.id, ()),
            iteration_trail=tuple(chain.from_iterable(trails.values())),
            reads=_fields_read(program) if program else (),
            state=self.arena.card.state,
        )
        return Study(
            result=result,
            analysis=analysis,
            rollouts=last,
            episodes=episodes,
            points=run.load_metrics(result.id, self.arena.seed(result.id)),
            reads=_fields_read(program) if program else (),
            remarks=tuple(r for i in run.history().iterations for r in i.remarks),
        )

    def _recorded(self, result: Result) -> tuple[Trajectory, ...]:
        """Episodes of the last segment's checkpoints, in their order; empty without any."""
        return self._recorded_up_to(result, result.evaluations[-1]) if result.evaluations else ()

    def _trail(self, result: Result) -> tuple[Waymark, ...]:
        """Every segment's recorded episodes."""
        state = self.arena.card.state
        found: list[Waymark] = []
        for n, evaluation in enumerate(result.evaluations, start=1):
            recorded = self._recorded_up_to(result, evaluation)
            judged = _with_fitness(result.evaluations[:n], recorded, self.arena.n_recorded)
            found += (waymark(episode, fitness, state) for episode, fitness in judged)
        return tuple(found)

    def _recorded_up_to(self, result: Result, last: Evaluation) -> tuple[Trajectory, ...]:
        """Episodes of the segment that ends with `last`; empty where no segment does."""
        seed = self.arena.seed(result.id)
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


def _fields_read(program: RewardProgram) -> tuple[str, ...]:
    """State fields that any component reads."""
    read = {name for inputs in program.reads.values() for name in inputs}
    owners = ("state.", "previous.", "initial.")
    return tuple(sorted({n.split(".")[1] for n in read if n.startswith(owners)}))


def _reasons(verdict: Verdict) -> str:
    return "\n".join(str(f) for f in verdict.findings if f.severity == "error")


def _episodes_of(result: Result, rollouts: Sequence[Trajectory]) -> tuple[EpisodeScore, ...]:
    if not result.evaluations:
        return ()
    by_seed = {episode.seed: episode for episode in result.evaluations[-1].episodes}
    return tuple(by_seed[rollout.seed] for rollout in rollouts)


def _worth(
    scored: Sequence[Trajectory], known: Sequence[tuple[Trajectory, float]]
) -> tuple[tuple[float, float], ...]:
    """(return, fitness) of rollouts that nobody trained."""
    told = zip(scored, known, strict=False)
    return tuple((float(t.rewards.sum()), f) for t, (_, f) in told if t.rewards is not None)


def _pairs(
    result: Result, rollouts: Sequence[Trajectory], per_checkpoint: int
) -> tuple[tuple[float, float], ...]:
    """(return, fitness) of the recorded episodes of the last segment's checkpoints."""
    judged = _with_fitness(result.evaluations, rollouts, per_checkpoint)
    return tuple((float(r.rewards.sum()), f) for r, f in judged if r.rewards is not None)


def _with_fitness(
    evaluations: Sequence[Evaluation], rollouts: Sequence[Trajectory], per_checkpoint: int
) -> Iterator[tuple[Trajectory, float]]:
    """The recorded episodes of the last of `evaluations`, with their fitness."""
    n_checkpoints = len(rollouts) // max(1, per_checkpoint)
    for i, evaluation in enumerate(evaluations[-n_checkpoints:] if n_checkpoints else ()):
        by_seed = {episode.seed: episode for episode in evaluation.episodes}
        for rollout in rollouts[i * per_checkpoint : (i + 1) * per_checkpoint]:
            yield rollout, by_seed[rollout.seed].fitness
