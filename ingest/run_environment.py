"""The environment variables of CI servers -> `RunIdentity`, for `crywolf ingest` called inside a job.

Each server's variables are those that its documentation calls predefined. A pull request's run is `pre-merge`, its
branch the source branch. Shards count from 1 here, whatever the server counts from.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from urllib.parse import quote, unquote

from ingest.changes.fields import count, moment
from ingest.model import RunIdentity, Trigger

Environment = Mapping[str, str]
_PULL_REQUEST = re.compile(r"(?:^|/)(?:pull|pulls|merge_requests|pull-requests)/(\d+)(?:/|$)")
GITHUB_TRIGGERS = {
    "pull_request": Trigger.PRE_MERGE,
    "pull_request_target": Trigger.PRE_MERGE,
    "merge_group": Trigger.PRE_MERGE,
    "push": Trigger.POST_MERGE,
    "schedule": Trigger.SCHEDULE,
    "workflow_dispatch": Trigger.MANUAL,
    "repository_dispatch": Trigger.MANUAL,
}
GITLAB_TRIGGERS = {
    "merge_request_event": Trigger.PRE_MERGE,
    "external_pull_request_event": Trigger.PRE_MERGE,
    "push": Trigger.POST_MERGE,
    "schedule": Trigger.SCHEDULE,
    "web": Trigger.MANUAL,
    "api": Trigger.MANUAL,
    "chat": Trigger.MANUAL,
    "webide": Trigger.MANUAL,
}
BUILDKITE_TRIGGERS = {
    "webhook": Trigger.POST_MERGE,
    "schedule": Trigger.SCHEDULE,
    "ui": Trigger.MANUAL,
    "api": Trigger.MANUAL,
}
_AZURE_TRIGGERS = {
    "PullRequest": Trigger.PRE_MERGE,
    "IndividualCI": Trigger.POST_MERGE,
    "BatchedCI": Trigger.POST_MERGE,
    "Schedule": Trigger.SCHEDULE,
    "Manual": Trigger.MANUAL,
}
_JENKINS_CAUSES = (
    ("TIMERTRIGGER", Trigger.SCHEDULE),
    ("SCMTRIGGER", Trigger.POST_MERGE),
    ("MANUALTRIGGER", Trigger.MANUAL),
)


def identity_from_environment(environ: Environment) -> RunIdentity:
    """What a CI server's environment variables say of the run; an empty identity outside of a known server.

    >>> identity_from_environment({"GITHUB_ACTIONS": "true", "GITHUB_RUN_ID": "17"}).run_id
    '17'
    """
    for marker, value, read in _SERVERS:
        found = environ.get(marker, "")
        if found and (not value or found.lower() == value):
            return read(environ)
    return RunIdentity()


def repository_of_url(url: str) -> str | None:
    """The repository that a clone address names, without host and credentials.

    >>> repository_of_url("https://user:secret@git.acme.example/shop/cart.git"), repository_of_url("git@host:shop/cart")
    ('shop/cart', 'shop/cart')
    """
    address = url.strip()
    path = re.sub(r"^[A-Za-z+]+://[^/]*(?:/|$)", "", address)
    if path == address:
        path = re.sub(r"^[^/]*:", "", path)
    return unquote(path).strip("/").removesuffix(".git") or None


def pull_request_of(reference: str) -> str | None:
    """The number of the pull or merge request in a ref or an address.

    >>> pull_request_of("refs/pull/42/merge"), pull_request_of("refs/heads/main")
    ('42', None)
    """
    found = _PULL_REQUEST.search(reference)
    return found[1] if found else None


def jenkins_run(name: str, number: str, branch: str) -> tuple[str, str]:
    """(pipeline, run id) of a build; of a multibranch job's, whose every branch counts from 1, its id names the branch.

    Args:
        name: of the job, whole, its last part as Jenkins encodes it.
        branch: on which it was built.

    >>> jenkins_run("shop/e2e/feature%2Fx", "7", "feature/x"), jenkins_run("shop/e2e", "7", "main")
    (('shop/e2e', 'feature%2Fx#7'), ('shop/e2e', '7'))
    """
    above, _, last = name.rpartition("/")
    return (above, f"{last}#{number}") if unquote(last) == branch else (name, number)


def _first(environ: Environment, *names: str) -> str | None:
    """The first of several variables that is set and not empty."""
    return next((value for name in names if (value := environ.get(name, "").strip())), None)


def _number(environ: Environment, name: str, plus: int = 0) -> int | None:
    """A whole number from 1 on; `plus` makes one of a variable that counts from 0."""
    found = count(environ.get(name, ""))
    return found + plus if found is not None and found + plus > 0 else None


def _shards(environ: Environment, index: str, total: str, plus: int = 0) -> tuple[int | None, int | None]:
    """Shard and number of shards; one shard is none."""
    parts = _number(environ, total)
    return (_number(environ, index, plus), parts) if parts is not None and parts > 1 else (None, None)


def _branch(reference: str | None) -> str | None:
    """A branch's own name, of a ref as well."""
    if reference is None or reference.startswith("refs/pull/"):
        return None
    return re.sub(r"^(?:refs/heads/|origin/)", "", reference) or None


def _github(environ: Environment) -> RunIdentity:
    """docs.github.com/actions/reference/workflows-and-actions/variables"""
    server = _first(environ, "GITHUB_SERVER_URL") or "https://github.com"
    repository, run = _first(environ, "GITHUB_REPOSITORY"), _first(environ, "GITHUB_RUN_ID")
    reference = environ.get("GITHUB_REF", "")
    trigger = GITHUB_TRIGGERS.get(environ.get("GITHUB_EVENT_NAME", ""))
    is_branch = not reference.startswith(("refs/pull/", "refs/tags/"))
    return RunIdentity(
        pipeline=_first(environ, "GITHUB_WORKFLOW"),
        run_id=run,
        run_attempt=_number(environ, "GITHUB_RUN_ATTEMPT"),
        branch=_first(environ, "GITHUB_HEAD_REF", *(["GITHUB_REF_NAME"] if is_branch else [])),
        revision=_first(environ, "GITHUB_SHA"),
        repository=repository,
        trigger=trigger,
        url=f"{server}/{repository}/actions/runs/{run}" if repository and run else None,
        merge_request=pull_request_of(reference) if trigger is Trigger.PRE_MERGE else None,
        job=_first(environ, "GITHUB_JOB"),
    )


def _gitlab(environ: Environment) -> RunIdentity:
    """docs.gitlab.com/ci/variables/predefined_variables"""
    index, total = _shards(environ, "CI_NODE_INDEX", "CI_NODE_TOTAL")
    created = moment(environ.get("CI_PIPELINE_CREATED_AT", ""))
    return RunIdentity(
        pipeline=_first(environ, "CI_PROJECT_NAME"),
        run_id=_first(environ, "CI_PIPELINE_ID"),
        environment=_first(environ, "CI_ENVIRONMENT_NAME"),
        branch=_first(environ, "CI_MERGE_REQUEST_SOURCE_BRANCH_NAME", "CI_COMMIT_BRANCH", "CI_COMMIT_REF_NAME"),
        revision=_first(environ, "CI_COMMIT_SHA"),
        base_revision=_first(environ, "CI_MERGE_REQUEST_DIFF_BASE_SHA"),
        repository=_first(environ, "CI_PROJECT_PATH"),
        trigger=GITLAB_TRIGGERS.get(environ.get("CI_PIPELINE_SOURCE", "")),
        url=_first(environ, "CI_PIPELINE_URL"),
        start_ms=created.ms if created else None,
        merge_request=_first(environ, "CI_MERGE_REQUEST_IID"),
        job=_first(environ, "CI_JOB_NAME"),
        job_url=_first(environ, "CI_JOB_URL"),
        shard_index=index,
        shard_total=total,
    )


def _jenkins(environ: Environment) -> RunIdentity:
    """jenkins.io/doc/book/pipeline/jenkinsfile; the name of a multibranch job ends in its branch, see `jenkins_run`."""
    name, run, branch = environ.get("JOB_NAME", ""), _first(environ, "BUILD_NUMBER"), _first(environ, "BRANCH_NAME")
    if branch and run:
        name, run = jenkins_run(name, run, branch)
    request = _first(environ, "CHANGE_ID")
    cause = environ.get("BUILD_CAUSE", "")
    trigger = next((trigger for word, trigger in _JENKINS_CAUSES if word in cause), None)
    return RunIdentity(
        pipeline=name.strip() or None,
        run_id=run,
        branch=_branch(_first(environ, "CHANGE_BRANCH", "BRANCH_NAME", "GIT_BRANCH")),
        revision=_first(environ, "GIT_COMMIT"),
        repository=repository_of_url(environ.get("GIT_URL", "")),
        trigger=Trigger.PRE_MERGE if request else trigger,
        url=_first(environ, "BUILD_URL"),
        merge_request=request,
        job=_first(environ, "STAGE_NAME"),
    )


def _buildkite(environ: Environment) -> RunIdentity:
    """buildkite.com/docs/pipelines/configure/environment-variables; a job's retry is an attempt of the run."""
    index, total = _shards(environ, "BUILDKITE_PARALLEL_JOB", "BUILDKITE_PARALLEL_JOB_COUNT", plus=1)
    request = _first(environ, "BUILDKITE_PULL_REQUEST")
    request = None if request == "false" else request
    url, job = _first(environ, "BUILDKITE_BUILD_URL"), _first(environ, "BUILDKITE_JOB_ID")
    trigger = BUILDKITE_TRIGGERS.get(environ.get("BUILDKITE_SOURCE", ""))
    return RunIdentity(
        pipeline=_first(environ, "BUILDKITE_PIPELINE_SLUG"),
        run_id=_first(environ, "BUILDKITE_BUILD_NUMBER"),
        run_attempt=_number(environ, "BUILDKITE_RETRY_COUNT", plus=1),
        branch=_first(environ, "BUILDKITE_BRANCH"),
        revision=_first(environ, "BUILDKITE_COMMIT"),
        repository=repository_of_url(environ.get("BUILDKITE_REPO", "")),
        trigger=Trigger.PRE_MERGE if request else trigger,
        url=url,
        merge_request=request,
        job=_first(environ, "BUILDKITE_STEP_KEY", "BUILDKITE_LABEL"),
        job_url=f"{url}#{job}" if url and job else None,
        shard_index=index,
        shard_total=total,
    )


def _circleci(environ: Environment) -> RunIdentity:
    """circleci.com/docs/variables ("Built-in"); names neither the workflow nor what started it."""
    index, total = _shards(environ, "CIRCLE_NODE_INDEX", "CIRCLE_NODE_TOTAL", plus=1)
    owner, project = _first(environ, "CIRCLE_PROJECT_USERNAME"), _first(environ, "CIRCLE_PROJECT_REPONAME")
    workflow = _first(environ, "CIRCLE_WORKFLOW_ID")
    request = pull_request_of(environ.get("CIRCLE_PULL_REQUEST", "")) or _first(environ, "CIRCLE_PR_NUMBER")
    return RunIdentity(
        pipeline=project,
        run_id=workflow,
        branch=_first(environ, "CIRCLE_BRANCH"),
        revision=_first(environ, "CIRCLE_SHA1"),
        repository=f"{owner}/{project}" if owner and project else project,
        trigger=Trigger.PRE_MERGE if request else None,
        url=f"https://app.circleci.com/pipelines/workflows/{workflow}" if workflow else None,
        merge_request=request,
        job=_first(environ, "CIRCLE_JOB"),
        job_url=_first(environ, "CIRCLE_BUILD_URL"),
        shard_index=index,
        shard_total=total,
    )


def _azure(environ: Environment) -> RunIdentity:
    """learn.microsoft.com/azure/devops/pipelines/build/variables"""
    index, total = _shards(environ, "SYSTEM_JOBPOSITIONINPHASE", "SYSTEM_TOTALJOBSINPHASE")
    collection, project = environ.get("SYSTEM_TEAMFOUNDATIONCOLLECTIONURI", ""), environ.get("SYSTEM_TEAMPROJECT", "")
    build = _first(environ, "BUILD_BUILDID")
    url = f"{collection.rstrip('/')}/{quote(project)}/_build/results?buildId={build}"
    request = _first(environ, "SYSTEM_PULLREQUEST_PULLREQUESTNUMBER", "SYSTEM_PULLREQUEST_PULLREQUESTID")
    return RunIdentity(
        pipeline=_first(environ, "BUILD_DEFINITIONNAME"),
        run_id=build,
        run_attempt=_number(environ, "SYSTEM_STAGEATTEMPT") or _number(environ, "SYSTEM_JOBATTEMPT"),
        environment=_first(environ, "ENVIRONMENT_NAME"),
        branch=_branch(_first(environ, "SYSTEM_PULLREQUEST_SOURCEBRANCH", "BUILD_SOURCEBRANCH")),
        revision=_first(environ, "BUILD_SOURCEVERSION"),
        repository=_first(environ, "BUILD_REPOSITORY_NAME"),
        trigger=_AZURE_TRIGGERS.get(environ.get("BUILD_REASON", "")),
        url=url if collection and project and build else None,
        merge_request=request,
        job=_first(environ, "SYSTEM_JOBDISPLAYNAME", "AGENT_JOBNAME"),
        shard_index=index,
        shard_total=total,
    )


_SERVERS: tuple[tuple[str, str, Callable[[Environment], RunIdentity]], ...] = (
    ("GITHUB_ACTIONS", "true", _github),
    ("GITLAB_CI", "true", _gitlab),
    ("BUILDKITE", "true", _buildkite),
    ("CIRCLECI", "true", _circleci),
    ("TF_BUILD", "true", _azure),
    ("JENKINS_URL", "", _jenkins),
)
