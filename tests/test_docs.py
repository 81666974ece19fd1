"""The documentation says what the code does."""

import importlib
import inspect
import re
from dataclasses import fields, is_dataclass
from pathlib import Path

import pytest
from _instances import BOOSTERS, ESTIMATORS, LEARNED, NETS, TREES, WITH_NETS
from numpydoc.docscrape import ClassDoc, FunctionDoc
from sklearn.base import clone, is_classifier
from sklearn.datasets import make_classification, make_regression

import ensembles

ROOT = Path(ensembles.__file__).parent.parent
PACKAGES = [
    "ensembles.bagging",
    "ensembles.boosting",
    "ensembles.combining",
    "ensembles.exceptions",
    "ensembles.inference",
    "ensembles.inspection",
    "ensembles.losses",
    "ensembles.migration",
    "ensembles.model_selection",
    "ensembles.nets",
    "ensembles.nets.callbacks",
    "ensembles.nets.modules",
    "ensembles.resampling",
    "ensembles.testing",
    "ensembles.trees",
]
SHAPED = re.compile(r"array|ndarray|sparse|DataFrame")


def public_objects():
    for package in PACKAGES:
        if package.startswith("ensembles.nets"):
            pytest.importorskip("skorch")
        module = importlib.import_module(package)
        for name in module.__all__:
            yield f"{package}.{name}", getattr(module, name)


def public_functions():
    """Functions and methods that users see, those inherited from here too."""
    for path, thing in public_objects():
        if inspect.isfunction(thing):
            yield path, thing
            continue
        for name, member in inspect.getmembers(thing):
            function = getattr(member, "fn", member)  # behind available_if
            # Methods of callbacks that begin with "on" are called by skorch alone.
            if name.startswith(("_", "on_")) or not inspect.isfunction(function):
                continue
            if function.__module__.startswith("ensembles."):
                yield f"{path}.{name}", inspect.unwrap(function)


OBJECTS = dict(public_objects())
CLASSES = {path: thing for path, thing in OBJECTS.items() if inspect.isclass(thing)}
FUNCTIONS = dict(public_functions())
RESULTS = {path: cls for path, cls in CLASSES.items() if is_dataclass(cls)}
BUILT = {
    path: cls
    for path, cls in CLASSES.items()
    if path not in RESULTS
    and not issubclass(cls, BaseException)
    and not inspect.isabstract(cls)
}


def by_path(things):
    return pytest.mark.parametrize("path", sorted(things))


def documented_defaults(parameters):
    """Defaults as docstrings state them, by parameter."""
    for parameter in parameters:
        stated = re.search(r"default=(.+)$", parameter.type)
        for name in parameter.name.split(", "):
            yield name.lstrip("*"), stated.group(1) if stated else None


def assert_defaults_match(signature, parameters):
    stated = dict(documented_defaults(parameters))
    actual = {
        name: parameter
        for name, parameter in signature.parameters.items()
        if name not in ("self", "cls")
    }
    assert actual.keys() - stated.keys() == set()
    for name, parameter in actual.items():
        if parameter.default is parameter.empty:
            assert stated.get(name) is None, name
        else:
            written = stated[name]
            assert written is not None, f"{name}: no default documented"
            assert written.replace('"', "'") == repr(parameter.default), name


@by_path(BUILT)
def test_classes_document_their_parameters_defaults_attributes_and_errors(path):
    cls = BUILT[path]
    doc = ClassDoc(cls)
    assert_defaults_match(inspect.signature(cls.__init__), doc["Parameters"])
    assert " ".join(doc["Summary"]).endswith(".")
    assert doc["Extended Summary"], "when to use it, and when not"
    assert doc["Raises"]
    assert doc["References"], "the source"
    assert ">>>" in "\n".join(doc["Examples"])


@by_path(RESULTS)
def test_results_document_what_they_hold(path):
    cls = RESULTS[path]
    doc = ClassDoc(cls)
    held = {field.name for field in fields(cls) if not field.name.startswith("_")}
    documented = ", ".join(entry.name for entry in doc["Attributes"])
    assert held <= set(documented.split(", "))
    assert cls.__dataclass_params__.frozen
    assert doc["References"]
    assert ">>>" in "\n".join(doc["Examples"])


@by_path(FUNCTIONS)
def test_functions_document_their_parameters_defaults_and_results(path):
    function = FUNCTIONS[path]
    if isinstance(inspect.getattr_static(owner_of(path), function.__name__), property):
        return
    doc = FunctionDoc(function)
    assert_defaults_match(inspect.signature(function), doc["Parameters"])
    returns_nothing = inspect.signature(function).return_annotation == "None"
    assert returns_nothing or doc["Returns"] or doc["Yields"]


@pytest.mark.parametrize(
    "estimator",
    ESTIMATORS + LEARNED + NETS + WITH_NETS + TREES + BOOSTERS,
    ids=repr,
)
def test_fitted_attributes_are_documented_and_documented_ones_exist(estimator):
    make = make_classification if is_classifier(estimator) else make_regression
    X, y = make(60, 8, n_informative=3, random_state=0)
    fitted = clone(estimator).fit(X, y)
    documented = {entry.name for entry in ClassDoc(type(estimator))["Attributes"]}
    here = {name for name in vars(fitted) if re.fullmatch(r"[a-z]\w*_", name)}
    assert here <= documented
    only_at_times = {"feature_names_in_", "oob_score_", "oob_prediction_"}
    only_at_times |= {"oob_decision_function_", "oob_improvement_", "oob_scores_"}
    only_at_times |= {"oob_curve_"}
    if not is_classifier(estimator):
        only_at_times |= {"classes_"}  # of those that take either kind
    for name in documented - only_at_times:
        assert hasattr(fitted, name), name


@pytest.mark.filterwarnings("ignore::FutureWarning")
def test_the_readme_prints_what_it_says(capsys):
    pytest.importorskip("statsmodels")
    text = (ROOT / "README.md").read_text()
    (code,) = re.findall(r"```python\n(.*?)```", text, flags=re.DOTALL)
    (said,) = re.findall(r"```text\n(.*?)```", text, flags=re.DOTALL)
    exec(compile(code, "README.md", "exec"), {})
    printed = capsys.readouterr().out.splitlines()
    assert printed == [line.partition("   ")[0] for line in said.splitlines()]


def test_the_api_page_lists_every_public_name_once():
    listed = []
    for line in (ROOT / "docs" / "api.rst").read_text().splitlines():
        if line.startswith(".. currentmodule:: "):
            package = line.split()[-1]
        elif re.fullmatch(r"   \w+", line):
            listed.append(f"{package}.{line.strip()}")
    assert sorted(listed) == sorted(OBJECTS)


def owner_of(path):
    owner, _, _ = path.rpartition(".")
    return OBJECTS[owner] if owner in OBJECTS else importlib.import_module(owner)


@by_path({**BUILT, **FUNCTIONS})
def test_arrays_are_documented_with_their_shapes(path):
    thing = {**BUILT, **FUNCTIONS}[path]
    doc = ClassDoc(thing) if inspect.isclass(thing) else FunctionDoc(thing)
    sections = ("Parameters", "Attributes", "Returns", "Yields")
    for section in sections if inspect.isclass(thing) else sections[:1] + sections[2:]:
        for entry in doc[section]:
            if entry.type.startswith(("array-like", "ndarray", "sparse")):
                text = entry.type + " ".join(entry.desc)
                assert "shape" in text or "list" in entry.type, (section, entry.name)


@by_path(FUNCTIONS)
def test_methods_that_raise_say_what(path):
    function = FUNCTIONS[path]
    source = inspect.getsource(function)
    if re.search(r"^\s+raise \w+\(", source, flags=re.MULTILINE):
        assert FunctionDoc(function)["Raises"], path


@pytest.mark.parametrize("package", PACKAGES)
def test_public_names_are_sorted_and_exist(package):
    if package.startswith("ensembles.nets"):
        pytest.importorskip("skorch")
    module = importlib.import_module(package)
    assert module.__all__ == sorted(module.__all__)
    assert all(hasattr(module, name) for name in module.__all__)


def test_the_root_re_exports_every_estimator_scheme_and_splitter():
    own = ("ensembles.nets.callbacks.", "ensembles.nets.modules.")
    built = {path: cls for path, cls in BUILT.items() if not path.startswith(own)}
    assert {path.rpartition(".")[2] for path in built} <= set(dir(ensembles))
    assert ensembles.__all__ == sorted(ensembles.__all__)
    for path, cls in built.items():
        assert getattr(ensembles, path.rpartition(".")[2]) is cls
