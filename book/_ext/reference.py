"""Sphinx extension: the reference, from the docstrings.

They are plain text, in which ``||w||_q`` is a norm and no markup: what Sphinx would
take for markup is escaped, and what stands between backticks becomes code.
"""

import re

CODE = re.compile(r"(?::\w+:)?(`{1,2})([^`]+)\1")
MARKUP = re.compile(r"(?<!\*)\*(?!\*)|[|\\]|_(?!\w)")


def to_markup(app, what, name, thing, options, lines):
    """Turn the plain text of a docstring into markup, but for its examples."""
    in_example = False
    for i, line in enumerate(lines):
        in_example = line.startswith(">>>") or (in_example and bool(line.strip()))
        if not in_example:
            lines[i] = escape(line)


def escape(line):
    """Return a line of plain text as markup."""
    found, end = [], 0
    for code in CODE.finditer(line):
        found += [
            MARKUP.sub(r"\\\g<0>", line[end : code.start()]),
            f"``{code[2]}``",
        ]
        end = code.end()
    return "".join([*found, MARKUP.sub(r"\\\g<0>", line[end:])])


def skip_field(app, what, name, thing, skip, options):
    """Leave out what Python says of a named tuple's fields: the class says more."""
    return True if str(thing.__doc__).startswith("Alias for field") else None


def setup(app):
    app.setup_extension("sphinx.ext.autodoc")
    app.setup_extension("sphinx.ext.napoleon")
    app.connect(
        "autodoc-process-docstring", to_markup, priority=400
    )  # napoleon's is 500
    app.connect("autodoc-skip-member", skip_field)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
