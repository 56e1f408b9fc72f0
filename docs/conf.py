"""How Sphinx makes the documentation: ``sphinx-build -W docs build/docs``."""

from __future__ import annotations

import builtins
import re
from typing import Any

import pypicotrace as pt

project = "pypicotrace"
author = "the pypicotrace developers"
project_copyright = "2026, the pypicotrace developers. BSD-2-Clause"
version = release = pt.__version__

extensions = ["myst_parser", "sphinx.ext.autodoc"]
# What is included by a page is no page.
exclude_patterns = ["_build", "generated"]
html_theme = "alabaster"
html_theme_options = {
    "description": "A system call tracer for NetBSD and Linux",
    "page_width": "1100px",
}
myst_heading_anchors = 3

# `Stop.read` in a docstring is a reference, and one that leads nowhere is an error.
default_role = "any"
nitpicky = True
nitpick_ignore = {("py:class", name) for name in dir(builtins)}
nitpick_ignore |= {("py:exc", name) for name in dir(builtins)}
nitpick_ignore |= {("py:class", "..."), ("py:exc", "struct.error")}
# Type variables, and names for types; the parameters say what they are.
nitpick_ignore |= {("py:class", name) for name in ("Path", "Keep", "Pin")}
nitpick_ignore |= {("py:class", "pypicotrace.loop.Result")}
nitpick_ignore |= {("py:class", "pypicotrace.testing.atf.cases.Function")}
nitpick_ignore_regex = {("py:class", r"(collections\.abc|typing|os|enum|pathlib|types)\..*")}

autodoc_preserve_defaults = True
autodoc_member_order = "bysource"
autodoc_default_options = {"members": True}
python_maximum_signature_line_length = 80

ZERO_WIDTH_SPACE = "\u200b"


def joint_fields(_app: Any, _what: str, _name: str, _obj: Any, _: Any, lines: list[str]) -> None:
    """``:param a, b: text`` says it of both. Sphinx takes what is before a space for a type."""
    for place, line in enumerate(lines):
        found = re.match(r":param \w+(, \w+)+:", line)
        if found:
            names = found[0].removeprefix(":param ").replace(", ", f",{ZERO_WIDTH_SPACE}")
            lines[place] = f":param {names}{line[found.end() :]}"


def code_blocks(_app: Any, _what: str, _name: str, _obj: Any, _: Any, lines: list[str]) -> None:
    """What is indented after an empty line is code."""
    for place in range(len(lines) - 1, 1, -1):
        before, empty, line = lines[place - 2 : place + 1]
        begins = line.startswith("    ") and not empty and not before.startswith((" ", ":"))
        if begins and not before.endswith("::"):
            lines[place:place] = ["::", ""]


def our_names(app: Any, env: Any, node: Any, content: Any) -> Any:
    """A type in an annotation has the name of its module, and is documented as the package's."""
    module, _, name = node.get("reftarget", "").rpartition(".")
    if not module.startswith("pypicotrace.") or name not in pt.__all__:
        return None
    domain = env.domains["py"]
    target = f"pypicotrace.{name}"
    return domain.resolve_xref(env, node["refdoc"], app.builder, "obj", target, node, content)


def setup(app: Any) -> None:
    app.connect("autodoc-process-docstring", joint_fields)
    app.connect("autodoc-process-docstring", code_blocks)
    app.connect("missing-reference", our_names)
