"""Who owns a path, by the rules of CODEOWNERS files.

GitHub: the last rule that matches decides; one without owners un-owns. GitLab: the same in each section, an exclusion
anywhere in a section takes the path out of that section, and the sections' owners are united.

Ten thousand rules are matched without trying each one: a rule is filed under a part that every matching path has.
"""

from __future__ import annotations

from collections import OrderedDict, defaultdict
from collections.abc import Iterable, Iterator, Sequence

from ingest.catalog.class_paths import paths_of_class, without_variant
from ingest.catalog.owner_patterns import GITLAB, PathPattern, github_pattern, gitlab_pattern
from ingest.model import OwnerFile, OwnerRule

_KEPT_MATCHERS = 16
_KEPT_FOLDERS = 10_000
_SUFFIX_SEGMENTS = 2
"""Directories of a package that a rule's path must end in to match a class whose root folder is not known."""


class OwnerMatcher:
    """One CODEOWNERS file, ready to be asked many times."""

    def __init__(self, file: OwnerFile) -> None:
        self.file = file
        make = gitlab_pattern if file.dialect == GITLAB else github_pattern
        self._patterns = [make(rule.pattern) for rule in file.rules]
        self._by_prefix: defaultdict[str, list[int]] = defaultdict(list)
        self._by_segment: defaultdict[str, list[int]] = defaultdict(list)
        self._by_extension: defaultdict[str, list[int]] = defaultdict(list)
        self._by_suffix: defaultdict[str, list[int]] = defaultdict(list)
        self._others: list[int] = []
        self._by_folder: dict[str, tuple[int, ...]] = {}
        for index, pattern in enumerate(self._patterns):
            self._file(index, pattern)
        self._ranks = _ranks(file, self._patterns)
        self._sections = {section: place for place, section in enumerate(dict.fromkeys(r.section for r in file.rules))}

    def rules_for(self, path: str) -> tuple[OwnerRule, ...]:
        """The rules that decide about a path, one a section, also those that un-own it; none where nothing matches."""
        normal = normal_path(path)
        return self._deciding(index for index in self._candidates(normal) if self._patterns[index].matches(normal))

    def rules_for_class(self, classname: str) -> tuple[OwnerRule, ...]:
        """As `rules_for`, of a test class whose file is not known.

        A rule matches when it matches one of the places where a class of that name usually lies
        (`class_paths.paths_of_class`), or when its own path, free of wildcards, ends in two or more leading
        directories of the class (`/services/pay/src/test/java/com/acme/` and `com.acme.pay.PayIT`). A rule that
        names an extension only (`*.kt`) says nothing about a file whose extension is a guess.
        """
        classname = without_variant(classname)
        found = set(self._suffix_matches(classname))
        for path in paths_of_class(classname):
            found.update(index for index in self._candidates(path) if self._patterns[index].matches(path))
        if "/" not in classname:
            found.difference_update(*self._by_extension.values())
        return self._deciding(found)

    def owners(self, path: str) -> tuple[str, ...]:
        """Owners of a path as written, each once; empty when unowned."""
        return _united(self.rules_for(path))

    def owners_of_class(self, classname: str) -> tuple[str, ...]:
        """Owners of a test class whose file is not known; empty when unowned."""
        return _united(self.rules_for_class(classname))

    def _file(self, index: int, pattern: PathPattern) -> None:
        """Put a rule where only paths that may match it look."""
        if prefix := pattern.literal_prefix():
            self._by_prefix[prefix].append(index)
            self._file_suffixes(index, pattern, prefix)
        elif (segment := pattern.literal_segment()) is not None:
            self._by_segment[segment].append(index)
        elif (extension := pattern.extension()) is not None:
            self._by_extension[extension].append(index)
        else:
            self._others.append(index)

    def _file_suffixes(self, index: int, pattern: PathPattern, prefix: str) -> None:
        """By the last directories of its path, at least one left out, for classes whose root folder is not known."""
        if pattern.segments[-1] != "*":
            segments = prefix.split("/")
            for first in range(1, len(segments) - _SUFFIX_SEGMENTS + 1):
                self._by_suffix["/".join(segments[first:])].append(index)

    def _candidates(self, path: str) -> Iterator[int]:
        folder, _, name = path.rpartition("/")
        known = self._by_folder.get(folder)
        if known is None:
            if len(self._by_folder) >= _KEPT_FOLDERS:
                self._by_folder.clear()
            known = self._by_folder[folder] = (*self._others, *self._candidates_of_folder(folder))
        yield from known
        yield from self._by_prefix.get(path, ())
        yield from self._by_segment.get(name, ())
        if "." in name:
            yield from self._by_extension.get(name[name.rfind(".") :], ())

    def _candidates_of_folder(self, folder: str) -> Iterator[int]:
        """Those that a path may match by the directories it lies in."""
        segments = folder.split("/") if folder else []
        prefix = ""
        for segment in segments:
            prefix = f"{prefix}/{segment}" if prefix else segment
            yield from self._by_prefix.get(prefix, ())
        for segment in dict.fromkeys(segments):
            yield from self._by_segment.get(segment, ())
        for extension in dict.fromkeys(segment[segment.rfind(".") :] for segment in segments if "." in segment):
            yield from self._by_extension.get(extension, ())

    def _suffix_matches(self, classname: str) -> Iterator[int]:
        packages = classname.replace("/", ".").split(".")[:-1]
        for length in range(_SUFFIX_SEGMENTS, len(packages) + 1):
            yield from self._by_suffix.get("/".join(packages[:length]), ())

    def _deciding(self, matching: Iterable[int]) -> tuple[OwnerRule, ...]:
        """Of the matching rules, the one that decides in each section, sections in the order of the file."""
        by_section: dict[str, list[int]] = {}
        for index in matching:
            by_section.setdefault(self.file.rules[index].section, []).append(index)
        chosen: list[int] = []
        for indices in by_section.values():
            if not any(self.file.rules[index].is_exclusion for index in indices):
                chosen.append(max(indices, key=self._ranks.__getitem__))
        rules = (self.file.rules[index] for index in chosen)
        return tuple(sorted(rules, key=lambda rule: self._sections[rule.section]))


def owners_of(path: str, files: OwnerFile | Sequence[OwnerFile]) -> tuple[str, ...]:
    """Owners of a path as written; empty when unowned.

    Args:
        path: relative to the root of the repository; a leading `/` or `./` is ignored.
        files: one file, or several in order of precedence: the first with a rule for the path decides.
    """
    for file in _sequence(files):
        if rules := matcher_of(file).rules_for(path):
            return _united(rules)
    return ()


def owners_of_class(classname: str, files: OwnerFile | Sequence[OwnerFile]) -> tuple[str, ...]:
    """Owners of a test class whose file is not known, found as `OwnerMatcher.rules_for_class` says."""
    for file in _sequence(files):
        if rules := matcher_of(file).rules_for_class(classname):
            return _united(rules)
    return ()


def matcher_of(file: OwnerFile) -> OwnerMatcher:
    """The matcher of a file, made once; the sixteen used last are kept."""
    found = _matchers.get(id(file))
    if found is None or found.file is not file:
        found = _matchers[id(file)] = OwnerMatcher(file)
        if len(_matchers) > _KEPT_MATCHERS:
            _matchers.popitem(last=False)
    _matchers.move_to_end(id(file))
    return found


def normal_path(path: str) -> str:
    """A path as patterns expect it: from the root of the repository, with forward slashes.

    >>> normal_path("./docs/index.md"), normal_path("src\\\\test\\\\PayIT.java")
    ('docs/index.md', 'src/test/PayIT.java')
    """
    forward = path if "/" in path else path.replace("\\", "/")
    while forward.startswith("./"):
        forward = forward[2:]
    return forward.lstrip("/")


def _sequence(files: OwnerFile | Sequence[OwnerFile]) -> Sequence[OwnerFile]:
    return (files,) if isinstance(files, OwnerFile) else files


def _united(rules: Iterable[OwnerRule]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(owner for rule in rules for owner in rule.owners))


def _ranks(file: OwnerFile, patterns: Sequence[PathPattern]) -> list[int]:
    """What "last" means: GitLab keeps one entry a pattern and section, at the place of its first writing."""
    if file.dialect != GITLAB:
        return list(range(len(patterns)))
    first: dict[tuple[str, tuple[str, ...]], int] = {}
    places = (
        first.setdefault((rule.section, pattern.segments), index)
        for index, (rule, pattern) in enumerate(zip(file.rules, patterns, strict=True))
    )
    return [place * (len(patterns) + 1) + index for index, place in enumerate(places)]


_matchers: OrderedDict[int, OwnerMatcher] = OrderedDict()
