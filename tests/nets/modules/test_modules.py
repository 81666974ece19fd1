"""A perceptron by names, and layers that leave weights and blocks out."""

import copy
import pickle

import numpy as np
import pytest

torch = pytest.importorskip("torch")
skorch = pytest.importorskip("skorch")

from torch import nn  # noqa: E402

from ensembles.nets import (  # noqa: E402
    DeepEnsembleRegressor,
    MCDropoutClassifier,
    SnapshotEnsembleClassifier,
)
from ensembles.nets.modules import (  # noqa: E402
    MLP,
    DropConnectLinear,
    StochasticDepth,
)

pytestmark = pytest.mark.nets

X = np.random.default_rng(0).normal(size=(60, 3))
Y = (X[:, 0] > 0).astype(int)


def drawn(make, seed=0):
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return make()


def kinds(module):
    return [type(layer).__name__ for layer in module]


def test_layers_stand_in_the_order_of_the_field():
    net = MLP(3, 2, (5, 4), norm="batch", activation="tanh", dropout=0.2)
    unit = ["Linear", "BatchNorm1d", "Tanh", "Dropout"]
    assert kinds(net) == ["Flatten", *unit, *unit, "Linear"]
    widths = [
        (one.in_features, one.out_features) for one in net if kinds([one]) == ["Linear"]
    ]
    assert widths == [(3, 5), (5, 4), (4, 2)]
    assert kinds(MLP(3, 2, 7)) == ["Flatten", "Linear", "ReLU", "Linear"]
    assert kinds(MLP(3, 2, [])) == ["Flatten", "Linear"]
    assert kinds(MLP(3, 2, 7, activation=nn.Hardtanh))[2] == "Hardtanh"


@pytest.mark.parametrize(
    ("norm", "kind"),
    [("batch", nn.BatchNorm1d), ("layer", nn.LayerNorm), ("rms", nn.RMSNorm)],
    ids=["batch", "layer", "rms"],
)
def test_norms_and_weights_are_of_the_type_that_is_asked(norm, kind):
    net = MLP(3, 2, 5, norm=norm, dtype=torch.float64)
    assert type(net[2]) is kind
    assert {parameter.dtype for parameter in net.parameters()} == {torch.float64}


def test_without_an_init_weights_are_those_of_torch():
    own = drawn(lambda: MLP(3, 2, (5,)))
    plain = drawn(lambda: nn.Sequential(nn.Linear(3, 5), nn.Linear(5, 2)))
    for one, other in zip(own.parameters(), plain.parameters(), strict=True):
        assert torch.equal(one, other)


@pytest.mark.parametrize(
    ("init", "activation", "variance"),
    [
        ("kaiming_normal", "relu", 2 / 400),
        ("kaiming_uniform", "gelu", 2 / 400),
        ("kaiming_normal", "leaky_relu", 2 / (1 + 0.01**2) / 400),
        ("xavier_normal", "tanh", (5 / 3) ** 2 * 2 / 1000),
        ("xavier_uniform", "sigmoid", 2 / 1000),
        ("orthogonal", "relu", 2 / 600),
        ("xavier_uniform", nn.Hardtanh, 2 / 1000),
    ],
)
def test_weights_have_the_variance_of_their_init(init, activation, variance):
    """240,000 draws: the variance is known within half a per cent, six errors."""
    net = drawn(lambda: MLP(400, 10, 600, init=init, activation=activation))
    assert net[1].weight.var().item() == pytest.approx(variance, rel=0.02)
    assert not net[1].bias.any()


def test_the_last_layer_has_no_gain():
    """6,000 draws: the variance is known within two per cent, five errors."""
    net = drawn(lambda: MLP(4, 10, 600, init="kaiming_normal"))
    assert net[-1].weight.var().item() == pytest.approx(1 / 600, rel=0.1)


def test_the_signal_keeps_its_size_through_twenty_layers():
    x = drawn(lambda: torch.randn(500, 60), 1)
    for activation, init in [("relu", "kaiming_normal"), ("tanh", "xavier_normal")]:
        net = drawn(
            lambda a=activation, i=init: MLP(60, 1, [60] * 20, activation=a, init=i)
        )
        assert 0.2 < net[:-1](x).std().item() < 5


def test_a_net_without_a_size_learns_it_and_draws_as_it_should():
    lazy = drawn(lambda: MLP(None, 2, 500, init="kaiming_normal"))
    with torch.random.fork_rng():
        lazy(torch.ones(2, 4, 5))
    assert type(lazy[1]) is nn.Linear
    assert lazy[1].in_features == 20
    assert lazy[1].weight.var().item() == pytest.approx(2 / 20, rel=0.1)
    again = pickle.loads(pickle.dumps(lazy))
    assert torch.equal(again[1].weight, lazy[1].weight)


def test_weights_drawn_anew_are_drawn_by_the_same_init():
    net = drawn(lambda: MLP(400, 10, 600, init="orthogonal"))
    before = net[1].weight.detach().clone()
    drawn(net.reset_parameters, 5)
    assert not torch.equal(net[1].weight, before)
    columns = net[1].weight.T @ net[1].weight
    assert torch.allclose(columns, 2 * torch.eye(400), atol=1e-4)


def test_an_instance_in_an_ensemble_keeps_its_init():
    model = DeepEnsembleRegressor(
        MLP(3, 1, 200, init="orthogonal"), 2, max_epochs=1, random_state=0
    )
    model.set_params(estimator=skorch.NeuralNetRegressor(model.estimator, lr=0.0))
    model.fit(X, Y.astype(float))
    for snapshot in model.snapshots_:
        weight = snapshot["module_"]["1.weight"]
        assert torch.allclose(weight.T @ weight, 2 * torch.eye(3), atol=1e-4)


def test_parts_of_a_net_are_plain_sequences():
    net = MLP(3, 2)
    assert type(net[:2]) is nn.Sequential
    assert net[1] is net[:2][1]
    assert torch.equal(copy.deepcopy(net)[1].weight, net[1].weight)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"n_features": 0}, r"'n_features' .* int in the range \[1, inf\) or None"),
        ({"n_outputs": 1.5}, "'n_outputs'"),
        ({"hidden": 0}, "'hidden' .* sequence"),
        ({"hidden": (4, "a")}, "'hidden'"),
        ({"hidden": 5.0}, "'hidden'"),
        ({"hidden": None}, "'hidden'"),
        ({"activation": nn.ReLU()}, "'activation' .* a class or function"),
        ({"activation": "step"}, "'activation' .* {'elu', 'gelu'"),
        ({"init": "zero"}, "'init' .* {None, 'kaiming_normal'"),
        ({"dropout": 1.0}, r"'dropout' .* \[0.0, 1.0\)"),
        ({"norm": "group"}, "'norm' .* {None, 'batch', 'layer', 'rms'"),
    ],
    ids=lambda value: (
        next(iter(value)) + str(next(iter(value.values())))
        if isinstance(value, dict)
        else ""
    ),
)
def test_parts_that_there_are_not_are_refused(wrong, message):
    with pytest.raises(ValueError, match=message):
        MLP(**{"n_features": 3, "n_outputs": 2, **wrong})


def test_weights_left_out_are_a_share_and_the_mean_stays():
    """10,000 weights: the share is known within half a per cent, six errors."""
    layer = DropConnectLinear(100, 100, 0.3)
    nn.init.ones_(layer.weight)
    nn.init.zeros_(layer.bias)
    seen = drawn(lambda: layer(torch.eye(100)))
    assert float((seen == 0).float().mean()) == pytest.approx(0.3, abs=0.03)
    assert torch.allclose(seen[seen != 0], torch.tensor(1 / 0.7))
    assert torch.equal(layer.eval()(torch.eye(100)), torch.ones(100, 100))
    assert "p=0.3" in repr(layer)


def test_one_draw_of_weights_serves_a_batch():
    layer = DropConnectLinear(4, 3)
    outputs = layer(torch.ones(5, 4))
    assert torch.allclose(outputs, outputs[0])


def test_rows_pass_blocks_by_each_on_its_own():
    layer = StochasticDepth(nn.Flatten(0, 0), 0.25)
    seen = drawn(lambda: layer(torch.ones(4000, 2, 2)))
    added = seen - 1
    assert torch.equal(added.amin((1, 2)), added.amax((1, 2)))
    share = float((added == 0).float().mean())
    assert share == pytest.approx(0.25, abs=0.035)  # five errors
    assert torch.allclose(added[added != 0], torch.tensor(4 / 3))
    assert torch.equal(layer.eval()(torch.ones(2, 2)), torch.full((2, 2), 2.0))
    assert "p=0.25" in repr(layer)


def test_blocks_that_change_the_shape_are_refused():
    with pytest.raises(ValueError, match="must have the shape of the input"):
        StochasticDepth(nn.Linear(3, 2))(torch.ones(4, 3))
    for make in (
        lambda: StochasticDepth(nn.ReLU(), 1.0),
        lambda: DropConnectLinear(2, 2, -1),
    ):
        with pytest.raises(ValueError, match="'p' parameter"):
            make()


def thinned(n_features, n_outputs):
    return nn.Sequential(
        DropConnectLinear(n_features, 8, 0.3),
        nn.ReLU(),
        StochasticDepth(nn.Sequential(nn.Linear(8, 8), nn.ReLU()), 0.3),
        nn.Linear(8, n_outputs),
    )


def test_they_take_part_where_a_net_goes_on_leaving_out():
    model = MCDropoutClassifier(
        thinned, 20, x_dtype="auto", max_epochs=2, random_state=0
    ).fit(X, Y)
    passes = model.predict_members(X[:5])
    assert passes.std(axis=0).min() > 0
    np.testing.assert_allclose(model.predict_members(X[2:3]), passes[:, 2:3], 1e-6)


def test_members_with_them_are_the_same_however_they_are_trained():
    fits = [
        DeepEnsembleRegressor(
            thinned, 3, engine=engine, max_epochs=3, random_state=0
        ).fit(X, Y.astype(float))
        for engine in ("loop", "auto")
    ]
    first, second = (fit.predict_members(X) for fit in fits)
    np.testing.assert_allclose(first, second, rtol=1e-4, atol=1e-5)


def test_a_snapshot_ensemble_takes_a_perceptron_by_name():
    model = SnapshotEnsembleClassifier(MLP, 2, max_epochs=4, random_state=0)
    assert model.fit(X, Y).score(X, Y) > 0.8


def test_widths_may_be_numbers_of_numpy_and_linear_models_lazy():
    assert MLP(3, 2, np.int64(7))[1].out_features == 7
    assert MLP(3, 2, np.array([7, 5]))[3].out_features == 5
    lazy = drawn(lambda: MLP(None, 2, (), init="xavier_normal"))
    with torch.random.fork_rng():
        lazy(torch.ones(4, 3))
    assert lazy[1].in_features == 3
