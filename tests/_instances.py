"""One instance of every public estimator and scheme; every contract runs over them."""

from importlib.util import find_spec

from sklearn.base import is_classifier
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

import ensembles
from ensembles import (
    AdaBoostClassifier,
    AdaBoostRegressor,
    BaggingClassifier,
    BaggingRegressor,
    BayesianBootstrap,
    Bootstrap,
    CircularBlockBootstrap,
    GradientBoostingClassifier,
    GroupBootstrap,
    HistForestClassifier,
    HistForestRegressor,
    MovingBlockBootstrap,
    NonOverlappingBlockBootstrap,
    PoissonBootstrap,
    StationaryBootstrap,
    TaperedBlockBootstrap,
    VotingClassifier,
    VotingRegressor,
)

CLASSIFIER_PAIR = [
    ("linear", LogisticRegression()),
    ("tree", DecisionTreeClassifier(random_state=0)),
]
REGRESSOR_PAIR = [("linear", Ridge()), ("tree", DecisionTreeRegressor(random_state=0))]

# One check asks for an error that a bad row raises, so bags must draw that row.
ESTIMATORS = [
    BaggingClassifier(n_estimators=3, random_state=0),
    BaggingClassifier(KNeighborsClassifier(2), 3, combine="vote", random_state=0),
    BaggingClassifier(GaussianNB(), 3, scheme=Bootstrap(stratify="y"), random_state=0),
    ensembles.BalancedBaggingClassifier(n_estimators=3, random_state=0),
    BaggingRegressor(n_estimators=3, random_state=0),
    BaggingClassifier(n_estimators=3, engine="hist", random_state=0),
    HistForestClassifier(3, random_state=0),
    HistForestClassifier(3, class_weight="balanced_subsample", max_leaf_nodes=5),
    HistForestClassifier(3, scheme=BayesianBootstrap(), random_state=0),
    HistForestRegressor(3, random_state=0),
    HistForestRegressor(3, splitter="random", bootstrap=False, max_features=1),
    BaggingRegressor(
        Ridge(), 3, scheme=StationaryBootstrap(), combine="median", random_state=0
    ),
    VotingClassifier(CLASSIFIER_PAIR),
    VotingClassifier(CLASSIFIER_PAIR, voting="soft", combine="log_pool"),
    VotingRegressor(REGRESSOR_PAIR),
]

# They learn how to combine, so that there is no rule to change.
LEARNED = [
    ensembles.StackingClassifier(CLASSIFIER_PAIR, cv=2),
    ensembles.StackingRegressor(REGRESSOR_PAIR, cv=2, refit=False),
    ensembles.BlendClassifier(CLASSIFIER_PAIR, cv=2),
    ensembles.BlendRegressor(REGRESSOR_PAIR, cv=2),
    ensembles.SelectionClassifier(CLASSIFIER_PAIR, cv=2),
    ensembles.SelectionRegressor(REGRESSOR_PAIR, cv=2),
]

TREES = [
    ensembles.Binner(),
    ensembles.HistTreeClassifier(),
    ensembles.HistTreeClassifier(criterion="entropy", max_leaf_nodes=5),
    ensembles.HistTreeRegressor(),
    ensembles.HistTreeRegressor(splitter="random", max_features=1),
]

BOOSTERS = [
    ensembles.HistBoostingClassifier(max_iter=5),
    ensembles.HistBoostingRegressor(max_iter=30),
    ensembles.HistBoostingRegressor("absolute_error", max_iter=30, sums="exact"),
    ensembles.BoostingCV(ensembles.HistBoostingClassifier(max_iter=5), cv=2),
    ensembles.BoostingCV(ensembles.ComponentwiseBoostingRegressor(), cv=2),
    ensembles.ComponentwiseBoostingClassifier(n_estimators=20),
    ensembles.ComponentwiseBoostingClassifier(("spline", "stump"), n_estimators=10),
    ensembles.ComponentwiseBoostingRegressor(n_estimators=50),
    ensembles.ComponentwiseBoostingRegressor(("linear", "spline"), n_estimators=50),
    ensembles.DistributionBoostingRegressor(max_iter=15, learning_rate=0.3),
    ensembles.DistributionBoostingRegressor("student", max_iter=10),
    ensembles.DistributionBoostingRegressor(early_stopping=False, max_iter=10),
    ensembles.QuantileBoostingRegressor(max_iter=20, learning_rate=0.3),
    ensembles.QuantileBoostingRegressor(
        early_stopping=False, max_iter=10, learning_rate=0.3
    ),
    ensembles.AdaBoostClassifier(n_estimators=5),
    ensembles.AdaBoostClassifier(
        ensembles.HistTreeClassifier(max_depth=2), n_estimators=5, split="error"
    ),
    ensembles.AdaBoostClassifier(
        DecisionTreeClassifier(max_depth=2, criterion="entropy"), n_estimators=4
    ),
    ensembles.AdaBoostClassifier(algorithm="real", n_estimators=5),
    ensembles.AdaBoostClassifier(algorithm="logit", n_estimators=5),
    ensembles.AdaBoostClassifier(
        DecisionTreeClassifier(max_depth=2, criterion="entropy"),
        algorithm="gentle",
        n_estimators=4,
        resample=True,
    ),
    ensembles.AdaBoostRegressor(n_estimators=5),
    ensembles.AdaBoostRegressor(n_estimators=5, early_stopping=0.2),
    ensembles.GradientBoostingClassifier(n_estimators=5),
    ensembles.GradientBoostingClassifier(
        estimator=ensembles.HistTreeRegressor(max_depth=2),
        update="newton",
        n_estimators=5,
    ),
    ensembles.GradientBoostingRegressor(
        n_estimators=8, learning_rate=0.4, subsample=0.5
    ),
    ensembles.GradientBoostingRegressor(
        estimator=DecisionTreeRegressor(max_depth=2),
        loss="absolute_error",
        n_estimators=8,
        learning_rate=0.4,
    ),
    ensembles.AdaBoostRegressor(
        DecisionTreeRegressor(max_depth=2),
        n_estimators=5,
        aggregate="mean",
        resample=False,
    ),
]

# Their members are nets, which know neither DataFrames nor n_jobs.
NETS = []
WITH_NETS = []
if find_spec("torch") and find_spec("skorch"):
    NETS = [
        ensembles.DeepEnsembleClassifier(n_estimators=2, max_epochs=10),
        ensembles.DeepEnsembleRegressor(
            n_estimators=2, max_epochs=10, scheme=ensembles.Bootstrap()
        ),
        ensembles.SnapshotEnsembleClassifier(n_snapshots=2, max_epochs=10),
        ensembles.SnapshotEnsembleRegressor(n_snapshots=2, max_epochs=10),
        ensembles.FastGeometricEnsembleClassifier(
            n_estimators=2, max_epochs=10, pretrain=0.5
        ),
        ensembles.FastGeometricEnsembleRegressor(
            n_estimators=2, max_epochs=10, pretrain=0.5
        ),
        ensembles.MCDropoutClassifier(n_samples=3, max_epochs=10),
        ensembles.MCDropoutRegressor(n_samples=3, max_epochs=10),
        ensembles.SWAGClassifier(n_samples=3, max_epochs=10),
        ensembles.SWAGRegressor(n_samples=3, max_epochs=10),
        ensembles.WeightAveragingClassifier(max_epochs=10),
        ensembles.WeightAveragingRegressor(max_epochs=10),
    ]
    # Sums of nets, and estimators around one.
    WITH_NETS = [
        ensembles.NeuralBoostingClassifier(n_estimators=2),
        ensembles.NeuralBoostingRegressor(n_estimators=2),
        ensembles.TemperatureScaledClassifier(LogisticRegression()),
        ensembles.TestTimeAugmentationClassifier(LogisticRegression()),
        ensembles.TestTimeAugmentationRegressor(Ridge()),
    ]

SCHEMES = [
    Bootstrap(5),
    Bootstrap(5, stratify="y"),
    Bootstrap(5, balanced=True),
    Bootstrap(5, max_samples=0.5, replace=False),
    GroupBootstrap(5),
    GroupBootstrap(5, within="rows"),
    BayesianBootstrap(5),
    PoissonBootstrap(5),
    MovingBlockBootstrap(5, block_length=3, gap=1),
    CircularBlockBootstrap(5, block_length=3),
    NonOverlappingBlockBootstrap(5, block_length=3),
    StationaryBootstrap(5, block_length=3),
    TaperedBlockBootstrap(5, block_length=6),
]

_WEIGHTS_ARE_PROBABILITIES = (
    "sample_weight are probabilities of being drawn, as in scikit-learn, which lists "
    "the same two checks for its class (scikit-learn#16298): a weighted draw and a "
    "draw from repeated rows are equal in law, not to the bit."
)
_NOT_TO_THE_BIT = {
    "check_sample_weight_equivalence_on_dense_data": _WEIGHTS_ARE_PROBABILITIES,
    "check_sample_weight_equivalence_on_sparse_data": _WEIGHTS_ARE_PROBABILITIES,
}
_SPLITS_TIE = (
    "15 rows of 30 features have many splits that gain the same in the second round, "
    "and rounding decides: scikit-learn lists the same two checks for its classes."
)
_TIES = dict.fromkeys(_NOT_TO_THE_BIT, _SPLITS_TIE)
_SET_ASIDE = dict.fromkeys(_NOT_TO_THE_BIT, "rows that are set aside differ in number.")
_FOLDS = dict.fromkeys(_NOT_TO_THE_BIT, "folds have other rows.")
_DRAWN_ROWS = dict.fromkeys(_NOT_TO_THE_BIT, "rows that are drawn differ in number.")
KNOWN = {
    GradientBoostingClassifier: _TIES,
    BaggingClassifier: _NOT_TO_THE_BIT,
    BaggingRegressor: _NOT_TO_THE_BIT,
    ensembles.BalancedBaggingClassifier: _NOT_TO_THE_BIT,
    HistForestClassifier: _NOT_TO_THE_BIT,
    HistForestRegressor: _NOT_TO_THE_BIT,
}


def known_failures(estimator):
    """Checks that cannot pass, with the reason."""
    if not getattr(estimator, "bootstrap", True):
        return {}
    if isinstance(estimator, AdaBoostClassifier | AdaBoostRegressor):
        return _NOT_TO_THE_BIT if estimator.resample else {}
    if getattr(estimator, "subsample", 1.0) < 1.0:
        return _DRAWN_ROWS
    if isinstance(estimator, ensembles.BoostingCV):
        return _FOLDS if is_classifier(estimator) else {}
    if hasattr(estimator, "calibrate") and estimator.early_stopping:
        return _SET_ASIDE
    return KNOWN.get(type(estimator), {})
