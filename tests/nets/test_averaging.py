"""Means of weights, and batch normalisation that is found again for them."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")
skorch = pytest.importorskip("skorch")

from numpy.testing import assert_allclose, assert_array_equal  # noqa: E402
from torch import nn  # noqa: E402
from torch.utils.data import DataLoader  # noqa: E402

from ensembles.nets import (  # noqa: E402
    WeightAveragingClassifier,
    WeightAveragingRegressor,
)
from ensembles.nets._averaging import AveragingCourse  # noqa: E402
from ensembles.nets._batch_norm import renew_batch_norm  # noqa: E402
from ensembles.nets._lean import lean_batches  # noqa: E402

pytestmark = pytest.mark.nets

X = np.random.default_rng(0).normal(size=(40, 3))
Y = X[:, 0] - X[:, 1] ** 2


def probe():
    """A callback that sees rates and weights of each iteration, and these lists."""
    rates, weights = [], []

    class Sees(skorch.callbacks.Callback):  # nets are cloned, and their callbacks, too
        def on_batch_end(self, net, batch=None, training=None, **kwargs):
            if training:
                rates.append(net.optimizer_.param_groups[0]["lr"])
                weights.append(net.module_[0].weight.detach().clone().numpy())

    return Sees(), rates, weights


def linear(n_features, n_outputs):
    return nn.Sequential(nn.Linear(n_features, n_outputs, dtype=torch.float64))


def normalised(n_features, n_outputs):
    return nn.Sequential(
        nn.Linear(n_features, 8, dtype=torch.float64),
        nn.BatchNorm1d(8, dtype=torch.float64),
        nn.ReLU(),
        nn.Dropout(0.4),
        nn.Linear(8, 6, dtype=torch.float64),
        nn.BatchNorm1d(6, dtype=torch.float64),
        nn.Linear(6, n_outputs, dtype=torch.float64),
    )


def averaged(module=linear, *, sees=None, max_epochs=10, **options):
    net = skorch.NeuralNetRegressor(
        module,
        lr=0.05,
        max_epochs=max_epochs,
        batch_size=10,
        callbacks=[] if sees is None else [("sees", sees)],
    )
    return WeightAveragingRegressor(net, random_state=0, **options).fit(X, Y)


def looked_at(course, n_batches=1):
    """The mean of weights of 1, 2, 3, 4, one an iteration."""
    net = skorch.NeuralNetRegressor(linear, module__n_features=1, module__n_outputs=1)
    net.initialize()
    course.on_train_begin(net)
    course._plan(4, n_batches, 0.1)
    course.n_iterations_ = 4
    for course.iteration_ in range(1, 5):
        net.module_[0].weight.data.fill_(course.iteration_)
        course._look(net)
    course.put_into(net)
    return net.module_[0].weight.item()


def test_known_means():
    assert looked_at(AveragingCourse(start=0.0)) == 2.5
    assert looked_at(AveragingCourse(start=0.25)) == 3.0
    assert looked_at(AveragingCourse(start=0.0, every=2)) == 3.0
    assert looked_at(AveragingCourse(start=0.0), n_batches=2) == 3.0
    # 0.9 (0.9 1 + 0.1 2) + 0.1 3 = 1.29, and once more with 4.
    ema = AveragingCourse(start=0.0, average="ema", decay=0.9)
    assert looked_at(ema, n_batches=2) == pytest.approx(0.9 * 1.29 + 0.1 * 4.0)
    assert ema.n_averaged_ == 4


def test_the_net_has_the_mean_of_the_weights_at_the_ends_of_epochs():
    sees, _, weights = probe()
    model = averaged(sees=sees)
    assert model.n_iter_ == 40
    assert model.n_averaged_ == 3
    seen = [weights[end - 1] for end in (32, 36, 40)]
    assert_allclose(model.net_.module_[0].weight.detach(), np.mean(seen, axis=0))
    assert_array_equal(model.predict(X), model.predict_members(X)[0])
    assert len(model) == len(model.estimators_) == 1


def test_rates_are_held_fall_and_stay():
    sees, rates, _ = probe()
    averaged(sees=sees, start=0.5, swa_lr=0.02)
    # Of the 20 iterations before, 10 are held, and 8 are a straight line.
    assert_allclose(rates[:11], 0.05)
    assert_allclose(rates[14], (0.05 + 0.02) / 2)
    assert_allclose(rates[18:], 0.02)
    averaged(sees=sees, start=0.0)
    assert_allclose(rates[40:], 0.025)


def test_moving_averages_weigh_the_last_most():
    sees, _, weights = probe()
    model = averaged(sees=sees, average="ema", start=0.5, decay=0.8)
    assert model.n_averaged_ == 20
    expected = weights[20]
    for own in weights[21:]:
        expected = 0.8 * expected + 0.2 * own
    assert_allclose(model.net_.module_[0].weight.detach(), expected)


def test_the_last_weights_count_however_short_the_run_is():
    sees, _, weights = probe()
    for start in 0.75, 0.999:
        model = averaged(sees=sees, max_epochs=1, start=start)
        assert model.n_averaged_ == 1
        assert_array_equal(model.net_.module_[0].weight.detach(), weights[-1])


def test_criteria_with_weights_are_averaged_too():
    class Scaled(nn.MSELoss):
        def __init__(self):
            super().__init__()
            self.scale = nn.Parameter(torch.ones(1, dtype=torch.float64))

        def forward(self, output, target):
            return super().forward(output * self.scale, target)

    seen = []

    class Sees(skorch.callbacks.Callback):
        def on_batch_end(self, net, batch=None, training=None, **kwargs):
            seen.append(net.criterion_.scale.item())

    net = skorch.NeuralNetRegressor(
        linear, criterion=Scaled, max_epochs=4, batch_size=20, callbacks=[Sees()]
    )
    model = WeightAveragingRegressor(net, start=0.0, every=1, random_state=0)
    model.fit(X, Y)
    assert len(set(seen)) == 8
    assert model.net_.criterion_.scale.item() == pytest.approx(np.mean(seen))


def renew(net, rows):
    renew_batch_norm(net, skorch.dataset.Dataset(rows, None))


def net_of(module, **options):
    options = {"batch_size": 8, "iterator_valid": lean_batches, **options}
    net = skorch.NeuralNetRegressor(module, **options).initialize()
    for layer in module.modules():
        if getattr(layer, "running_mean", None) is not None:
            layer.running_mean.fill_(7.0)
    return net


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"iterator_valid": DataLoader},
        {"iterator_valid": DataLoader, "batch_size": 3},
        {"iterator_valid__batch_size": 9},
        {"batch_size": -1},
    ],
    ids=["at once", "8 and 2", "3 and one more", "9 and one more", "all"],
)
def test_means_and_variances_are_those_of_all_rows(options):
    """torch.optim.swa_utils.update_bn has a mean of 6 for batches of 8 and 2."""
    rows = np.arange(10.0)[:, None]
    layer = nn.BatchNorm1d(1, dtype=torch.float64)
    renew(net_of(layer, **options), rows)
    assert layer.running_mean.item() == pytest.approx(4.5)
    assert layer.running_var.item() == pytest.approx(rows.var(ddof=1))


def test_later_layers_see_what_earlier_ones_make_of_all_rows():
    module = normalised(3, 1)
    net = net_of(module, iterator_valid=DataLoader, batch_size=2000)
    state = torch.get_rng_state()
    many = np.random.default_rng(1).normal(size=(2000, 3))
    renew(net, many)
    after = torch.get_rng_state()
    # A loader draws a seed for its workers; dropout drew nothing.
    torch.set_rng_state(state)
    torch.empty((), dtype=torch.int64).random_()
    assert torch.equal(torch.get_rng_state(), after)
    assert module.training
    module.eval()
    rows = torch.tensor(many)
    for number in 1, 5:
        outputs = module[: number + 1](rows)
        assert_allclose(outputs.mean(0).detach(), 0.0, atol=1e-3)
        assert_allclose(outputs.var(0).detach(), 1.0, atol=3e-3)


@pytest.mark.parametrize("batch_size", [7, 11])
def test_images_have_a_mean_for_each_channel(batch_size):
    rows = np.random.default_rng(1).normal(3.0, 2.0, size=(23, 2, 4, 4))
    layer = nn.BatchNorm2d(2, dtype=torch.float64)
    net = net_of(layer, iterator_valid=DataLoader, batch_size=batch_size)
    renew(net, rows)
    assert_allclose(layer.running_mean, rows.mean(axis=(0, 2, 3)))
    flat = rows.transpose(1, 0, 2, 3).reshape(2, -1)
    assert_allclose(layer.running_var, flat.var(axis=1, ddof=1))


def test_modules_without_statistics_and_single_rows_are_left_alone():
    layer = nn.BatchNorm1d(1, dtype=torch.float64)
    renew(net_of(layer), np.ones((1, 1)))
    assert layer.running_mean.item() == 7.0
    free = nn.BatchNorm1d(1, track_running_stats=False, dtype=torch.float64)
    renew(net_of(free), np.ones((4, 1)))
    assert free.running_mean is None

    class Fails(nn.Linear):
        def forward(self, rows):
            raise AssertionError

    renew(net_of(Fails(3, 1)), X)


def test_a_pass_that_fails_leaves_all_as_it_was():
    class Fails(nn.Module):
        def forward(self, rows):
            raise KeyError

    layer = nn.BatchNorm1d(3, dtype=torch.float64)
    module = nn.Sequential(layer, nn.Dropout(), Fails())
    module[1].eval()
    net = net_of(module)
    with pytest.raises(KeyError):
        renew(net, X)
    assert (layer.running_mean == 7.0).all()
    assert layer.training
    assert not module[1].training
    assert not layer._forward_pre_hooks


@pytest.mark.parametrize("average", ["equal", "ema"])
def test_fits_end_with_statistics_of_the_mean_of_the_weights(average):
    model = averaged(normalised, average=average)
    module = model.net_.module_
    with torch.no_grad():
        seen = module[0](torch.tensor(X))
    assert_allclose(module[1].running_mean, seen.mean(0))
    assert_allclose(module[1].running_var, seen.var(0))
    assert not module.training


def test_classes_and_parameters():
    labels = np.where(Y > 0, "up", "down")
    plain = WeightAveragingClassifier(random_state=0, max_epochs=20).fit(X, labels)
    assert plain.score(X, labels) > 0.9
    assert_array_equal(plain.predict_proba(X), plain.predict_members(X)[0])
    for changed in (
        {"average": "ema"},
        {"start": 0.2},
        {"swa_lr": 0.01},
        {"every": 3},
    ):
        other = WeightAveragingClassifier(random_state=0, max_epochs=20, **changed)
        assert not np.allclose(
            other.fit(X, labels).predict_proba(X), plain.predict_proba(X)
        )
    for name, value in [
        ("average", "mean"),
        ("start", 1.0),
        ("start", None),
        ("swa_lr", 0.0),
        ("every", 0),
        ("decay", 1.0),
        ("decay", -0.5),
    ]:
        with pytest.raises(ValueError, match=f"'{name}' parameter"):
            WeightAveragingClassifier(**{name: value}).fit(X, labels)


class Frozen(nn.Sequential):
    """Keeps its first layer as it is in training."""

    def train(self, mode=True):
        super().train(mode)
        self[0].eval()
        return self


def test_layers_that_training_leaves_alone_are_left_alone():
    module = Frozen(nn.BatchNorm1d(3), nn.BatchNorm1d(3)).double()
    renew(net_of(module), X)
    assert (module[0].running_mean == 7.0).all()
    assert not (module[1].running_mean == 7.0).any()


def test_inputs_by_name_and_layers_that_nothing_reaches():
    class Named(nn.Module):
        def __init__(self):
            super().__init__()
            self.norm = nn.BatchNorm1d(3, affine=False, dtype=torch.float64)
            self.unused = nn.BatchNorm1d(3, dtype=torch.float64)
            self.last = nn.Linear(3, 1)

        def forward(self, rows):
            return self.norm(input=rows)

    module = Named()
    renew(net_of(module), X)
    assert_allclose(module.norm.running_mean, X.mean(axis=0))
    assert (module.unused.running_mean == 7.0).all()


def test_statistics_are_of_the_rows_that_were_trained_on():
    far = X.copy()
    far[30:] += 1000.0

    def first_rows(dataset, y=None):
        subsets = [range(30), range(30, 40)]
        return [torch.utils.data.Subset(dataset, rows) for rows in subsets]

    def norm(n_features, n_outputs):
        return nn.Sequential(
            nn.BatchNorm1d(n_features), nn.Linear(n_features, n_outputs)
        ).double()

    model = WeightAveragingRegressor(
        norm, train_split=first_rows, max_epochs=2, random_state=0
    ).fit(far, Y)
    assert_allclose(model.net_.module_[0].running_mean, X[:30].mean(axis=0))


def test_what_draws_before_a_layer_draws_from_the_seed():
    class Draws(nn.Module):
        def __init__(self):
            super().__init__()
            self.norm, self.last = nn.BatchNorm1d(3), nn.Linear(3, 1)

        def forward(self, rows):
            rows = nn.functional.dropout(rows, 0.5, training=True)
            return self.last(self.norm(rows))

    means = []
    for seed in 0, 1:
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            before = torch.get_rng_state()
            model = WeightAveragingRegressor(Draws, max_epochs=2, random_state=0)
            model.fit(X, Y).predict(X)
            assert torch.equal(torch.get_rng_state(), before)
        means.append(model.net_.module_.norm.running_mean)
    assert_array_equal(*means)


def test_modules_that_keep_what_they_compute():
    class Keeps(nn.Module):
        def __init__(self):
            super().__init__()
            self.last = nn.utils.weight_norm(nn.Linear(3, 1))

        def forward(self, rows):
            self.kept = self.last(rows)
            return self.kept

    model = WeightAveragingRegressor(Keeps, max_epochs=3, random_state=0)
    with pytest.warns(FutureWarning, match="weight_norm"):
        model.fit(X, Y)
    assert_allclose(
        model.estimators_[0].predict(X.astype(np.float32))[:, 0], model.predict(X)
    )
