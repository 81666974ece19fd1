from functools import partial

import numpy as np
import pytest

torch = pytest.importorskip("torch")
skorch = pytest.importorskip("skorch")

from torch import nn  # noqa: E402

from ensembles.nets import SnapshotEnsembleClassifier  # noqa: E402
from ensembles.nets._wrap import (  # noqa: E402
    as_net,
    default_module,
    fill_sizes,
    input_dtype,
    reset_weights,
)

pytestmark = [
    pytest.mark.nets,
    # Older torch says so of every lazy layer.
    pytest.mark.filterwarnings("ignore:Lazy modules are a new feature:UserWarning"),
]

build = partial(skorch.NeuralNetClassifier, lr=0.5)
OWNER = SnapshotEnsembleClassifier()


class NoReset(nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(2))


def test_a_net_is_cloned():
    net = skorch.NeuralNetClassifier(nn.Linear, lr=0.3)
    cloned = as_net(OWNER, net, build)
    assert cloned is not net
    assert cloned.lr == 0.3


def test_a_module_is_copied_and_built_into_a_net():
    module = nn.Linear(2, 2)
    net = as_net(OWNER, module, build)
    assert net.lr == 0.5
    assert net.module is not module
    assert torch.equal(net.module.weight, module.weight)


@pytest.mark.parametrize("maker", [nn.Linear, lambda: nn.Linear(2, 2)])
def test_what_makes_modules_is_built_into_a_net(maker):
    assert as_net(OWNER, maker, build).module is maker


def test_none_is_a_perceptron():
    assert as_net(OWNER, None, build).module is default_module


@pytest.mark.parametrize("estimator", [3, "net", skorch.NeuralNetClassifier])
def test_anything_else_is_an_error(estimator):
    with pytest.raises(
        ValueError, match=r"'estimator' parameter of Snapshot.* must be"
    ):
        as_net(OWNER, estimator, build)


def test_sizes_are_filled_only_where_they_are_missing():
    net = build(default_module)
    fill_sizes(net, 7, 3)
    assert net.get_params_for("module") == {"n_features": 7, "n_outputs": 3}
    net = build(default_module, module__n_features=5)
    fill_sizes(net, 7, 3)
    assert net.get_params_for("module") == {"n_features": 5, "n_outputs": 3}


@pytest.mark.parametrize(
    "module",
    [
        nn.Linear(2, 2),
        nn.Linear,
        lambda n_features=4: nn.Linear(n_features, 2),
        partial(default_module, n_features=4, n_outputs=2),
        type,
    ],
)
def test_modules_that_ask_for_no_sizes_get_none(module):
    net = build(module)
    fill_sizes(net, 7, 3)
    assert net.get_params_for("module") == {}


def test_a_binary_net_has_one_output():
    net = skorch.NeuralNetBinaryClassifier(default_module)
    fill_sizes(net, 7, 2)
    assert net.get_params_for("module")["n_outputs"] == 1


def test_an_instance_gets_new_weights_from_torchs_state():
    module = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Linear(4, 2))
    module[1].running_mean.fill_(9)
    nets = [as_net(OWNER, module, build) for _ in range(3)]
    with torch.random.fork_rng():
        for seed, net in zip([0, 0, 1], nets, strict=True):
            torch.manual_seed(seed)
            reset_weights(OWNER, net)
    first, same, other = (net.module[0].weight for net in nets)
    assert torch.equal(first, same)
    assert not torch.equal(first, other)
    assert not torch.equal(first, module[0].weight)
    assert nets[0].module[1].running_mean.eq(0).all()
    assert module[1].running_mean.eq(9).all()


@pytest.mark.parametrize(
    ("module", "part"),
    [(NoReset(), "'itself'"), (nn.Sequential(nn.ReLU(), NoReset()), "'1'")],
)
def test_an_instance_that_cannot_be_reset_is_an_error(module, part):
    with pytest.raises(ValueError, match="pass the class") as caught:
        reset_weights(OWNER, build(module))
    assert part in str(caught.value)


def test_what_makes_the_module_itself_needs_no_reset():
    reset_weights(OWNER, build(NoReset))
    reset_weights(OWNER, build(nn.Linear(2, 2), module__in_features=3))


@pytest.mark.parametrize(
    ("module", "dtype"),
    [
        (nn.Linear(2, 2), np.float32),
        (nn.Linear(2, 2).double(), np.float64),
        (nn.Linear(2, 2).half(), np.float16),
        (nn.LazyLinear(2, dtype=torch.float64), np.float64),
        (nn.Flatten(), np.float32),
    ],
)
def test_rows_take_the_type_of_the_weights(module, dtype):
    assert input_dtype(module) is dtype
