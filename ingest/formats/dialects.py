"""Every kind of XML and JSON document that is known by its content: one row each, tried in order, the first match wins.

A row with `is_read` has a reader; a row without one is known by name only, so that its refusal says what the file is.
Adding a format: write its module, set `is_read`, and name the module in `readers.py`.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class XmlDialect:
    """A row for documents whose root element has one of these local names.

    `namespace`, `attributes` and `children` narrow it: a part of the root's namespace, attributes that the root must
    have, and names of which its first child must have one. `is_companion`: lies beside reports and holds nothing of its
    own, so that it is skipped and not refused.
    """

    format: str
    title: str
    roots: tuple[str, ...]
    namespace: str = ""
    attributes: tuple[str, ...] = ()
    children: tuple[str, ...] = ()
    is_read: bool = False
    is_report: bool = True
    is_companion: bool = False

    def matches(self, root: str, namespace: str, attributes: frozenset[str], child: str) -> bool:
        """Whether a root element, with this first child, is this dialect's."""
        if root not in self.roots or self.namespace not in namespace or not attributes.issuperset(self.attributes):
            return False
        return not self.children or child in self.children


@dataclass(frozen=True, slots=True)
class JsonDialect:
    """A row for documents whose first object has all keys of one alternative.

    A dotted key is one inside an object inside the first object. `outer`: what the document must be, `object`, `array`
    or `lines`; empty for any. `is_lines`: one object a line, with lines of other programs before or between them.
    `is_companion`: lies beside reports and holds nothing of its own, so that it is skipped and not refused.
    """

    format: str
    title: str
    keys: tuple[frozenset[str], ...]
    outer: str = ""
    is_read: bool = False
    is_report: bool = True
    is_lines: bool = False
    is_companion: bool = False

    def matches(self, keys: frozenset[str], outer: str) -> bool:
        """Whether the keys of a first object are this dialect's."""
        return self.outer in ("", outer) and any(alternative <= keys for alternative in self.keys)


def _keys(*alternatives: str) -> tuple[frozenset[str], ...]:
    return tuple(frozenset(alternative.split()) for alternative in alternatives)


XML_DIALECTS: tuple[XmlDialect, ...] = (
    XmlDialect("check", "Check (C) report", ("testsuites",), namespace="check.sourceforge", is_read=True),
    XmlDialect("junit", "JUnit XML", ("testsuites", "testsuite", "testrun"), is_read=True),
    XmlDialect("trx", "TRX (Visual Studio) report", ("TestRun",), namespace="microsoft.com", is_read=True),
    XmlDialect("trx", "TRX (Visual Studio) report", ("TestRun",), attributes=("id", "name"), is_read=True),
    XmlDialect("cppunit", "CppUnit or AUnit report", ("TestRun",), is_read=True),
    XmlDialect("nunit3", "NUnit 3 report", ("test-run",), is_read=True),
    XmlDialect("nunit2", "NUnit 2 report", ("test-results",), is_read=True),
    XmlDialect("allure1", "Allure 1 result", ("test-suite",), namespace="allure", is_read=True),
    XmlDialect("nunit3", "NUnit 3 report", ("test-suite",), is_read=True),
    XmlDialect("testng", "TestNG report", ("testng-results",), is_read=True),
    XmlDialect("robot", "Robot Framework output", ("robot",), is_read=True),
    XmlDialect("maven-assembly", "Maven assembly descriptor", ("assembly",), namespace="maven", is_report=False),
    XmlDialect("manifest", "Windows application manifest", ("assembly",), namespace="asm.v", is_report=False),
    XmlDialect("xunit", "xUnit.net report", ("assemblies", "assembly"), is_read=True),
    XmlDialect("boosttest", "Boost.Test report", ("TestLog", "BoostTestLog", "TestResult"), is_read=True),
    XmlDialect("fpcunit", "FPCUnit report", ("TestResults",), is_read=True),
    XmlDialect("qtestlib", "Qt Test report", ("TestCase",), is_read=True),
    XmlDialect("gtester", "GTester report", ("gtester",), is_read=True),
    XmlDialect(
        "ctest-step",
        "CTest's file of another step",
        ("Site",),
        children=("Configure", "Build", "Update", "Coverage", "CoverageLog", "Notes", "Upload"),
        is_report=False,
        is_companion=True,
    ),
    XmlDialect("ctest-step", "CTest's mark of a finished run", ("Done",), is_report=False, is_companion=True),
    XmlDialect("ctest", "CTest report", ("Site",), is_read=True),
    XmlDialect("cunit", "CUnit report", ("CUNIT_TEST_RUN_REPORT",), is_read=True),
    XmlDialect("unittest++", "UnitTest++ report", ("unittest-results",), is_read=True),
    XmlDialect("mbunit", "MbUnit report", ("report-result",), is_read=True),
    XmlDialect("gallio", "Gallio report", ("report",), namespace="gallio"),
    XmlDialect("valgrind", "Valgrind report", ("valgrindoutput",), is_read=True),
    XmlDialect("catch2", "Catch2 report", ("Catch", "Catch2TestRun"), is_read=True),
    XmlDialect("doctest", "doctest (C++) report", ("doctest",), is_read=True),
    XmlDialect("jmeter", "JMeter result", ("testResults",)),
    XmlDialect("sonar", "Sonar generic test report", ("testExecutions", "unitTest")),
    XmlDialect("aunit", "AUnit report", ("TestRunResults",)),
    XmlDialect("pom", "Maven pom.xml", ("project",), namespace="maven", is_report=False),
    XmlDialect("ant", "Ant build file or other project file", ("project", "Project"), is_report=False),
    XmlDialect("clover", "Cobertura or Clover coverage report", ("coverage",), is_report=False),
    XmlDialect("jacoco", "JaCoCo coverage report", ("report",), is_report=False),
    XmlDialect("opencover", "OpenCover coverage report", ("CoverageSession",), is_report=False),
    XmlDialect("checkstyle", "Checkstyle report", ("checkstyle",), is_report=False),
    XmlDialect("spotbugs", "SpotBugs report", ("BugCollection",), is_report=False),
    XmlDialect("pmd", "PMD report", ("pmd", "pmd-cpd"), is_report=False),
    XmlDialect("lint", "Android Lint report", ("issues",), is_report=False),
    XmlDialect("svg", "SVG picture", ("svg",), is_report=False),
    XmlDialect("plist", "property list", ("plist",), is_report=False),
    XmlDialect("feed", "news feed", ("rss", "feed"), is_report=False),
)

JSON_DIALECTS: tuple[JsonDialect, ...] = (
    JsonDialect("json-schema", "JSON schema", _keys("$schema properties"), outer="object", is_report=False),
    JsonDialect(
        "ctrf", "CTRF report", _keys("reportFormat results", "results.tests", "results.summary results.tool"),
        outer="object", is_read=True,
    ),
    JsonDialect(
        "cdevents", "CDEvents", _keys("context.type subject", "context.id context.type", "data.context data.subject"),
        is_read=True, is_report=False,
    ),
    JsonDialect(
        "github", "GitHub webhook",
        _keys("deployment_status deployment", "deployment repository", "ref before after"),
        is_read=True, is_report=False,
    ),
    JsonDialect(
        "github-other", "GitHub webhook of another kind",
        _keys("action workflow_run", "action check_run", "action release", "action repository sender"), is_report=False,
    ),
    JsonDialect("go", "go test -json output", _keys("Action Package", "Action Test", "Action ImportPath"),
                is_read=True, is_lines=True),
    JsonDialect("playwright", "Playwright JSON report", _keys("config suites", "config.rootDir config.forbidOnly"),
                outer="object", is_read=True),
    JsonDialect("jest", "Jest or Vitest JSON report",
                _keys("numTotalTests numFailedTests", "numTotalTests testResults", "numFailedTests testResults"),
                outer="object", is_read=True),
    JsonDialect("mochawesome", "mochawesome report", _keys("stats.passes results", "stats.testsRegistered"),
                outer="object", is_read=True),
    JsonDialect("mocha", "Mocha JSON report",
                _keys("stats.passes tests", "stats.passes failures", "stats tests passes", "stats tests failures"),
                outer="object", is_read=True),
    JsonDialect("cucumber", "Cucumber JSON report",
                _keys("elements keyword", "elements uri", "elements name", "elements description", "elements line",
                      "elements id"),
                outer="array", is_read=True),
    JsonDialect("cucumber-messages", "Cucumber messages", _keys("meta.protocolVersion"), is_read=True, is_lines=True),
    JsonDialect("pytest-json-report", "pytest-json-report",
                _keys("created exitcode tests", "created exitcode summary"), outer="object", is_read=True),
    JsonDialect("rspec", "RSpec JSON report", _keys("examples summary_line", "examples summary"), outer="object",
                is_read=True),
    JsonDialect("dart", "Dart or Flutter test events", _keys("protocolVersion runnerVersion type"),
                is_read=True, is_lines=True),
    JsonDialect("cargo", "cargo libtest events", _keys("type event test_count", "type event name"),
                is_read=True, is_lines=True),
    JsonDialect("bazel", "Bazel build events", _keys("id.started", "id.testResult", "id.testSummary", "id.progress"),
                is_read=True, is_lines=True),
    JsonDialect("newman", "Newman JSON report", _keys("collection run", "collection._ collection.item"), outer="object",
                is_read=True),
    JsonDialect("pact", "Pact contract", _keys("consumer provider", "consumer interactions"), is_report=False),
    JsonDialect("pact-verification", "Pact verification result",
                _keys("providerName testResults", "success providerApplicationVersion", "matrix summary notices",
                      "matrix summary.deployable", "result errors notices", "errors interactionResults",
                      "errors output notices"),
                outer="object", is_read=True),
    JsonDialect("allure2", "Allure 2 container", _keys("uuid children", "uuid befores", "uuid afters"), outer="object",
                is_read=True),
    JsonDialect("allure2", "Allure 2 errors outside of tests", _keys("attachments errors"), outer="object",
                is_read=True),
    JsonDialect("allure-executor", "Allure executor", _keys("type buildName", "type buildUrl", "type reportName"),
                outer="object", is_read=True, is_report=False),
    JsonDialect("allure-categories", "Allure categories", _keys("name matchedStatuses", "name messageRegex"),
                outer="array", is_report=False, is_companion=True),
    JsonDialect(
        "allure2", "Allure 2 result",
        _keys("uuid status", "uuid historyId", "uuid name start", "name status start stop",
              "name status statusDetails", "name status parameters", "name status steps"),
        outer="object", is_read=True,
    ),
    JsonDialect("k6", "k6 summary",
                _keys("metrics root_group", "metrics.data_sent metrics.data_received", "root_group.path options state"),
                outer="object", is_read=True),
    JsonDialect("jenkins", "Jenkins test report",
                _keys("failCount passCount suites", "failCount childReports", "_class suites", "_class childReports"),
                outer="object", is_read=True),
    JsonDialect("gitlab", "GitLab test report", _keys("total_count test_suites"), outer="object", is_read=True),
    JsonDialect("sarif", "SARIF log", _keys("runs version"), is_report=False),
    JsonDialect("package", "package.json", _keys("name dependencies", "name devDependencies", "lockfileVersion"),
                is_report=False),
)  # fmt: skip


def xml_dialect(root: str, namespace: str, attributes: frozenset[str], child: str) -> XmlDialect | None:
    """The dialect of a root element and the name of its first child, empty where that is not known."""
    return next((row for row in XML_DIALECTS if row.matches(root, namespace, attributes, child)), None)


def json_dialect(keys: frozenset[str], outer: str) -> JsonDialect | None:
    """The dialect of a document by the keys of its first object."""
    return next((row for row in JSON_DIALECTS if row.matches(keys, outer)), None)
