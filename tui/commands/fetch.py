"""`crywolf fetch PROVIDER ...`: results and deployments from CI servers, one command a kind of server."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import click

from tui.commands.fetching import Options, api_of, fetch_from, fetch_options, name_template, since_ms

if TYPE_CHECKING:
    from ingest.fetch.found import Provider
    from ingest.fetch.site import Site

_artifact_option = click.option(
    "--artifact",
    default="",
    metavar="NAME",
    callback=name_template,
    help="Artifacts to read, as junit-{variant.os}-*. Default: those whose name speaks of tests.",
)
_branch_option = click.option("--branch", default="", metavar="NAME", help="Only runs of this branch.")


@click.group("fetch")
def fetch_command() -> None:
    """Read results and deployments from a CI server: what `crywolf ingest` would read in each of its jobs.

    What was fetched before is not fetched again; a run that goes on, or of which something could not be had, is. Exit
    code 3: something could not be had or was refused, the rest is in.
    """


@fetch_command.command("github")
@click.argument("project", metavar="OWNER/REPO")
@click.option("--workflow", default="", metavar="NAME", help="Only this workflow: its name or its file.")
@_branch_option
@_artifact_option
@click.option("--base-url", default="", metavar="URL", help="Of GitHub Enterprise: https://github.acme.example")
@fetch_options
@click.pass_context
def github_command(
    ctx: click.Context, project: str, workflow: str, branch: str, artifact: str, base_url: str, options: Options
) -> None:
    """Runs of GitHub Actions with their artifacts, and deployments.

    The token in GH_TOKEN or GITHUB_TOKEN must be allowed to read actions and deployments.
    """
    from ingest.fetch import github
    from ingest.fetch.found import Wanted

    if len(project.split("/")) != 2 or not all(project.split("/")):
        raise click.UsageError(f"{project!r} is no repository; write OWNER/REPO")
    api = api_of(github.api_url(base_url), github.TOKENS, github.headers, options)
    wanted = Wanted(since_ms(options.since), branch, workflow, artifact)
    fetch_from(ctx, api, lambda site: github.GitHub(site, project, wanted), options, is_expected=bool(workflow))


@fetch_command.command("gitlab")
@click.argument("project", metavar="GROUP/PROJECT")
@_branch_option
@click.option(
    "--job",
    default="",
    metavar="NAME",
    callback=name_template,
    help="Jobs to read, as e2e-{variant.os}-*. Default: those with JUnit reports, or whose name speaks of tests.",
)
@click.option("--test-report", "is_test_report", is_flag=True, help="Read GitLab's own test report, no archives.")
@click.option("--base-url", default="", metavar="URL", help="Of your own server: https://git.acme.example")
@fetch_options
@click.pass_context
def gitlab_command(
    ctx: click.Context,
    project: str,
    branch: str,
    job: str,
    is_test_report: bool,
    base_url: str,
    options: Options,
) -> None:
    """Pipelines of GitLab CI with the artifacts of their jobs, and deployments.

    The token in GITLAB_TOKEN needs the scope read_api. Jobs that keep no archive with their reports are read from the
    test report that GitLab makes of them; --test-report reads all of them from there.
    """
    from ingest.fetch import gitlab
    from ingest.fetch.found import Wanted

    if "/" not in project or not all(project.split("/")):
        raise click.UsageError(f"{project!r} is no project; write GROUP/PROJECT")
    api = api_of(gitlab.api_url(base_url), gitlab.TOKENS, gitlab.headers, options)
    wanted = Wanted(since_ms(options.since), branch, "", job)

    def provider(site: Site) -> Provider:
        return gitlab.GitLab(site, project, wanted, is_test_report=is_test_report)

    fetch_from(ctx, api, provider, options, is_expected=bool(job))


@fetch_command.command("buildkite")
@click.argument("project", metavar="ORGANIZATION/PIPELINE")
@_branch_option
@_artifact_option
@click.option("--base-url", default="", metavar="URL", help="Where Buildkite's API is, if it is not the usual place.")
@fetch_options
@click.pass_context
def buildkite_command(
    ctx: click.Context, project: str, branch: str, artifact: str, base_url: str, options: Options
) -> None:
    """Builds of a Buildkite pipeline with the artifacts of their jobs.

    The token in BUILDKITE_API_TOKEN needs the scopes read_builds and read_artifacts.
    """
    from ingest.fetch import buildkite
    from ingest.fetch.found import Wanted

    if len(project.split("/")) != 2 or not all(project.split("/")):
        raise click.UsageError(f"{project!r} is no pipeline; write ORGANIZATION/PIPELINE")
    api = api_of(buildkite.api_url(base_url), buildkite.TOKENS, buildkite.headers, options)
    wanted = Wanted(since_ms(options.since), branch, "", artifact)
    fetch_from(ctx, api, lambda site: buildkite.Buildkite(site, project, wanted), options, is_expected=True)


@fetch_command.command("jenkins")
@click.argument("url", metavar="JOB-URL")
@_branch_option
@fetch_options
@click.pass_context
def jenkins_command(ctx: click.Context, url: str, branch: str, options: Options) -> None:
    """Builds of a Jenkins job, or of all branches of a multibranch job, with the test reports that Jenkins made.

    JOB-URL is the job's page: https://ci.acme.example/job/shop/job/e2e. User and token are read from JENKINS_USER_ID
    and JENKINS_API_TOKEN, or JENKINS_USER and JENKINS_TOKEN.
    """
    from ingest.fetch import jenkins
    from ingest.fetch.found import Wanted

    user = next((name for one in jenkins.USERS if (name := os.environ.get(one, "").strip())), "")
    api = api_of(url, jenkins.TOKENS, lambda token: jenkins.headers(token, user), options)
    wanted = Wanted(since_ms(options.since), branch)
    fetch_from(ctx, api, lambda site: jenkins.Jenkins(site, wanted), options, is_expected=True)
