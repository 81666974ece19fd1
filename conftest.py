"""Nets are tested, and their examples run, where torch and skorch are installed."""

from importlib.util import find_spec

collect_ignore_glob = []
if not (find_spec("torch") and find_spec("skorch")):
    collect_ignore_glob = ["ensembles/nets/*", "tests/nets/*", "docs/guide/nets.rst"]
