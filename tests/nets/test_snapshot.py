"""What only the classifier, or only the regressor, does."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")
skorch = pytest.importorskip("skorch")

from sklearn.datasets import load_diabetes, load_iris  # noqa: E402
from sklearn.metrics import log_loss  # noqa: E402
from sklearn.model_selection import train_test_split  # noqa: E402
from sklearn.preprocessing import scale  # noqa: E402
from torch import nn  # noqa: E402

from ensembles.nets import (  # noqa: E402
    SnapshotEnsembleClassifier,
    SnapshotEnsembleRegressor,
)
from ensembles.nets._wrap import default_module  # noqa: E402

pytestmark = [
    pytest.mark.nets,
    # Older torch says so of every lazy layer.
    pytest.mark.filterwarnings("ignore:Lazy modules are a new feature:UserWarning"),
]

IRIS, SPECIES = load_iris(return_X_y=True)
IRIS = scale(IRIS)
NAMES = np.array(["setosa", "versicolor", "virginica"])[SPECIES]


def classifier(estimator=None, n_snapshots=2, **settings):
    settings = {"max_epochs": 10, "random_state": 0, **settings}
    return SnapshotEnsembleClassifier(estimator, n_snapshots, **settings)


def regressor(estimator=None, n_snapshots=2, **settings):
    settings = {"max_epochs": 10, "random_state": 0, **settings}
    return SnapshotEnsembleRegressor(estimator, n_snapshots, **settings)


@pytest.mark.parametrize(
    "labels", [NAMES, NAMES.astype(object), SPECIES * 5 - 3, SPECIES / 2 * 2]
)
def test_any_labels_come_back(labels):
    clf = classifier(max_epochs=40).fit(IRIS, labels)
    np.testing.assert_array_equal(clf.classes_, np.unique(labels))
    predicted = clf.predict(IRIS)
    assert predicted.dtype == clf.classes_.dtype
    assert (predicted == labels).mean() > 0.9
    np.testing.assert_array_equal(list(clf.staged_predict(IRIS))[-1], predicted)


def test_probabilities_are_float64_and_sum_to_one():
    net = skorch.NeuralNetClassifier(
        nn.LazyLinear, module__out_features=3, criterion=nn.CrossEntropyLoss
    )
    probabilities = classifier(net).fit(IRIS, NAMES).predict_members(IRIS)
    assert probabilities.dtype == np.float64
    assert probabilities.shape == (2, 150, 3)
    np.testing.assert_allclose(probabilities.sum(axis=2), 1, rtol=1e-14)


def test_the_mean_is_no_worse_than_the_members_are_on_average():
    """Jensen's inequality for the logarithm; holds whatever the members are."""
    train, test, y_train, y_test = train_test_split(IRIS, NAMES, random_state=0)
    clf = classifier(n_snapshots=4, lr_max=0.1).fit(train, y_train)
    losses = [log_loss(y_test, p) for p in clf.predict_members(test)]
    assert log_loss(y_test, clf.predict_proba(test)) < np.mean(losses)


def test_the_default_net_learns():
    train, test, y_train, y_test = train_test_split(IRIS, NAMES, random_state=0)
    assert classifier(max_epochs=None).fit(train, y_train).score(test, y_test) > 0.9


class Softmax(nn.Module):
    def __init__(self, n_features, n_outputs):
        super().__init__()
        self.linear = nn.Linear(n_features, n_outputs)

    def forward(self, X):
        return torch.softmax(self.linear(X), dim=1)


def test_skorchs_default_net_with_a_softmax_module():
    net = skorch.NeuralNetClassifier(Softmax, lr=1.0, max_epochs=60)
    clf = classifier(net, max_epochs=None).fit(IRIS, NAMES)
    assert clf.n_iter_ == 120
    assert clf.score(IRIS, NAMES) > 0.85


def test_a_plain_net_with_cross_entropy():
    net = skorch.NeuralNet(default_module, nn.CrossEntropyLoss, lr=0.1)
    clf = classifier(net).fit(IRIS, NAMES)
    np.testing.assert_allclose(clf.predict_proba(IRIS).sum(axis=1), 1)


def test_logits_under_nll_loss_are_an_error():
    net = skorch.NeuralNetClassifier(default_module)
    with pytest.raises(ValueError, match=r"not a probability.*CrossEntropyLoss"):
        classifier(net).fit(IRIS, NAMES)


@pytest.mark.parametrize("width", [2, 4])
def test_another_width_than_there_are_classes_is_an_error(width):
    with pytest.raises(ValueError, match=rf"has shape \(2, {width}\).* with 3 classes"):
        classifier(nn.Linear(4, width)).fit(IRIS, NAMES)


@pytest.mark.parametrize("flat", [False, True])
def test_a_binary_net(flat):
    class Logit(nn.Linear):
        def __init__(self, n_features, n_outputs):
            super().__init__(n_features, n_outputs)

        def forward(self, X):
            return super().forward(X)[:, 0] if flat else super().forward(X)

    net = skorch.NeuralNetBinaryClassifier(Logit, lr=0.5)
    is_setosa = np.where(NAMES == "setosa", "yes", "no")
    clf = classifier(net, max_epochs=30).fit(IRIS, is_setosa)
    assert clf.predict_members(IRIS).shape == (2, 150, 2)
    assert (clf.predict(IRIS) == is_setosa).all()
    column = clf.classes_.tolist().index("yes")
    assert clf.predict_proba(IRIS)[NAMES == "setosa", column].min() > 0.5


def test_a_binary_net_for_three_classes_is_an_error():
    net = skorch.NeuralNetBinaryClassifier(default_module)
    with pytest.raises(ValueError, match="needs 2 classes, and y has 3"):
        classifier(net).fit(IRIS, NAMES)


def test_one_class():
    clf = classifier().fit(IRIS, ["only"] * 150)
    assert set(clf.predict(IRIS)) == {"only"}
    assert (clf.predict_proba(IRIS) == 1).all()


def test_values_are_no_labels():
    with pytest.raises(ValueError, match="Unknown label type: continuous"):
        classifier().fit(IRIS, IRIS[:, 0])


def test_rules_for_probabilities():
    clf = classifier().fit(IRIS, NAMES)
    clf.combine = "vote"
    assert set(np.unique(clf.predict_proba(IRIS))) <= {0, 0.5, 1}
    with pytest.raises(ValueError, match="these are values"):
        regressor(combine="vote").fit(IRIS, SPECIES)


TARGET = 10 * IRIS[:, 0] - 3 * IRIS[:, 1] + 100


def test_the_default_net_standardises_targets():
    reg = regressor(max_epochs=40).fit(IRIS, TARGET)
    np.testing.assert_allclose(reg.y_mean_, [TARGET.mean()])
    np.testing.assert_allclose(reg.y_scale_, [TARGET.std()])
    assert reg.score(IRIS, TARGET) > 0.95
    shifted = regressor(max_epochs=40).fit(IRIS, 1000 * TARGET - 7)
    np.testing.assert_allclose(
        shifted.predict(IRIS), 1000 * reg.predict(IRIS) - 7, rtol=1e-6
    )


@pytest.mark.parametrize("standardize_y", [True, np.True_, False, "auto"])
def test_a_net_of_the_users_own_gets_the_targets_as_they_are(standardize_y):
    net = skorch.NeuralNetRegressor(default_module, lr=1e-9)
    reg = regressor(net, standardize_y=standardize_y).fit(IRIS, TARGET)
    if standardize_y in ("auto", False):
        assert (reg.y_mean_.item(), reg.y_scale_.item()) == (0, 1)
        assert abs(reg.predict(IRIS)).max() < 10
    else:
        assert abs(reg.predict(IRIS) - TARGET).max() < 50


def test_a_constant_target():
    np.testing.assert_allclose(
        regressor(max_epochs=60).fit(IRIS, np.full(150, 7.0)).predict(IRIS), 7, atol=0.2
    )


def test_standardize_y_is_checked():
    with pytest.raises(ValueError, match=r"'standardize_y' .* Got 'yes' instead"):
        regressor(standardize_y="yes").fit(IRIS, TARGET)


@pytest.mark.parametrize("n_targets", [1, 2])
def test_predictions_have_the_axes_of_y(n_targets):
    y = np.column_stack([TARGET, -TARGET])[:, :n_targets]
    reg = regressor(max_epochs=40).fit(IRIS, y)
    assert reg.predict(IRIS).shape == (150, n_targets)
    assert reg.predict_members(IRIS).shape == (2, 150, n_targets)
    assert reg.score(IRIS, y) > 0.9
    flat = regressor(max_epochs=40).fit(IRIS, TARGET)
    assert flat.predict(IRIS).shape == (150,)
    assert flat.predict(IRIS).dtype == np.float64
    assert flat.predict_members(IRIS).shape == (2, 150)


class FlatLinear(nn.Linear):
    """Returns shape (n,), against which a y of shape (n, 1) would broadcast."""

    def forward(self, X):
        return super().forward(X)[:, 0]


def test_flat_output_and_column_output_train_alike():
    y = TARGET - 100
    settings = {"max_epochs": 20, "lr_max": 0.1}
    flat = regressor(FlatLinear(4, 1), **settings).fit(IRIS, y)
    column = regressor(nn.Linear(4, 1), **settings).fit(IRIS, y)
    np.testing.assert_allclose(flat.predict(IRIS), column.predict(IRIS), rtol=1e-4)


@pytest.mark.parametrize(
    ("module", "y"),
    [
        (nn.Linear(4, 2), TARGET),
        (FlatLinear(4, 1), np.column_stack([TARGET, TARGET])),
        (nn.Linear(4, 1), np.column_stack([TARGET, TARGET])),
        (nn.Unflatten(1, (4, 1)), TARGET),
    ],
)
def test_an_output_of_another_shape_never_broadcasts(module, y):
    def make():
        return nn.Sequential(nn.Linear(4, 4), module)

    with pytest.raises(ValueError, match=r"output has shape .*target\(s\) in y"):
        regressor(make).fit(IRIS, y)


def test_the_error_of_the_mean_is_the_members_less_their_spread():
    X, y = load_diabetes(return_X_y=True)
    reg = regressor(n_snapshots=4).fit(scale(X), y)
    members = reg.predict_members(scale(X))
    mean_error = ((members - y) ** 2).mean()
    error = ((reg.predict(scale(X)) - y) ** 2).mean()
    np.testing.assert_allclose(error, mean_error - members.var(axis=0).mean())
    assert error < mean_error


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_targets_are_checked(bad):
    y = TARGET.copy()
    y[0] = bad
    with pytest.raises(ValueError, match="Input y contains"):
        regressor().fit(IRIS, y)
