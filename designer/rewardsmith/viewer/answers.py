"""What followed each remark of a run, for its pages."""

from collections.abc import Mapping

from rewardsmith.errors import StoreError
from rewardsmith.messages import CandidateId
from rewardsmith.report.remarks import RemarkLine, remark_lines
from rewardsmith.viewer.calls import Calls
from rewardsmith.viewer.library import Opened


def answers_of(opened: Opened, calls: Calls) -> Mapping[int, RemarkLine]:
    """Line of `feedback.jsonl` to what followed the remark there."""
    questions = {
        CandidateId(call.iteration, call.candidate): "\n".join(part.text for part in call.prompt)
        for call in calls.calls
        if call.role == "designer" and call.round == 0
    }
    try:
        lines = remark_lines(opened.run, opened.index.rows, questions)
    except StoreError:
        return {}
    return {line.remark.line: line for line in lines}
