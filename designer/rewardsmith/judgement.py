"""Judges proposed programs in rounds: static check, probe, review; the refused go back for repair.

Every layer's verdict is recorded before the next begins. Without a language model there is one
round, and no review.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from rewardsmith.contributions import is_edit
from rewardsmith.messages import Candidate, CandidateId, Finding, History, Judged, Layer, Task
from rewardsmith.rewards.contract import Reading, read_program
from rewardsmith.rewards.exploits import Lineup
from rewardsmith.rewards.probe import ComponentRange, ProbeReport
from rewardsmith.roles.critic import judge
from rewardsmith.roles.model.critic import Exhibit
from rewardsmith.roles.model.designer import Proposal
from rewardsmith.roles.model.history_view import Curves
from rewardsmith.roles.model.team import ModelTeam
from rewardsmith.store.codec import load
from rewardsmith.training import judging
from rewardsmith.training.arena import Arena
from rewardsmith.training.engine import Chain

Findings = Mapping[CandidateId, tuple[Finding, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What judging works with in one iteration."""

    arena: Arena
    task: Task
    lineup: Lineup
    team: ModelTeam | None
    history: History
    curves: Curves

    def rounds(self, candidates: Sequence[Candidate], answers: Findings) -> tuple[Judged, ...]:
        """Judge all candidates; each comes back with the text that was judged last.

        Args:
            candidates: As they were proposed.
            answers: What was found on reading the answers they came from.
        """
        last: dict[CandidateId, Judged] = {}
        pending, read = list(candidates), answers
        for round_idx in range(self._n_rounds):
            judged = self._round(pending, read, round_idx)
            last |= {one.candidate.id: one for one in judged}
            # A person's edit is not rewritten in their name: they read what was found.
            refused = [j for j in judged if not j.verdict.ok and not is_edit(j.candidate)]
            if self.team is None or not refused or round_idx + 1 == self._n_rounds:
                break
            mended = self._mended(self.team, refused, round_idx + 1)
            pending = [proposal.candidate for proposal in mended]
            read = {proposal.candidate.id: proposal.findings for proposal in mended}
        return tuple(last[candidate.id] for candidate in candidates)

    @property
    def _n_rounds(self) -> int:
        return 1 if self.team is None else 1 + self.arena.config.roles.repairs

    def _mended(self, team: ModelTeam, refused: Sequence[Judged], round_idx: int) -> list[Proposal]:
        return team.repair(refused, self.history, round_idx=round_idx, curves=self.curves)

    def _round(self, pending: Sequence[Candidate], read: Findings, round_idx: int) -> list[Judged]:
        chains = [self._check(c, read.get(c.id, ()), round_idx) for c in pending]
        judged = self.arena.engine.run(chains)
        if self.team is None or self.team.max_reviews == 0:
            return judged
        return self._reviewed(self.team, judged, round_idx)

    # ------------------------------------------------------------ what is computed

    def _check(
        self, candidate: Candidate, read: tuple[Finding, ...], round_idx: int
    ) -> Chain[Judged]:
        reading = judging.read_trainable(candidate.text, self.arena.card, self.arena.preset)
        reading = replace(reading, findings=(*read, *reading.findings))
        if any(finding.severity == "error" for finding in read):
            reading = Reading(program=None, findings=read)  # an answer, not a program
        static = self._verdict(candidate, "static", reading, None, round_idx)
        if reading.program is None:
            return static
        recalled = self._recall(candidate.id, round_idx, "probe")
        if recalled is not None:
            return recalled
        report = yield from judging.probe(
            reading.program,
            self.lineup,
            task=self.task,
            gamma=self.arena.preset.gamma,
            config=self.arena.config,
        )
        return self._verdict(candidate, "probe", reading, report, round_idx)

    def _verdict(
        self,
        candidate: Candidate,
        layer: Layer,
        reading: Reading,
        report: ProbeReport | None,
        round_idx: int,
    ) -> Judged:
        recalled = self._recall(candidate.id, round_idx, layer)
        if recalled is not None:
            return recalled
        verdict = judge(
            reading,
            report,
            instruction=self.task.instruction,
            state=self.arena.card.state,
            round_idx=round_idx,
        )
        judged = Judged(candidate=candidate, verdict=verdict)
        measured = report.measurements if report else None
        self._record(judged, layer, ranges=dict(measured.ranges) if measured else {})
        return judged

    # ------------------------------------------------------------------- the review

    def _reviewed(self, team: ModelTeam, judged: Sequence[Judged], round_idx: int) -> list[Judged]:
        done = {one.candidate.id: one for one in judged}
        for one in judged:
            recalled = self._recall(one.candidate.id, round_idx, "review")
            if recalled is not None:
                done[one.candidate.id] = recalled
        open_ = [j for j in judged if j.verdict.ok and done[j.candidate.id] is j]
        exhibits = [self._exhibit(one, round_idx) for one in open_]
        reviews = team.review(exhibits, round_idx=round_idx) if exhibits else []
        for one, review in zip(open_, reviews, strict=True):
            reviewed = replace(one, verdict=review.verdict)
            self._record(reviewed, "review")
            done[one.candidate.id] = reviewed
        return [done[one.candidate.id] for one in judged]

    def _exhibit(self, judged: Judged, round_idx: int) -> Exhibit:
        program = read_program(judged.candidate.text, self.arena.card.state).program
        assert program is not None, "only what passed the static check is reviewed"
        data = self._event(judged.candidate.id, round_idx, "probe") or {}
        ranges = {
            name: load(ComponentRange, measured)
            for name, measured in data.get("ranges", {}).items()
        }
        return Exhibit(judged=judged, program=program, ranges=ranges)

    # ---------------------------------------------------------------------- records

    def _record(self, judged: Judged, layer: Layer, **beside: object) -> None:
        reviews = self.team is not None and self.team.max_reviews > 0
        key = {
            "candidate": judged.candidate.id,
            "round": judged.verdict.round,
            "layer": layer,
        }
        self.arena.run.record(
            "candidate_judged",
            key=key,
            judged=judged,
            accepted=judged.verdict.ok and layer == ("review" if reviews else "probe"),
            **beside,
        )

    def _recall(self, candidate: CandidateId, round_idx: int, layer: Layer) -> Judged | None:
        data = self._event(candidate, round_idx, layer)
        return load(Judged, data["judged"]) if data else None

    def _event(
        self, candidate: CandidateId, round_idx: int, layer: Layer
    ) -> Mapping[str, Any] | None:
        key = {"candidate": candidate, "round": round_idx, "layer": layer}
        return self.arena.run.recall("candidate_judged", **key)
