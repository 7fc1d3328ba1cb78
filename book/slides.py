"""The slides of a lecture: ``python book/slides.py [file]``.

`lecture.yml` says what is shown; figures come from the notebooks, captions and
statements from the text of the chapters. The file needs no network: formulas are
drawn by the renderer of the built book, beside which it stands.
"""

import re
import sys
from base64 import b64decode
from functools import cache
from io import BytesIO
from pathlib import Path

import nbformat
import yaml
from markdown_it import MarkdownIt
from mdit_py_plugins.dollarmath import dollarmath_plugin
from PIL import Image

BOOK = Path(__file__).resolve().parent
TEXT = BOOK / "text"
FILE = BOOK.parent / "_build" / "html" / "lecture.html"
PAGE = (BOOK / "lecture.html").read_text()

ROLE = re.compile(r"\{[\w:]+\}`(?P<text>[^`<]*?)(?: ?<[^`>]*>)?`")
CITATION = re.compile(r" ?\{cite\}`[^`]*`")
STATEMENT = re.compile(
    r"^```\{prf:(?P<kind>\w+)\} (?P<title>[^\n]*)\n:label: (?P<label>\S+)\n"
    r"(?P<body>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)
KEYS = {"title", "text", "statement", "figure", "list", "minutes"}


def render(text):
    """Turn the Markdown of the book into HTML; references become plain text."""
    plain = ROLE.sub(lambda match: match["text"], CITATION.sub("", text))
    reader = MarkdownIt("commonmark").use(dollarmath_plugin)
    reader.add_render_rule("math_inline", inline_formula)
    reader.add_render_rule("math_block", displayed_formula)
    return reader.render(plain)


def inline_formula(reader, tokens, i, options, env):
    return rf"\({escaped(tokens[i].content)}\)"


def displayed_formula(reader, tokens, i, options, env):
    return rf"\[{escaped(tokens[i].content)}\]"


def escaped(text):
    return text.replace("&", "&amp;").replace("<", "&lt;")


@cache
def chapters():
    """Return the text of each chapter by its name."""
    return {path.stem: path.read_text() for path in sorted(TEXT.glob("*.md"))}


def statement(label):
    """Return a statement as HTML: what it is called, and what it says."""
    for text in chapters().values():
        for match in STATEMENT.finditer(text):
            if match["label"] == label:
                title = f"**{match['kind'].title()}** ({match['title']})"
                body = render(f"{title}\n\n{match['body']}")
                return f'<div class="statement">{body}</div>'
    raise LookupError(f"no chapter states {label!r}")


def figure(label):
    """Return a figure as HTML, with its finding and its description."""
    for name in chapters():
        notebook = nbformat.read(BOOK / f"{name}.ipynb", as_version=4)
        for cell in notebook.cells:
            shown = cell.metadata.get("mystnb", {})
            if shown.get("figure", {}).get("name") == label:
                return drawn(cell, shown)
    raise LookupError(f"no chapter draws {label!r}")


def drawn(cell, shown):
    """Return the picture that a cell has drawn as HTML."""
    pictures = [output.get("data", {}).get("image/png") for output in cell.outputs]
    (picture,) = filter(None, pictures)
    finding = render(shown["figure"]["caption"].split("\n")[0])
    alt = " ".join(shown["image"]["alt"].split()).replace('"', "&quot;")
    data = "".join(picture.split())
    image = f'<img src="data:image/png;base64,{data}" alt="{alt}">'
    shape = "tall" if is_tall(data) else "wide"
    caption = f"<figcaption>{finding}</figcaption>"
    return f'<figure class="{shape}">{image}{caption}</figure>'


def is_tall(picture):
    """Return whether a picture has to stand beside its finding; base64 of a PNG."""
    width, height = Image.open(BytesIO(b64decode(picture))).size
    return width < 1.3 * height


def numbered_list(heading):
    """Return the numbered list below a heading as HTML."""
    for text in chapters().values():
        _, found, after = text.partition(f"\n## {heading}\n")
        if found:
            return render(re.search(r"^1\. .*?(?=\n\n)", after, re.M | re.S)[0])
    raise LookupError(f"no chapter has the heading {heading!r}")


def section(slide, number, start):
    """Return a slide as HTML."""
    wrong = slide.keys() - KEYS
    if wrong:
        raise ValueError(
            f"slide {number} has {', '.join(sorted(wrong))}; known are {KEYS}"
        )
    parts = [f"<h2>{render(slide['title'])[3:-5]}</h2>"]
    makers = {
        "text": render,
        "statement": statement,
        "figure": figure,
        "list": numbered_list,
    }
    parts += [make(slide[key]) for key, make in makers.items() if key in slide]
    parts.append(f"<footer>{number} · from minute {start}</footer>")
    return f'<section id="slide-{number}">{"".join(parts)}</section>'


def lecture():
    """Return all slides as one page."""
    slides, start, sections = (
        yaml.safe_load((BOOK / "lecture.yml").read_text()),
        0,
        [],
    )
    for number, slide in enumerate(slides, 1):
        sections.append(section(slide, number, start))
        start += slide["minutes"]
    return PAGE.replace("SLIDES", "\n".join(sections))


def write(path):
    """Write the slides into a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(lecture())


if __name__ == "__main__":
    write(Path(sys.argv[1]) if len(sys.argv) > 1 else FILE)
