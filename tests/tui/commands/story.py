"""Ten nightly runs of a small suite, as files: one test breaks after a deploy, one is flaky, one is never red.

The reports imitate maven-surefire-plugin 3.2.5 (`flakyFailure`, `failure`).
"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

FIRST_RUN = datetime(2026, 11, 1, 2, 0, tzinfo=UTC)
RUNS = 10
BROKEN_FROM = 7
"""Index of the first run that is red; payments was deployed an hour before it."""
FLAKY_RUNS = (2, 5)

CATALOG = """\
apiVersion: backstage.io/v1alpha1
kind: Component
metadata: {name: web}
spec: {type: service, owner: front, dependsOn: ["component:default/payments"]}
---
apiVersion: backstage.io/v1alpha1
kind: Component
metadata: {name: payments}
spec: {type: service, owner: pay}
"""

SUITE = """\
<?xml version="1.0" encoding="UTF-8"?>
<testsuite name="acme.CheckoutIT" tests="3" timestamp="{start}" time="6.0">
  <testcase classname="acme.CheckoutIT" name="pays_with_card" time="1.5">
    <properties><property name="service.peer.name" value="web"/></properties>{pays}
  </testcase>
  <testcase classname="acme.CheckoutIT" name="sends_receipt" time="2.5">{receipt}</testcase>
  <testcase classname="acme.SearchIT" name="finds_shoes" time="2.0"/>
</testsuite>
"""
FAILURE = """
    <failure type="AssertionError" message="expected 200, was 503">at acme.CheckoutIT.pays(CheckoutIT.java:9)</failure>
  """
FLAKE = """
    <flakyFailure type="TimeoutException" message="no mail after 5 s">at acme.Mail.await(Mail.java:7)</flakyFailure>
  """


def write_story(folder: Path) -> None:
    """All input files below a folder."""
    folder.mkdir(parents=True)
    (folder / "catalog-info.yaml").write_text(CATALOG)
    (folder / "CODEOWNERS").write_text("* @acme/journeys\n**/SearchIT* @acme/search\n")
    (folder / "deploys.jsonl").write_text("".join(json.dumps(event) + "\n" for event in _deploys()))
    for index in range(RUNS):
        _write_run(folder / "nightly" / str(100 + index), index)


def start_of(index: int) -> datetime:
    """When a run started."""
    return FIRST_RUN + timedelta(days=index)


def _write_run(folder: Path, index: int) -> None:
    """run.json and report of one run."""
    folder.mkdir(parents=True)
    start = start_of(index)
    sidecar = {
        "cicd.pipeline.name": "nightly",
        "cicd.pipeline.run.id": str(100 + index),
        "cicd.pipeline.run.url.full": f"https://ci.example/runs/{100 + index}",
        "deployment.environment.name": "staging",
        "vcs.ref.head.name": "main",
        "vcs.ref.head.revision": "5f1d0c2ab4e6",
        "start_time": start.isoformat(),
        "end_time": (start + timedelta(minutes=10)).isoformat(),
        "crywolf.run.trigger": "schedule",
    }
    (folder / "run.json").write_text(json.dumps(sidecar))
    pays = FAILURE if index >= BROKEN_FROM else ""
    receipt = FLAKE if index in FLAKY_RUNS else ""
    report = SUITE.format(start=f"{start:%Y-%m-%dT%H:%M:%S}", pays=pays, receipt=receipt)
    (folder / "TEST-acme.CheckoutIT.xml").write_text(report)


def _deploys() -> list[dict[str, object]]:
    """Two deploys as CDEvents: web early on, payments an hour before the break."""
    moments = (("web", "1.4.0", 3), ("payments", "7f3a91", BROKEN_FROM))
    return [_deploy(service, version, start_of(index) - timedelta(hours=1)) for service, version, index in moments]


def _deploy(service: str, version: str, at: datetime) -> dict[str, object]:
    """One `service.deployed` event."""
    return {
        "context": {
            "version": "0.4.1",
            "id": f"deploy-{service}",
            "source": "/cd",
            "type": "dev.cdevents.service.deployed.0.2.0",
            "timestamp": at.isoformat(),
        },
        "subject": {
            "id": service,
            "source": "/cd",
            "type": "service",
            "content": {"environment": {"id": "staging"}, "artifactId": f"pkg:oci/{service}@{version}"},
        },
        "customData": {"title": f"feat({service}): change", "author": "Mira Patel"},
    }
