"""Sphinx configuration; warnings are errors in `make docs`."""

from importlib.metadata import version as version_of

project = "ensembles"
author = "the ensembles developers"
copyright = "2026, the ensembles developers"
version = release = version_of("ensembles")

extensions = [
    "matplotlib.sphinxext.plot_directive",
    "numpydoc",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.mathjax",
    "sphinx_copybutton",
    "sphinx_design",
]
templates_path = ["_templates"]
exclude_patterns = ["_build", "changes"]
autosummary_generate = True
autodoc_typehints = "none"
numpydoc_show_class_members = False
numpydoc_class_members_toctree = False
# Properties inherited from scikit-learn refer to its glossary.
suppress_warnings = ["ref.term"]
plot_formats = [("png", 90)]
plot_html_show_formats = plot_html_show_source_link = False
plot_include_source = True
copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True

html_theme = "pydata_sphinx_theme"
html_title = "ensembles"
html_theme_options = {"show_prev_next": False, "secondary_sidebar_items": ["page-toc"]}
html_sidebars = {"**": []}


def _skip_what_others_wrote(app, what, name, obj, skip, options):
    """Leave out methods inherited from others, which link to guides of their own."""
    module = getattr(obj, "__module__", None) or ""
    inherited = module.startswith(("sklearn.", "torch.", "skorch."))
    return True if inherited or name.endswith("_request") else skip


def setup(app):
    app.connect("autodoc-skip-member", _skip_what_others_wrote)
