"""Deep ensembles whose members predict variances, too."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")
skorch = pytest.importorskip("skorch")

from numpy.testing import assert_allclose, assert_array_equal  # noqa: E402
from sklearn.base import clone  # noqa: E402
from torch import nn  # noqa: E402

from ensembles._random import keys_for  # noqa: E402
from ensembles.nets import DeepEnsembleRegressor  # noqa: E402
from ensembles.nets.modules import MLP, GaussianNLL  # noqa: E402
from ensembles.nets.modules._gaussian_nll import moments_of  # noqa: E402
from ensembles.resampling import Bootstrap  # noqa: E402

pytestmark = pytest.mark.nets

RNG = np.random.default_rng(0)
X = RNG.uniform(-1, 1, size=(100, 2))
Y = 50 + 10 * X[:, 0] + RNG.normal(0, 1 + (X[:, 1] > 0) * 4)
NET = skorch.NeuralNetRegressor(
    MLP,
    module__hidden=8,
    module__dtype=torch.float64,
    optimizer=torch.optim.Adam,
    lr=0.02,
    max_epochs=4,
    batch_size=32,
    iterator_train__shuffle=True,
)


def fitted(y=Y, estimator=NET, **settings):
    settings = {"n_estimators": 3, "random_state": 1, **settings}
    model = DeepEnsembleRegressor(clone(estimator, safe=False), likelihood="gaussian")
    return model.set_params(**settings).fit(X, y)


def test_the_loss_is_that_of_torch_with_the_variance_apart():
    outputs = torch.randn(20, 6, dtype=torch.float64, requires_grad=True)
    targets = torch.randn(20, 3, dtype=torch.float64)
    own = GaussianNLL()(outputs, targets)
    mean, scale = outputs[:, :3], outputs[:, 3:]
    variance = nn.functional.softplus(scale) + 1e-6
    other = nn.GaussianNLLLoss(eps=1e-12)(mean, targets, variance)
    torch.testing.assert_close(own, other)
    gradients = [torch.autograd.grad(one, outputs)[0] for one in (own, other)]
    torch.testing.assert_close(*gradients)


def test_beta_weighs_rows_by_their_variance():
    """At 1 means get the gradients of half the squared error."""
    outputs = torch.randn(20, 2, dtype=torch.float64, requires_grad=True)
    targets = torch.randn(20, 1, dtype=torch.float64)
    (gradient,) = torch.autograd.grad(GaussianNLL(1.0)(outputs, targets), outputs)
    torch.testing.assert_close(gradient[:, :1], (outputs[:, :1] - targets) / 20)
    # The weight has no gradient of its own: variances get those of the likelihood,
    # times the variance.
    losses = GaussianNLL().of_rows(outputs, targets).sum()
    (plain,) = torch.autograd.grad(losses, outputs)
    spread = moments_of(outputs)[1].detach()
    torch.testing.assert_close(gradient[:, 1:], spread * plain[:, 1:] / 20)
    variance = moments_of(outputs)[1].detach()
    half = GaussianNLL(0.5).of_rows(outputs, targets)
    torch.testing.assert_close(
        half, variance**0.5 * GaussianNLL().of_rows(outputs, targets)
    )
    for wrong in (-0.1, 1.1, "a"):
        with pytest.raises(ValueError, match="'beta' parameter of GaussianNLL"):
            GaussianNLL(wrong)


@pytest.mark.parametrize("engine", ["loop", "stacked"])
def test_members_are_plain_fits_by_that_criterion(engine):
    model = fitted(engine=engine)
    assert model.engine_ == engine
    target = ((Y - Y.mean()) / Y.std())[:, None]
    means, variances = [], []
    for seed in keys_for(1, 0, 3).tolist():
        net = clone(NET).set_params(
            criterion=GaussianNLL,
            module__n_features=2,
            module__n_outputs=2,
            train_split=None,
            verbose=0,
        )
        with torch.random.fork_rng():
            torch.default_generator.manual_seed(seed)
            output = torch.from_numpy(net.fit(X, target).predict(X))
        mean, variance = moments_of(output)
        means.append(mean.numpy()[:, 0] * Y.std() + Y.mean())
        variances.append(variance.numpy()[:, 0] * Y.var())
    assert_allclose(model.predict_members(X), means, rtol=1e-8)
    mean, std = model.predict(X, return_std=True)
    assert_allclose(mean, np.mean(means, axis=0), rtol=1e-8)
    assert_array_equal(mean, model.predict(X))
    second = np.mean(np.square(means) + variances, axis=0)
    assert_allclose(std**2, second - np.mean(means, axis=0) ** 2, rtol=1e-5)
    total, aleatoric, epistemic = model.predict_uncertainty(X)
    assert_allclose(total, std**2)
    assert_allclose(aleatoric, np.mean(variances, axis=0), rtol=1e-7)
    assert_allclose(epistemic, np.var(means, axis=0), rtol=1e-6)


def test_noise_is_found_where_it_is():
    """Spreads of 1 and 5, each of three hundred rows: learned within a third."""
    rng = np.random.default_rng(0)
    rows = rng.uniform(-1, 1, size=(600, 2))
    values = rng.normal(0, 1 + (rows[:, 1] > 0) * 4)
    model = DeepEnsembleRegressor(NET, 3, likelihood="gaussian", random_state=0)
    model.set_params(max_epochs=60).fit(rows, values)
    _, std = model.predict([[0.0, -0.5], [0.0, 0.5]], return_std=True)
    assert_allclose(std, [1, 5], rtol=0.35)


def test_the_unit_of_the_target_is_the_unit_of_the_spread():
    small, large = fitted(Y), fitted(1000 * Y - 7)
    first, second = (model.predict(X, return_std=True) for model in (small, large))
    assert_allclose(second[0], 1000 * first[0] - 7, rtol=1e-9)
    assert_allclose(second[1], 1000 * first[1], rtol=1e-9)
    own = fitted(Y, standardize_y=False)
    assert (own.y_scale_ == 1).all()


def test_several_targets_each_have_a_variance():
    both = np.column_stack([Y, -2 * Y])
    model = fitted(both)
    mean, std = model.predict(X, return_std=True)
    assert mean.shape == std.shape == (100, 2)
    assert (std > 0).all()
    assert model.predict_members(X).shape == (3, 100, 2)
    parts = model.predict_uncertainty(X)
    assert_allclose(parts.total, std**2)
    assert_allclose(parts.total, parts.aleatoric + parts.epistemic)


def test_the_rule_is_of_means_and_the_spread_of_the_mixture():
    model = fitted()
    std = model.predict(X, return_std=True)[1]
    model.set_params(combine="median")
    mean, again = model.predict(X, return_std=True)
    assert_array_equal(mean, np.median(model.predict_members(X), axis=0))
    assert_array_equal(again, std)


def test_one_member_has_its_own_variance():
    parts = fitted(n_estimators=1).predict_uncertainty(X)
    assert not parts.epistemic.any()
    assert_array_equal(parts.total, parts.aleatoric)


@pytest.mark.filterwarnings("ignore:Some inputs do not have OOB:UserWarning")
def test_scores_out_of_bag_are_of_means():
    model = fitted(scheme=Bootstrap(), oob_score=True, n_estimators=6, max_epochs=30)
    assert model.oob_prediction_.shape == (100,)
    assert 0.3 < model.oob_score_ < 1


def test_other_modules_and_criteria_with_settings_of_their_own():
    def module(n_features, n_outputs):
        return nn.Linear(n_features, n_outputs)

    assert fitted(estimator=module, max_epochs=2).predict(X).shape == (100,)
    net = clone(NET).set_params(criterion=GaussianNLL, criterion__beta=1.0)
    plain, weighed = fitted(), fitted(estimator=net)
    assert weighed.net_.criterion_.beta == 1.0
    assert not np.allclose(plain.predict(X), weighed.predict(X))


def test_a_module_without_a_place_for_variances_is_refused():
    net = clone(NET).set_params(module__n_outputs=1)
    with pytest.raises(ValueError, match=r"1 target\(s\) in y it must be \(2, 2\)"):
        fitted(estimator=net)
    with pytest.raises(ValueError, match="'likelihood' parameter"):
        fitted(likelihood="poisson")


def test_without_a_likelihood_there_are_no_variances():
    model = fitted(likelihood=None)
    assert not hasattr(model, "predict_uncertainty")
    with pytest.raises(ValueError, match="Fit with likelihood='gaussian'"):
        model.predict(X, return_std=True)
    with pytest.raises(AttributeError, match="DeepEnsembleRegressor"):
        model.predict_uncertainty(X)


def test_what_is_not_known_grows_beyond_the_rows():
    """The paper's toy, y = x^3 and noise of 3 on [-4, 4], asked about up to 6."""
    rng = np.random.default_rng(0)
    x = rng.uniform(-4, 4, size=(100, 1))
    y = x[:, 0] ** 3 + rng.normal(0, 3, 100)
    model = DeepEnsembleRegressor(
        n_estimators=5, likelihood="gaussian", max_epochs=100, random_state=0
    ).fit(x / 4, y)
    inside, outside = (
        model.predict_uncertainty(np.array(at)[:, None] / 4).epistemic
        for at in ([-3.0, 0.0, 3.0], [-6.0, 6.0])
    )
    assert outside.min() > 10 * inside.max()


def test_targets_without_an_axis_are_refused_by_the_criterion():
    for outputs, targets in [((5, 2), (5,)), ((5, 3), (5, 1)), ((5, 4), (5, 1))]:
        with pytest.raises(ValueError, match="two columns for each target"):
            GaussianNLL()(torch.zeros(outputs), torch.zeros(targets))


def test_a_likelihood_that_is_asked_for_after_the_fit_is_not_there():
    model = fitted(likelihood=None).set_params(likelihood="gaussian")
    with pytest.raises(ValueError, match="Fit with likelihood='gaussian'"):
        model.predict(X, return_std=True)
    with pytest.raises(ValueError, match="weights of other shapes"):
        model.set_params(warm_start=True, n_estimators=4).fit(X, Y)
