"""A class name -> the paths where its file usually lies, for reports that name no file."""

from __future__ import annotations

import re

_VARIANT = re.compile(r"\[[^\]]*\] › ")
_JVM_ROOTS = (
    ("src/test/java/", ".java"),
    ("src/test/kotlin/", ".kt"),
    ("src/test/groovy/", ".groovy"),
    ("src/test/scala/", ".scala"),
    ("src/it/java/", ".java"),
    ("src/integrationTest/java/", ".java"),
    ("src/integrationTest/kotlin/", ".kt"),
)
_LONGEST = 2_000
_MOST_SEGMENTS = 60


def without_variant(classname: str) -> str:
    """A class name without the project or browser that some readers put before it.

    >>> without_variant("[firefox] › checkout/pay.spec.ts"), without_variant("com.acme.PayIT")
    ('checkout/pay.spec.ts', 'com.acme.PayIT')
    """
    variant = _VARIANT.match(classname)
    return classname[variant.end() :] if variant else classname


def path_of_class(classname: str) -> tuple[str, ...]:
    """The likeliest paths of a class, without a source root: a class file without extension, a Python module.

    >>> path_of_class("com.acme.checkout.CheckoutIT$Nested")
    ('com/acme/checkout/CheckoutIT',)
    >>> path_of_class("tests.checkout.test_pay.TestPay")
    ('tests/checkout/test_pay/TestPay', 'tests/checkout/test_pay.py')
    >>> path_of_class("specs/login.spec.ts")
    ('specs/login.spec.ts',)
    """
    name = classname.strip()
    if not name or len(name) > _LONGEST or any(character.isspace() for character in name):
        return ()
    if "/" in name:
        return (name.lstrip("/"),)
    parts = [part for part in name.split("$", 1)[0].replace("::", ".").split(".") if part]
    if not parts or len(parts) > _MOST_SEGMENTS:
        return ()
    module = _module_parts(parts)
    found = ["/".join(parts)]
    if module:
        found.append("/".join(module) + ".py")
    return tuple(found)


def paths_of_class(classname: str) -> tuple[str, ...]:
    """All places to try for a class, the likeliest first: each path as it is and below the usual source roots."""
    base = path_of_class(classname)
    if not base or "/" in classname:
        return base
    if len(base) > 1:
        return (*base, f"src/{base[0]}", f"src/{base[1]}")
    return (base[0], *(f"{root}{base[0]}{extension}" for root, extension in _JVM_ROOTS))


def _module_parts(parts: list[str]) -> list[str]:
    """The part of a dotted name that may be a Python module: up to the first capitalised name."""
    module: list[str] = []
    for part in parts:
        if part[:1].isupper():
            break
        module.append(part)
    looks_like_test = any(part.startswith("test") or part.endswith("_test") for part in module)
    return module if module and looks_like_test else []
