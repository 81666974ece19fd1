"""Nets drawn from the normal distribution of the weights of a run."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")
skorch = pytest.importorskip("skorch")

from numpy.testing import assert_allclose, assert_array_equal  # noqa: E402
from scipy import stats  # noqa: E402
from torch import nn  # noqa: E402

from ensembles import BaggingRegressor  # noqa: E402
from ensembles.nets import (  # noqa: E402
    SWAGClassifier,
    SWAGRegressor,
    WeightAveragingRegressor,
)
from ensembles.nets._gaussian import GaussianCourse  # noqa: E402

pytestmark = pytest.mark.nets

rng = np.random.default_rng(0)
X = rng.normal(size=(60, 3))
Y = X[:, 0] - X[:, 1] ** 2


def two_layers(n_features, n_outputs):
    return nn.Sequential(
        nn.Linear(n_features, 2, dtype=torch.float64),
        nn.BatchNorm1d(2, dtype=torch.float64),
        nn.Linear(2, n_outputs, bias=False, dtype=torch.float64),
    )


def net_of(module=two_layers, **options):
    settings = {"lr": 0.05, "max_epochs": 10, "batch_size": 20, **options}
    return skorch.NeuralNetRegressor(module, **settings)


def weights_of(net):
    return np.concatenate(
        [p.detach().numpy().ravel() for p in net.module_.parameters()]
    )


def looked_at(vectors, **options):
    """A net and a course that has seen these weights, one an iteration."""
    net = net_of(module__n_features=3, module__n_outputs=1).initialize()
    course = GaussianCourse(start=0.0, **options)
    course.on_train_begin(net)
    course._plan(len(vectors), 1, 0.1)
    course.n_iterations_ = len(vectors)
    for course.iteration_, vector in enumerate(vectors, start=1):
        nn.utils.vector_to_parameters(
            torch.from_numpy(vector), net.module_.parameters()
        )
        course._look(net)
    return net, course


def drawn(net, course, n_draws, scale=0.5):
    draws = []
    with torch.random.fork_rng():
        torch.manual_seed(0)
        for _ in range(n_draws):
            course.draw_into(net, scale)
            draws.append(weights_of(net))
    return np.array(draws)


VECTORS = rng.normal(size=(5, 14)) * np.linspace(0.5, 2.0, 14)


def moments(vectors, rank, scale):
    """As the paper has them: D of deviations from the mean at the time."""
    means = np.cumsum(vectors, axis=0) / np.arange(1, len(vectors) + 1)[:, None]
    deviations = (vectors - means)[-rank:].T
    variances = (vectors**2).mean(axis=0) - means[-1] ** 2
    low_rank = deviations @ deviations.T / (deviations.shape[1] - 1)
    return means[-1], scale * (np.diag(variances) + low_rank)


@pytest.mark.parametrize(
    ("n_vectors", "rank", "scale"),
    [
        (5, 20, 0.5),
        (5, 3, 1.0),
        *(
            pytest.param(*setting, marks=pytest.mark.slow)
            for setting in [(2, 20, 0.5), (2, 20, 1.0), (5, 2, 0.5), (5, 2, 1.0)]
        ),
    ],
)
def test_draws_have_the_mean_and_covariance_of_the_paper(n_vectors, rank, scale):
    """Of 4,000 draws; an entry is off by 5.4 standard errors once in ten million."""
    vectors = VECTORS[:n_vectors]
    net, course = looked_at(vectors, rank=rank)
    mean, covariance = moments(vectors, rank, scale)
    course.put_into(net)
    assert_allclose(weights_of(net), mean, rtol=1e-12, atol=1e-14)
    draws = drawn(net, course, 4000, scale)
    spread = np.sqrt(np.diag(covariance))
    limit = stats.norm.isf(0.5e-7) / np.sqrt(4000)
    assert (abs(draws.mean(axis=0) - mean) <= limit * spread).all()
    products = np.outer(spread, spread)
    errors = np.sqrt(products**2 + covariance**2)
    found = (draws - mean).T @ (draws - mean) / 4000
    assert (abs(found - covariance) <= limit * errors).all()
    # Layers vary together: one z_2 for the whole net.
    assert abs(covariance[:8, 12:] / products[:8, 12:]).max() > 0.3


def test_two_weights_by_hand():
    """Mean 2, variance 1, deviations 0 and 1: covariance (1 + 1) / 2 everywhere."""
    net, course = looked_at([np.full(14, 1.0), np.full(14, 3.0)])
    assert course.n_averaged_ == 2
    for deviations, value in zip(course.deviations_, (0.0, 1.0), strict=True):
        for own in deviations.values():
            assert (own == value).all()
    _, covariance = moments(np.array([[1.0] * 14, [3.0] * 14]), 20, 0.5)
    assert_allclose(np.diag(covariance), 1.0)
    draws = drawn(net, course, 2000)
    assert abs(draws.var(axis=0, ddof=1) - 1.0).max() < 5.4 * np.sqrt(2 / 2000)


def test_weights_that_do_not_move_are_drawn_as_they_are():
    net, course = looked_at([np.ones(14)] * 3)
    assert_array_equal(drawn(net, course, 3), np.ones((3, 14)))


def test_members_are_drawn_around_the_mean_of_weight_averaging():
    options = {"start": 0.4, "random_state": 0}
    swag = SWAGRegressor(net_of(), 40, **options).fit(X, Y)
    mean = WeightAveragingRegressor(net_of(), **options).fit(X, Y)
    assert swag.n_averaged_ == mean.n_averaged_ == 6
    assert_allclose(weights_of(swag.net_), weights_of(mean.net_), rtol=1e-10)
    members = np.array([weights_of(net) for net in swag.estimators_])
    assert len(swag) == len(members) == 40
    spread = members.std(axis=0, ddof=1)
    moves = spread > 1e-8  # a bias before a norm does not
    assert moves.sum() == 12
    away = abs(members.mean(axis=0) - weights_of(swag.net_))
    assert (away[moves] < 5.0 * spread[moves] / np.sqrt(40)).all()
    assert_allclose(swag.predict(X), swag.predict_members(X).mean(axis=0))


def test_batch_normalisation_is_found_for_each_net():
    swag = SWAGRegressor(net_of(), 3, start=0.4, random_state=0).fit(X, Y)
    for net in [*swag.estimators_, swag.net_]:
        first, norm, _ = net.module_
        inputs = first(torch.from_numpy(X)).detach().numpy()
        assert_allclose(norm.running_mean, inputs.mean(axis=0))
        assert_allclose(norm.running_var, inputs.var(axis=0, ddof=1))


def test_a_smaller_scale_stays_nearer():
    near, far = (
        SWAGRegressor(net_of(), 5, start=0.4, scale=scale, random_state=0).fit(X, Y)
        for scale in (0.5, 2.0)
    )
    centre = weights_of(near.net_)
    for one, other in zip(near.estimators_, far.estimators_, strict=True):
        # The same numbers, twice as far.
        expected = 2.0 * (weights_of(one) - centre)
        assert_allclose(weights_of(other) - centre, expected, atol=1e-12)


def test_several_runs_are_bagged_without_a_bootstrap():
    """MultiSWAG."""
    swag = SWAGRegressor(net_of(), 3, start=0.4)
    several = BaggingRegressor(swag, 2, bootstrap=False, random_state=0).fit(X, Y)
    one, other = (weights_of(member.net_) for member in several.estimators_)
    assert abs(one - other).max() > 0.1
    members = [member.predict(X) for member in several.estimators_]
    assert_allclose(several.predict(X), np.mean(members, axis=0))


def test_a_run_too_short_for_a_spread_is_an_error():
    short = SWAGRegressor(net_of(max_epochs=4), random_state=0)
    words = (
        r"two or more, and 12 iterations with start=0\.75 and one look in 3 iterations "
        r"give one\. Try more epochs"
    )
    with pytest.raises(ValueError, match=words):
        short.fit(X, Y)
    assert not hasattr(short, "net_")
    assert len(short.set_params(every=1, n_samples=2).fit(X, Y)) == 2


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("n_samples", 0, r"an int in the range \[1, inf\)"),
        ("rank", 1, r"an int in the range \[2, inf\)"),
        ("scale", 0.0, r"a float in the range \(0\.0, inf\)"),
        ("start", 1.0, r"a float in the range \[0\.0, 1\.0\)"),
        ("swa_lr", -1.0, r"a float in the range \(0\.0, inf\) or None"),
        ("every", 0, r"an int in the range \[1, inf\) or None"),
    ],
    ids=["n_samples", "rank", "scale", "start", "swa_lr", "every"],
)
def test_parameters_are_checked(name, value, words):
    with pytest.raises(ValueError, match=f"'{name}' parameter.*{words}"):
        SWAGClassifier(**{name: value}).fit(X, Y > 0)
