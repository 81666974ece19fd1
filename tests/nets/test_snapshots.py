import numpy as np
import pytest

torch = pytest.importorskip("torch")
skorch = pytest.importorskip("skorch")

from skorch.callbacks import Callback  # noqa: E402
from torch import nn  # noqa: E402

from ensembles.nets._schedules import cosine_share, cycle_ends  # noqa: E402
from ensembles.nets._weights import load_snapshot, take_snapshot  # noqa: E402
from ensembles.nets.callbacks._cycles import CyclicCosine  # noqa: E402

pytestmark = pytest.mark.nets

X = np.random.default_rng(0).normal(size=(22, 3)).astype(np.float32)
Y = X[:, :1] - X[:, 1:2]


class Probe(Callback):
    """Sees, on its own, the rates and the weights of each training iteration."""

    def on_train_begin(self, net, X=None, y=None, **kwargs):
        self.rates_ = []
        self.weights_ = []

    def on_batch_begin(self, net, batch=None, training=None, **kwargs):
        if training:
            groups = net.optimizer_.param_groups
            self.rates_.append([group["lr"] for group in groups])

    def on_batch_end(self, net, batch=None, training=None, **kwargs):
        if training:
            self.weights_.append([p.detach().clone() for p in net.module_.parameters()])


def trained(n_cycles=3, train_split=None, max_epochs=5, lr=0.1, cycles=(), **settings):
    """A net trained for 5 epochs of 3 batches, its cycles and its probe."""
    schedule, probe = CyclicCosine(n_cycles, **dict(cycles)), Probe()
    net = skorch.NeuralNetRegressor(
        nn.Linear,
        module__in_features=3,
        module__out_features=1,
        lr=lr,
        max_epochs=max_epochs,
        batch_size=8,
        train_split=train_split,
        verbose=0,
        callbacks=[("cycles", schedule), ("probe", probe)],
        **settings,
    ).fit(X, Y)
    return net, schedule, probe


def test_rates_are_the_schedule():
    _, cycles, probe = trained()
    assert cycles.collected_ == [5, 10, 15]
    expected = [[0.1 * cosine_share(t, [5, 10, 15])] for t in range(1, 16)]
    assert probe.rates_ == expected


def test_rates_run_between_the_given_bounds():
    _, _, probe = trained(cycles={"lr_max": 0.2, "lr_min": 0.02}, n_cycles=5)
    first_cycle = np.ravel(probe.rates_[:3])
    np.testing.assert_allclose(
        first_cycle, [0.2, 0.02 + 0.18 * 0.75, 0.02 + 0.18 * 0.25]
    )


def test_every_group_keeps_its_ratio():
    _, _, probe = trained(
        optimizer__param_groups=[("bias", {"lr": 0.025})],
        cycles={"lr_max": 0.4, "lr_min": 0.01},
    )
    rates = np.array(probe.rates_)
    assert rates.shape == (15, 2)
    assert sorted(rates[0]) == pytest.approx([0.1, 0.4])
    np.testing.assert_allclose(rates.max(axis=1), 4 * rates.min(axis=1))


def test_snapshots_are_the_weights_at_the_cycle_ends():
    _, cycles, probe = trained(n_cycles=4)
    assert cycles.collected_ == cycle_ends(15, 4)
    assert len(cycles.snapshots_) == 4
    for end, snapshot in zip(cycles.collected_, cycles.snapshots_, strict=True):
        for seen, kept in zip(
            probe.weights_[end - 1], snapshot["module_"].values(), strict=True
        ):
            assert torch.equal(seen, kept)
    first, second = (s["module_"]["weight"] for s in cycles.snapshots_[:2])
    assert not torch.equal(first, second)


def test_validation_batches_do_not_count():
    _, cycles, _ = trained(train_split=skorch.dataset.ValidSplit(2))
    assert cycles.iteration_ == 10
    assert cycles.collected_ == [3, 7, 10]


def test_a_second_fit_starts_again():
    net, cycles, _ = trained()
    net.fit(X, Y)
    assert cycles.iteration_ == 15
    assert len(cycles.snapshots_) == 3


def test_the_optimiser_goes_on_with_its_momentum():
    """One cycle's end and the next one's start share the momentum buffer."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        _, _, probe = trained(n_cycles=3, optimizer__momentum=0.9)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        module = nn.Linear(3, 1)
    optimizer = torch.optim.SGD(module.parameters(), lr=0.1, momentum=0.9)
    batches = [slice(0, 8), slice(8, 16), slice(16, 22)]
    for t in range(1, 16):
        rows = batches[(t - 1) % 3]
        optimizer.param_groups[0]["lr"] = 0.1 * cosine_share(t, [5, 10, 15])
        optimizer.zero_grad()
        nn.functional.mse_loss(
            module(torch.tensor(X[rows])), torch.tensor(Y[rows])
        ).backward()
        optimizer.step()
    for ours, plain in zip(probe.weights_[-1], module.parameters(), strict=True):
        assert torch.equal(ours, plain)


def test_too_short_a_run_is_an_error_before_training():
    with pytest.raises(ValueError, match="4 cycles need at least 4 iterations"):
        trained(n_cycles=4, max_epochs=1)


def test_lowest_rate_above_highest_is_an_error():
    with pytest.raises(ValueError, match=r"lr_min=0.5 is above.*0.1"):
        trained(cycles={"lr_min": 0.5})


class Counting(nn.Module):
    """Has a buffer, and state that is no tensor."""

    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(3, 1)
        self.register_buffer("calls", torch.zeros(()))
        self.log = []

    def forward(self, X):
        self.calls += 1
        return self.linear(X)

    def get_extra_state(self):
        return self.log

    def set_extra_state(self, state):
        self.log = list(state)


def test_a_snapshot_holds_buffers_and_extra_state_and_shares_nothing():
    net = skorch.NeuralNetRegressor(Counting, verbose=0).initialize()
    net.module_.log.append("first")
    snapshot = take_snapshot(net)
    net.forward(X)
    net.module_.log.append("second")
    net.module_.linear.weight.data.zero_()
    assert snapshot["module_"]["calls"] == 0
    assert snapshot["module_"]["linear.weight"].abs().sum() > 0
    load_snapshot(net, snapshot)
    assert net.module_.calls == 0
    assert net.module_.log == ["first"]
    assert torch.equal(net.module_.linear.weight, snapshot["module_"]["linear.weight"])
