"""How Sphinx builds docs/ into a site: make docs."""

import sys
from pathlib import Path

import aigan

sys.path.insert(0, str(Path(__file__).parent))  # model_cards.py

project = "AI-GAN"
author = "the AI-GAN developers"
version = release = aigan.__version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.viewcode", "model_cards"]
exclude_patterns = ["_build", "benchmarks/*.md"]  # the latter stand in benchmarks.md as well
default_role = "code"  # docstrings write `names` as Markdown does
myst_enable_extensions = ["html_image"]
myst_heading_anchors = 3

autodoc_member_order = "bysource"
autodoc_typehints = "none"  # signatures in full would hide the names; docstrings have shapes, units and ranges
autodoc_preserve_defaults = True
python_use_unqualified_type_names = True

html_theme = "furo"
html_title = "AI-GAN"
html_static_path = ["static"]
html_css_files = ["site.css"]
html_show_sphinx = False
html_show_copyright = False
html_copy_source = False
html_theme_options = {"navigation_with_keys": True}
