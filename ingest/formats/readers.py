"""Which module reads which format. Modules are imported when the first file of their format is met."""

from __future__ import annotations

from importlib import import_module
from typing import cast

from ingest.formats.sink import FormatReader

_MODULES = {
    "junit": "ingest.formats.junit",
    "robot": "ingest.formats.robot",
    "testng": "ingest.formats.testng",
    "trx": "ingest.formats.trx",
    "xunit": "ingest.formats.xunit",
    "nunit2": "ingest.formats.nunit2",
    "nunit3": "ingest.formats.nunit3",
    "ctest": "ingest.formats.ctest",
    "ctrf": "ingest.formats.ctrf",
    "playwright": "ingest.formats.playwright",
    "jest": "ingest.formats.jest",
    "mocha": "ingest.formats.mocha",
    "mochawesome": "ingest.formats.mochawesome",
    "cucumber": "ingest.formats.cucumber",
    "cucumber-messages": "ingest.formats.cucumber_messages",
    "newman": "ingest.formats.newman",
    "k6": "ingest.formats.k6",
    "go": "ingest.formats.gotest",
    "allure1": "ingest.formats.allure1",
    "allure2": "ingest.formats.allure2",
    "dart": "ingest.formats.dart",
    "bazel": "ingest.formats.bazel",
    "cargo": "ingest.formats.cargo",
    "rspec": "ingest.formats.rspec",
    "keploy": "ingest.formats.keploy",
    "pact-verification": "ingest.formats.pact",
    "pytest-json-report": "ingest.formats.pytest_json",
    "jenkins": "ingest.formats.jenkins",
    "gitlab": "ingest.formats.gitlab",
    "boosttest": "ingest.formats.boosttest",
    "catch2": "ingest.formats.catch2",
    "check": "ingest.formats.check",
    "cppunit": "ingest.formats.cppunit",
    "cunit": "ingest.formats.cunit",
    "doctest": "ingest.formats.doctest_cpp",
    "fpcunit": "ingest.formats.fpcunit",
    "gtester": "ingest.formats.gtester",
    "mbunit": "ingest.formats.mbunit",
    "qtestlib": "ingest.formats.qttest",
    "unittest++": "ingest.formats.unittestpp",
    "valgrind": "ingest.formats.valgrind",
}

FORMATS = frozenset(_MODULES)
"""Names of the report formats that have a reader."""


def reader_of(format_name: str) -> FormatReader:
    """The `read` function of a report format.

    Raises:
        KeyError: for a name that is not in `FORMATS`.
    """
    return cast(FormatReader, import_module(_MODULES[format_name]).read)
