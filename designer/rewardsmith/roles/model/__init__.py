"""The roles played by a language model: what is asked, and what is read from the answers.

Pure but for `LanguageModel.complete`: nothing here touches a file of a run, a clock or a process.
Every word a model reads lies in the `prompts/` folder.
"""

from rewardsmith.roles.model.analyzer import Study, analyses_from, study, study_requests
from rewardsmith.roles.model.checking import check_prompts
from rewardsmith.roles.model.critic import (
    Exhibit,
    Review,
    review,
    review_requests,
    reviews_from,
)
from rewardsmith.roles.model.designer import (
    Proposal,
    candidates_from,
    parents_of,
    propose_requests,
    repair_requests,
)
from rewardsmith.roles.model.measurer import (
    Drafted,
    draft_with_model,
    measures_request,
    mending_request,
    sort_measures,
)
from rewardsmith.roles.model.prompts import Prompts, load_prompts
from rewardsmith.roles.model.task_view import TaskView, task_view

__all__ = [
    "Drafted",
    "Exhibit",
    "Prompts",
    "Proposal",
    "Review",
    "Study",
    "TaskView",
    "analyses_from",
    "candidates_from",
    "check_prompts",
    "draft_with_model",
    "load_prompts",
    "measures_request",
    "mending_request",
    "parents_of",
    "propose_requests",
    "repair_requests",
    "review",
    "review_requests",
    "reviews_from",
    "sort_measures",
    "study",
    "study_requests",
    "task_view",
]
