"""Starts, resumes and concludes runs: from a task and a configuration to a judged design.

Wiring only: it resolves what was asked, builds the arena and the stages, runs the loop and makes
the claim. Nothing is created before everything that was asked has been checked.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, cast

from rewardsmith.config import (
    RunConfig,
    episode_seeds,
    from_mapping,
    most_episodes,
    to_mapping,
    with_overrides,
)
from rewardsmith.drafted import settle_fitness, show_winner
from rewardsmith.environments.absences import require_package
from rewardsmith.environments.backends.choice import Choice, choose_backend
from rewardsmith.environments.cards import EnvCard, load_card, task_of, unmeasured_task
from rewardsmith.environments.fingerprint import fingerprint
from rewardsmith.environments.fitness import compile_fitness, compile_success
from rewardsmith.errors import ConfigError, UsageError
from rewardsmith.evaluation.policy import PolicySpec
from rewardsmith.evaluation.surveyor import survey_measure
from rewardsmith.loop import design_reward
from rewardsmith.messages import CandidateId, Claim, Design, Evaluation, Task, Verdict
from rewardsmith.model_team import Tell, check_model_settings, open_team
from rewardsmith.pausing import PauseAfter, pausing
from rewardsmith.rewards.contract import RewardProgram
from rewardsmith.rewards.probe import ProbeReport
from rewardsmith.roles.critic import judge
from rewardsmith.stages import Workshop
from rewardsmith.store.evaluations import LaterEvaluation, append_evaluation, reserve_block
from rewardsmith.store.run import Run
from rewardsmith.training.arena import Arena, free_cores
from rewardsmith.training.checkpoint import require_room
from rewardsmith.training.claim import PURPOSE, make_claim
from rewardsmith.training.engine import Engine, LocalEngine
from rewardsmith.training.judging import probe, read_trainable
from rewardsmith.training.preset import (
    Preset,
    require_actions,
    require_goals,
    resolve_preset,
)
from rewardsmith.training.reference_rollouts import (
    ReferenceRollouts,
    record_references,
    reference_chain,
)
from rewardsmith.training.stored_policy import judge_policy, judge_winner, stored_policy

DEFAULT_TIMESTEPS = 200_000
MAX_TIMESTEPS = 10**12
RESUMED_SECTIONS = ("model.", "roles.")
RECORDED_DISTRIBUTIONS = (
    "rewardsmith",
    "gymnasium",
    "mujoco",
    "stable_baselines3",
    "torch",
    "numpy",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Conclusion:
    """What a finished run came to."""

    design: Design
    claim: Claim | None
    """None when no candidate could be scored, where nothing is measured, or none was asked for."""
    evaluation: Evaluation | None = None
    """Of the winner's own policy, where that was asked for instead of a claim."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Examination:
    """What checking one program came to."""

    verdict: Verdict
    program: RewardProgram | None
    """None when its text was refused."""
    report: ProbeReport | None
    """What the probe measured; None when it did not run."""
    task: str | None
    """The task whose start and end were probed; None where the card has none, and nothing says
    what doing it would be."""


def start_run(runs_dir: Path, task: Task, config: RunConfig, *, keeps_card: bool = False) -> Run:
    """Check everything that was asked, then make the run's folder.

    Args:
        runs_dir: Where runs lie.
        task: What is to be learnt.
        config: Settings of the search.
        keeps_card: Whether the task's card is kept in the run, because it was drafted for it.

    Raises:
        ConfigError: The fitness, the success criterion, a preset value, the model or one of its
            prompts is wrong.
        UsageError: The environment does not exist, or its package is missing.
        StoreError: The folder cannot be written.
    """
    card = load_card(task.env)
    require_package(card.id, card.called)
    _check(card, task)
    config = _without_scores(config) if task.is_ranked else config
    preset, _ = training_of(card, task, config)
    _check_init(card, config, preset)
    config = _with_backend(card, config)
    check_model_settings(config, runs_dir)
    run = Run.create(
        runs_dir,
        name=f"{_name_of(card)} {task.name}",
        config=to_mapping(config),
        task=task,
        versions=versions(),
        card=Path(task.env).read_bytes() if keeps_card else None,
    )
    try:
        if not task.is_drafted:
            run.record("measure_frozen", measure=fingerprint(task, card))
    except BaseException:
        run.close()
        raise
    return run


def finish_run(
    run: Run,
    *,
    engine: Callable[[int], Engine] = LocalEngine,
    tell: Tell | None = None,
    pause_after: PauseAfter | None = None,
) -> Conclusion:
    """Do whatever of the run is not done yet: the search, then the claim.

    Args:
        run: Open for writing.
        engine: Makes what runs the jobs, from the number of them at a time.
        tell: Hears in one line what a person should know of the model's calls.
        pause_after: Where to stop for a person to look; None: nowhere.

    Raises:
        Paused: It came to where it was to pause; resume.
        UsageError: The backend that the run trains with is no longer what it began with.
        StoreError: The folder cannot be written; free space and resume.
        ModelError: A provider failed beyond its retries; resume.
        BudgetExceeded: The model's budget is spent; resume with a larger one.
    """
    config = config_of(run)
    if run.recall("run_ended") is None:
        choose_backend(load_card(run.manifest.task.env), config.training.backend)
    workers = engine(config.jobs or free_cores())
    _settle(run, workers, tell)
    arena = arena_of(run, workers)
    with open_team(arena, tell) as team:
        stages = Workshop(arena=arena, team=team).stages()
        if pause_after is not None:
            stages = pausing(stages, run, pause_after)
        design = design_reward(arena.task, stages, run)
    conclusion = _conclude(design, arena)
    show_winner(run, design, arena)
    if run.recall("run_ended") is None:
        run.record("run_ended", reason="finished" if design.best else "nothing could be scored")
    return conclusion


def evaluate_stored(
    run: Run,
    candidate: CandidateId,
    n_episodes: int,
    *,
    engine: Callable[[int], Engine] = LocalEngine,
) -> LaterEvaluation:
    """Judge a candidate's stored policy on episodes that nothing was ever judged on.

    Args:
        run: Opened for reading; the result is added to its folder.
        candidate: Whose policy.
        n_episodes: Episodes, at most `most_episodes("later")`.
        engine: As of `finish_run`.

    Raises:
        UsageError: It was never trained, its task has no fitness, or there are too many episodes.
        ConfigError: What judges the task has changed since the run began.
        RewardsmithError: The evaluation did not come to an end.
        StoreError: The policy cannot be read, or the result not be written.
    """
    most, config, task = most_episodes("later"), config_of(run), run.manifest.task
    if not 1 <= n_episodes <= most:
        raise UsageError(f"--episodes has to lie in [1, {most}], not {n_episodes}.")
    if task.is_ranked:
        raise UsageError(f"{task.name!r} has no fitness to measure. Compare rollouts instead.")
    _require_same_measure(run)
    spec = policy_spec(run)
    policy = stored_policy(run, candidate, spec) if spec else None
    if policy is None:
        raise UsageError(
            f"Candidate {candidate} was never trained. `rewardsmith inspect {run.folder.name}` "
            "lists those that were."
        )
    block = reserve_block(run.folder, candidate, n_episodes)
    # Block 0 of the set belongs to a run that ends with it.
    seeds = episode_seeds(config.seed, "later", n_episodes, salt=1 + block)
    chain = judge_policy(policy, task, config, seed_set="later", seeds=seeds)
    (evaluation,) = engine(1).run([chain])
    made = LaterEvaluation(candidate=candidate, block=block, evaluation=evaluation)
    append_evaluation(run.folder, made)
    return made


def policy_spec(run: Run) -> PolicySpec | None:
    """Shape of the run's policies; None before its environment was looked at."""
    recorded = run.recall("references_recorded")
    if recorded is None:
        return None
    card = load_card(run.manifest.task.env)
    preset, _ = training_of(card, run.manifest.task, config_of(run))
    return preset.policy_spec(recorded["obs_dim"], card.state.action)


def _conclude(design: Design, arena: Arena) -> Conclusion:
    if arena.task.is_ranked:
        return Conclusion(design=design, claim=None)
    if arena.config.evaluation.conclusion == "claim":
        return Conclusion(design=design, claim=make_claim(design, arena))
    return Conclusion(design=design, claim=None, evaluation=judge_winner(design, arena))


def check_program(text: str, env: str, task: str | None = None) -> Verdict:
    """Judge a reward program as the loop would: static check, then the probe in a locked worker.

    Raises:
        UsageError: The environment or the task does not exist.
    """
    return examine_program(text, env, task).verdict


def examine_program(text: str, env: str, task: str | None = None) -> Examination:
    """`check_program`, with everything that was measured.

    Raises:
        UsageError: The environment or the task does not exist.
    """
    card, config = load_card(env), RunConfig()
    is_known = task is not None or bool(card.tasks)
    asked = task_of(card, task) if is_known else unmeasured_task(card)
    preset, _ = training_of(card, asked, config)
    reading = read_trainable(text, card, preset)
    report = None
    if reading.program is not None:
        engine = LocalEngine(1)
        lineup = engine.run([reference_chain(asked, config)])[0].lineup()
        chain = probe(reading.program, lineup, task=asked, gamma=preset.gamma, config=config)
        report = engine.run([chain])[0]
    if report is not None and not is_known:
        report = replace(report, exploits=())  # of a task, and there is none
    verdict = judge(reading, report, instruction=asked.instruction, state=card.state)
    return Examination(
        verdict=verdict,
        program=reading.program,
        report=report,
        task=asked.name if is_known else None,
    )


def arena_of(run: Run, engine: Engine) -> Arena:
    """The conditions of a run's trainings; records its reference rollouts once."""
    references = record_references(run, engine, run.manifest.task, config_of(run))
    return _arena(run, engine, references)


def _arena(run: Run, engine: Engine, references: ReferenceRollouts) -> Arena:
    config, task = config_of(run), run.manifest.task
    card = load_card(task.env)
    preset, timesteps = training_of(card, task, config)
    spec = preset.policy_spec(references.obs_dim, card.state.action)
    require_room(spec, preset)
    return Arena(
        card=card,
        task=task,
        config=config,
        preset=preset,
        total_timesteps=timesteps,
        spec=spec,
        run=run,
        engine=engine,
        device=_device(config, preset),
        backend=config.training.backend,
        references=references,
    )


def _settle(run: Run, engine: Engine, tell: Tell | None) -> None:
    """Give the task its fitness, with rollouts in an arena that measures nothing yet.

    Raises:
        WaitingForPerson: Nobody has chosen one yet.
        ModelError: A provider failed beyond its retries; resume.
    """

    def arena() -> Arena:
        (references,) = engine.run([reference_chain(run.manifest.task, config_of(run))])
        return _arena(run, engine, references)

    if run.manifest.task.is_drafted:
        settle_fitness(run, arena, lambda made: open_team(made, tell))
    if run.recall("measure_frozen") is None:
        task = run.manifest.task
        run.record("measure_frozen", measure=fingerprint(task, load_card(task.env)))


def resume_run(folder: Path, settings: Mapping[str, Any] | None = None) -> Run:
    """Open a run to go on with it.

    Args:
        folder: The run's.
        settings: Dotted key to value, of what is different from now on: who is asked for programs
            and for how much, and how long the search goes on until its claim has begun. Anything
            else would make scores incomparable.

    Raises:
        ConfigError: A setting is another one, or not valid.
        StoreError: It is no run, another process drives it, or it cannot be written.
    """
    changed = dict(settings or {})
    known = Run.read(folder)
    for key in changed:
        _require_changeable(key, known)
    config = with_overrides(config_of(known), changed)
    check_model_settings(config, folder.parent)
    _require_same_measure(Run.read(folder))
    return Run.open(folder, versions=versions(), settings=changed)


def _require_changeable(key: str, run: Run) -> None:
    """Refuse a setting that would make scores incomparable, or a claim one of many."""
    if key == "search.iterations":
        if any(e.key.get("purpose") == PURPOSE for e in run.events("segment_started")):
            raise ConfigError(
                "The run has used its report episodes: a longer search would be judged on them a "
                "second time. Start a new run, with `--init` from this one's winner."
            )
    elif not key.startswith(RESUMED_SECTIONS):
        raise ConfigError(
            f"`{key}` is what the run's scores rest on. A resumed run takes `model.` and `roles.` "
            "settings and `search.iterations`; start a new run for others."
        )


def _require_same_measure(run: Run) -> None:
    """Refuse to go on by another measure than the run began with."""
    recorded = next((e.data["measure"] for e in run.events("measure_frozen")), None)
    task = run.manifest.task
    if recorded not in (None, fingerprint(task, load_card(task.env))):
        raise ConfigError(
            f"What judges {task.name!r} has changed since the run began: the card's fields, its dt "
            "or the environment it names. Restore the card, or start a new run."
        )


def config_of(run: Run) -> RunConfig:
    """The configuration a run was started with, and what was changed when it was resumed."""
    config = from_mapping(run.manifest.config, source="run.json")
    for event in run.events("run_resumed"):
        config = with_overrides(config, event.data.get("settings", {}))
    return config


def training_of(card: EnvCard, task: Task, config: RunConfig) -> tuple[Preset, int]:
    """The preset, and the timesteps of one training: card, then task, then configuration.

    Raises:
        ConfigError: A value is not one of the preset's, its algorithm does not learn such actions,
            or goals are to be relabelled where there are none.
    """
    task_card = card.tasks.get(task.name)
    layers = [dict(card.preset), dict(task_card.preset) if task_card else {}]
    layers.append(dict(config.training.preset))
    timesteps = [layer.pop("total_timesteps", None) for layer in layers]
    given = [config.training.total_timesteps, *reversed(timesteps), DEFAULT_TIMESTEPS]
    if config.training.n_envs is not None:
        layers.append({"n_envs": config.training.n_envs})
    preset = resolve_preset(*layers)
    require_actions(preset, card.state.action, _name_of(card))
    require_goals(preset, card.goal_dim, _name_of(card))
    return preset, preset.rounded(_timesteps(next(v for v in given if v is not None)))


def versions() -> Mapping[str, str]:
    """Versions of what a result depends on."""
    return {name: _version(name) for name in RECORDED_DISTRIBUTIONS}


def _name_of(card: EnvCard) -> str:
    """What a person would call the card: its folder rather than `card.yaml`."""
    return card.folder.name if card.folder else card.ref


def _timesteps(value: object) -> float:
    if isinstance(value, int | float) and 1 <= value <= MAX_TIMESTEPS and value is not True:
        return float(value)
    raise ConfigError(f"total_timesteps has to lie in [1, {MAX_TIMESTEPS:.0e}], not {value!r}.")


def _device(config: RunConfig, preset: Preset) -> str:
    """`auto` is the CPU for small networks, where a GPU only adds latency."""
    if config.training.device != "auto":
        return config.training.device
    has_gpu = Path("/proc/driver/nvidia/version").exists()
    return "cuda" if has_gpu and sum(preset.hidden) >= 1024 else "cpu"


def _with_backend(card: EnvCard, config: RunConfig) -> RunConfig:
    """The settings with the backend that is meant, so that a resumed run cannot choose another."""
    chosen = cast(Choice, choose_backend(card, config.training.backend))
    return replace(config, training=replace(config.training, backend=chosen))


def _check_init(card: EnvCard, config: RunConfig, preset: Preset) -> None:
    """Refuse a person's own program with everything that is wrong with it."""
    if config.search.init is None:
        return
    reading = read_trainable(config.search.init, card, preset)
    if reading.program is None:
        errors = [f"  {f}" for f in reading.findings if f.severity == "error"]
        raise UsageError("\n".join(["The reward program to start from is refused:", *errors]))


def _without_scores(config: RunConfig) -> RunConfig:
    """The settings of a search that people select in: nothing is stopped or confirmed by a score.

    Raises:
        ConfigError: Nothing would be recorded that could be compared.
    """
    if not config.evaluation.recorded_episodes:
        raise ConfigError(
            "evaluation.recorded_episodes is 0, but people compare recorded episodes. Set it to 3."
        )
    return replace(config, search=replace(config.search, rungs=(), confirm_top=0))


def _check(card: EnvCard, task: Task) -> None:
    """Compile what will judge, so that a typo costs nothing."""
    compile_fitness(task.fitness, card.state, horizon=task.horizon, dt=card.dt)
    compile_success(
        task.success,
        card.state,
        semantics=task.semantics,
        held_steps=task.held_steps,
        horizon=task.horizon,
        dt=card.dt,
    )
    survey_measure(task)


def _version(distribution: str) -> str:
    try:
        return version(distribution)
    except PackageNotFoundError:
        return "unknown"
