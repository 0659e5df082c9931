"""How Sphinx makes the site from these pages: ``make docs``. Warnings are errors, and every tutorial is run."""

from __future__ import annotations

import re
import sys
from importlib import metadata
from pathlib import Path

from sphinx.application import Sphinx

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE)]

import reference  # noqa: E402  # of the clone that is documented

project = "archsim"
author = "the archsim developers"
release = version = metadata.version("archsim")
html_title = f"archsim {release}"
html_theme = "furo"
html_show_copyright = False  # the licence stands in its file
extensions = [
    "myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx_gallery.gen_gallery", "sphinx_copybutton",
]  # fmt: skip
exclude_patterns = ["tutorials", "pictures", "**/*.txt", "validation/peers/recorded"]
# GALLERY.rst of made/tutorials is read by sphinx-gallery; its notebooks and archives are downloads
source_suffix = {".md": "markdown", ".rst": "restructuredtext"}
nitpicky = False  # docstrings name things of private modules
myst_heading_anchors = 6
myst_enable_extensions = ["colon_fence", "deflist"]
# examples carry headings of any level; a tutorial's picture of a saved run is not numbered
# "n_tasks" of a docstring is a parameter, not one of two attributes
suppress_warnings = ["myst.header", "config.cache", "ref.python"]
autodoc_typehints = "none"
autodoc_member_order = "bysource"
napoleon_google_docstring = False
copybutton_prompt_text = r">>> |\.\.\. "
copybutton_prompt_is_regexp = True
sphinx_gallery_conf = {
    "examples_dirs": "tutorials",
    "gallery_dirs": "made/tutorials",
    "filename_pattern": r"\.py$",
    "within_subsection_order": "FileNameSortKey",
    "abort_on_example_error": True,
    "show_memory": False,
    "show_signature": False,
    "reset_modules": (),
    "matplotlib_animations": False,
}
_OUTSIDE = re.compile(r"(!?)\[([^\]]*)\]\(((?:\.\./)+(?!docs/)[^)#]*?)(#[^)]*)?\)")


def _leads_outside(_: Sphinx, docname: str, source: list[str]) -> None:
    """Links to files of the clone that are no pages become their names: a site has no clone beside it."""
    page = HERE / docname

    def named(found: re.Match[str]) -> str:
        target = (page.parent / found[3]).resolve()
        return found[0] if target.is_relative_to(HERE) and target.suffix == ".md" else found[2]

    source[0] = _OUTSIDE.sub(named, source[0])
    # folders of the clone: a page of the site stands for one, none for the other
    source[0] = source[0].replace("](tutorials)", "](made/tutorials/index.rst)")
    source[0] = re.sub(r"\]\((?:\.\./)?tutorials/(\w+)\.py\)", r"](/made/tutorials/\1.rst)", source[0])
    source[0] = source[0].replace("[peers](peers)", "`peers`")


def _made_pages(_: Sphinx) -> None:
    reference.make(HERE / "made" / "reference")


def setup(app: Sphinx) -> None:
    """Called by Sphinx."""
    app.connect("builder-inited", _made_pages, priority=100)
    app.connect("source-read", _leads_outside)
