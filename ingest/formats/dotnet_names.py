"""Names and messages as the test frameworks of .NET write them: classes, parametrised methods, exceptions. Pure."""

from __future__ import annotations

import re

_OPENING, _CLOSING = "([{<", ")]}>"
_TYPE = re.compile(
    r"(?:(?:OneTimeSetUp|OneTimeTearDown|SetUp|TearDown|TestFixtureSetUp) ?: )?"
    r"([A-Za-z_][\w.+`]{0,200}(?:Exception|Error|Failure)) ?: ?"
)


def split_name(full: str) -> tuple[str, str]:
    """Class and method of a full name; dots inside brackets and quotes belong to parameters.

    >>> split_name('Shop.Cart("a.b").Adds(1.5)'), split_name("Adds"), split_name("Says this. And that")
    (('Shop.Cart("a.b")', 'Adds(1.5)'), ('', 'Adds'), ('', 'Says this. And that'))
    """
    depth, is_quoted, at = 0, False, -1
    for index, character in enumerate(full):
        if is_quoted:
            is_quoted = character != '"' or full[index - 1] == "\\"
        elif character == '"':
            is_quoted = True
        elif character in _OPENING:
            depth += 1
        elif character in _CLOSING:
            depth -= 1
        elif character == "." and depth == 0:
            at = index
        elif character == " " and depth == 0:
            break
    follows = full[at + 1 : at + 2]
    if at <= 0 or not (follows.isalnum() or follows == "_"):
        return "", full
    return full[:at], full[at + 1 :]


def without_class(name: str, classname: str) -> str:
    """The method of a full name whose class is known.

    >>> without_class("Shop.Cart.Adds(1)", "Shop.Cart"), without_class("Adds", "Shop.Cart")
    ('Adds(1)', 'Adds')
    """
    return name[len(classname) + 1 :] if classname and name.startswith(f"{classname}.") and name != classname else name


def class_of(qualified: str) -> str:
    """A class name without the assembly that an assembly-qualified one ends in.

    >>> class_of("Shop.Cart, Shop.Tests, Version=1.0.0.0"), class_of("Shop.Box`1[[System.Int32, mscorlib]]")
    ('Shop.Cart', 'Shop.Box`1[[System.Int32, mscorlib]]')
    """
    depth = 0
    for index, character in enumerate(qualified):
        depth += (character in _OPENING) - (character in _CLOSING)
        if character == "," and depth == 0:
            return qualified[:index].strip()
    return qualified.strip()


def exception_in(message: str) -> str:
    """The exception class that a message starts with.

    >>> exception_in("SetUp : System.ArgumentException : x"), exception_in("Expected: 1")
    ('System.ArgumentException', '')
    """
    match = _TYPE.match(message)
    return match[1] if match else ""


def file_name(path: str) -> str:
    r"""The last part of a path of any system.

    >>> file_name(r"C:\build\Shop.Tests.dll"), file_name("/build/Shop.Tests.dll")
    ('Shop.Tests.dll', 'Shop.Tests.dll')
    """
    return path.replace("\\", "/").rstrip("/").rpartition("/")[2]


def source_file(path: str, assembly: str) -> str | None:
    r"""A source file relative to the folder of the project that its assembly was built in.

    The project is the part of the assembly's path before `bin`; its own name stays. None where they do not fit.

    >>> source_file(r"C:\ci\Shop.Tests\CartTest.cs", r"C:\ci\Shop.Tests\bin\Debug\Shop.Tests.dll")
    'Shop.Tests/CartTest.cs'
    """
    source, built = path.replace("\\", "/"), assembly.replace("\\", "/")
    project, mark, _ = built.partition("/bin/")
    if source and not (source.startswith("/") or source[1:3] == ":/"):
        return source
    root = project.rpartition("/")[0] + "/"
    return source.removeprefix(root) if mark and source.startswith(root) else None
