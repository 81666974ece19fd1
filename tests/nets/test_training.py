import numpy as np
import pytest

torch = pytest.importorskip("torch")
skorch = pytest.importorskip("skorch")

from skorch.callbacks import EarlyStopping, EpochScoring, LRScheduler  # noqa: E402
from torch import nn  # noqa: E402

from ensembles._ensemble._nets import seeded_torch  # noqa: E402
from ensembles.nets._lean import make_lean  # noqa: E402
from ensembles.nets._training import (  # noqa: E402
    attach,
    check_run,
    first_output,
    start,
)
from ensembles.nets._weights import take_snapshot  # noqa: E402
from ensembles.nets.callbacks._cycles import CyclicCosine  # noqa: E402

pytestmark = [
    pytest.mark.nets,
    # Older torch says so of every lazy layer.
    pytest.mark.filterwarnings("ignore:Lazy modules are a new feature:UserWarning"),
]


def test_seeding_is_that_of_torch_and_is_taken_back():
    with torch.random.fork_rng():
        torch.manual_seed(5)
        expected = torch.rand(3)
    before = torch.get_rng_state()
    with seeded_torch(5, "cpu"):
        assert torch.equal(torch.rand(3), expected)
    with seeded_torch(2**64 - 1, None):
        torch.rand(3)
    assert torch.equal(torch.get_rng_state(), before)


def test_seeding_is_taken_back_after_an_error():
    before = torch.get_rng_state()
    with pytest.raises(KeyError), seeded_torch(5, "cpu"):
        raise KeyError
    assert torch.equal(torch.get_rng_state(), before)


def test_callbacks_that_break_cycles_are_left_out_wherever_they_were_given():
    class OwnStopping(EarlyStopping):
        pass

    net = skorch.NeuralNetClassifier(
        nn.Linear,
        module__in_features=2,
        module__out_features=2,
        callbacks=[
            OwnStopping,
            ("steps", LRScheduler()),
            EpochScoring("accuracy", name="kept"),
        ],
        callbacks__valid_acc=EarlyStopping(),
    ).initialize()
    cycles = CyclicCosine()
    with pytest.warns(UserWarning, match=r"'valid_acc', 'OwnStopping', 'steps'"):
        attach(net, cycles)
    kinds = [type(callback) for _, callback in net.callbacks_]
    assert net.callbacks_[0] == ("course", cycles)
    assert EpochScoring in kinds
    assert not any(issubclass(kind, EarlyStopping | LRScheduler) for kind in kinds)


def test_first_output_moves_nothing():
    net = skorch.NeuralNetRegressor(
        nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3), nn.Dropout(), nn.Linear(3, 1))
    ).initialize()
    before = torch.get_rng_state()
    output = first_output(net, np.ones((5, 2), dtype=np.float32))
    assert output.shape == (2, 1)
    assert torch.equal(torch.get_rng_state(), before)
    assert net.module_[1].num_batches_tracked == 0


def test_first_output_lets_lazy_layers_learn_their_size():
    net = skorch.NeuralNetRegressor(nn.LazyLinear(1)).initialize()
    with torch.random.fork_rng():
        first_output(net, np.ones((5, 4), dtype=np.float32))
    assert net.module_.in_features == 4


def finished(iteration):
    course = CyclicCosine(1)
    course.n_iterations_, course.iteration_ = 4, iteration
    return course


class Masked(nn.Linear):
    def __init__(self):
        super().__init__(2, 1)
        self.register_buffer("mask", torch.full((2,), -torch.inf))


def trained(*values):
    net = skorch.NeuralNetRegressor(Masked).initialize()
    net.module_.weight.data[:] = torch.tensor(values)
    return net, [take_snapshot(net)]


def test_a_complete_run_passes():
    """Buffers may be masks of infinities."""
    net, snapshots = trained(1.0, -1.0)
    check_run(net, finished(4), snapshots)


def test_a_run_of_another_length_is_an_error():
    net, snapshots = trained(1.0, -1.0)
    with pytest.raises(RuntimeError, match=r"ran 3 iterations where .* announced 4"):
        check_run(net, finished(3), snapshots)


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_a_run_that_diverged_is_an_error(bad):
    _, fine = trained(1.0, -1.0)
    net, snapshots = trained(1.0, bad)
    with pytest.raises(ValueError, match=r"member 2 of 2 are not finite.*lower learn"):
        check_run(net, finished(4), [*fine, *snapshots])


def test_steps_are_not_fused_where_they_cannot_be():
    class Complex(nn.Module):
        def __init__(self):
            super().__init__()
            self.weight = nn.Parameter(torch.ones(2, dtype=torch.complex64))

        def forward(self, rows):
            return (rows * self.weight.real).sum(dim=1, keepdim=True)

    options = {"optimizer": torch.optim.Adam, "train_split": None, "verbose": 0}
    net = skorch.NeuralNetRegressor(Complex, **options)
    make_lean(net)
    start(net)
    assert net.optimizer_.param_groups[0]["fused"] is False
    rows = np.ones((4, 2), np.float32)
    net.partial_fit(rows, rows[:, :1])
    assert net.module_.weight[0] != 1.0
    plain = skorch.NeuralNetRegressor(nn.Linear(2, 1), optimizer=torch.optim.Adam)
    make_lean(plain)
    start(plain)
    assert plain.optimizer_.param_groups[0]["fused"] is True
