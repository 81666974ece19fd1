"""Members trained together are what they are alone, or are trained alone."""

import warnings
from collections import Counter

import numpy as np
import pytest

torch = pytest.importorskip("torch")
skorch = pytest.importorskip("skorch")

from numpy.testing import assert_allclose, assert_array_equal  # noqa: E402
from sklearn.base import clone  # noqa: E402
from skorch.callbacks import (  # noqa: E402
    Callback,
    EarlyStopping,
    EpochScoring,
    Freezer,
    GradientNormClipping,
    Initializer,
    LRScheduler,
)
from skorch.dataset import Dataset, ValidSplit  # noqa: E402
from skorch.helper import predefined_split  # noqa: E402
from torch import nn  # noqa: E402
from torch.nn import functional  # noqa: E402
from torch.utils.data import DataLoader, Subset  # noqa: E402

from ensembles.nets import (  # noqa: E402
    DeepEnsembleClassifier,
    DeepEnsembleRegressor,
)
from ensembles.nets._stacked._chain import Chain  # noqa: E402
from ensembles.nets._stacked._mapped import Mapped  # noqa: E402
from ensembles.nets._stacked._products import Products  # noqa: E402
from ensembles.resampling import Bootstrap, GroupBootstrap  # noqa: E402

pytestmark = pytest.mark.nets

rng = np.random.default_rng(0)
X = rng.normal(size=(90, 8))
LABELS = (X[:, 0] + X[:, 1] * X[:, 2] > 0).astype(int) + (X[:, 3] > 1)
VALUES = np.column_stack([X[:, 0] * X[:, 1], np.sin(X[:, 2])])
# So that a large gradient is followed by the same rounding of a larger weight.
CLOSE = {"rtol": 1e-8, "atol": 1e-10}


def layers(*between, out=3):
    return nn.Sequential(nn.Linear(8, 20), *between, nn.Linear(20, out))


class Functions(nn.Module):
    """What people write: functions, a residual, dropout by its function."""

    def __init__(self):
        super().__init__()
        self.first, self.second = nn.Linear(8, 20), nn.Linear(20, 20)
        self.last = nn.Linear(20, 3)

    def forward(self, X, **others):
        hidden = functional.relu(self.first(X))
        hidden = hidden + torch.tanh(self.second(hidden)) * 0.5
        hidden = functional.dropout(hidden, 0.3, self.training)
        return torch.flatten(self.last(hidden), 1)


class Residual(nn.Module):
    """What a linear layer puts out is read twice."""

    def __init__(self):
        super().__init__()
        self.first, self.relu, self.last = nn.Linear(8, 20), nn.ReLU(), nn.Linear(20, 3)

    def forward(self, X):
        hidden = self.first(X)
        return self.last(self.relu(hidden) + hidden)


class Tied(nn.Module):
    def __init__(self):
        super().__init__()
        self.first, self.second = nn.Linear(8, 20), nn.Linear(20, 20)
        self.again, self.last = nn.Linear(20, 20), nn.Linear(20, 3)
        self.again.weight = self.second.weight

    def forward(self, X):
        return self.last(self.again(self.second(self.first(X).relu()).relu()).relu())


class Frozen(nn.Module):
    def __init__(self):
        super().__init__()
        self.first, self.last = nn.Linear(8, 20), nn.Linear(20, 3)
        self.first.weight.requires_grad_(False)

    def forward(self, X):
        return self.last(torch.relu(self.first(X)))


class Sequence(nn.Module):
    """Linear layers over an axis of times."""

    def __init__(self):
        super().__init__()
        self.first, self.last = nn.Linear(2, 17), nn.Linear(68, 3)

    def forward(self, X):
        hidden = torch.relu(self.first(X.unflatten(1, (4, 2))))
        return self.last(hidden.flatten(1))


class OverTimes(nn.Module):
    def __init__(self):
        super().__init__()
        self.first, self.second = nn.Linear(2, 17), nn.Linear(17, 3)
        self.norm, self.last = nn.LayerNorm(17), nn.Linear(12, 3)

    def forward(self, X):
        return self.last(self.second(self.norm(self.first(X)).relu()).flatten(1))


class Images(nn.Module):
    def __init__(self):
        super().__init__()
        self.inner = nn.Sequential(
            nn.Conv2d(1, 4, 2), nn.BatchNorm2d(4), nn.ReLU(), nn.Dropout(0.2)
        )
        self.last = nn.Linear(12, 3)

    def forward(self, X):
        return self.last(self.inner(X.view(-1, 1, 2, 4)).flatten(1))


class SomeInEvaluation(nn.Sequential):
    """Statistics and dropout of the user's that stay as they are."""

    def __init__(self):
        super().__init__(
            nn.Linear(8, 20), nn.BatchNorm1d(20), nn.Dropout(0.5), nn.Linear(20, 3)
        )

    def train(self, mode=True):
        super().train(mode)
        self[1].eval()
        self[2].eval()
        return self


ROWS = {
    "relu": lambda: layers(nn.ReLU()),
    "activations-of-old": lambda: layers(nn.Sigmoid(), nn.Identity(), nn.Tanh()),
    "dropout": lambda: layers(nn.ReLU(), nn.Dropout(0.4)),
    "all-dropped": lambda: layers(nn.Dropout(1.0), nn.Dropout(0.0)),
    "no-bias": lambda: nn.Sequential(
        nn.Flatten(), nn.Linear(8, 20, bias=False), nn.Tanh(), nn.Linear(20, 3, False)
    ),
    "nested": lambda: nn.Sequential(layers(nn.ReLU(), out=16), layers_of(16)),
    "ends-in-relu": lambda: layers(nn.ReLU()).append(nn.ReLU()),
}
PRODUCTS = {
    "activations": lambda: layers(nn.GELU(), nn.Identity(), nn.ELU(), nn.Softplus()),
    "batch-norm": lambda: layers(nn.BatchNorm1d(20), nn.ReLU()),
    "batch-norm-mean": lambda: layers(nn.BatchNorm1d(20, momentum=None, affine=False)),
    "layer-norm": lambda: layers(nn.LayerNorm(20), nn.ReLU(inplace=True)),
    "layer-norm-bare": lambda: layers(nn.LayerNorm(20, elementwise_affine=False)),
    "functions": Functions,
    "residual": Residual,
}
MIXED = {"tied": Tied, "frozen": Frozen}
MAPPED = {
    "prelu": lambda: layers(nn.PReLU()),
    "normed-weight": lambda: nn.Sequential(
        nn.utils.parametrizations.weight_norm(nn.Linear(8, 20)),
        nn.ReLU(),
        nn.Dropout(0.3),
        nn.Linear(20, 3),
    ),
    "images": Images,
    "times": Sequence,
    "some-in-evaluation": SomeInEvaluation,
}


def layers_of(width):
    return nn.Sequential(nn.ReLU(), nn.Linear(width, 3))


def doubles(make):
    return lambda: make().double()


def net_of(make, kind=skorch.NeuralNetClassifier, **settings):
    options = {
        "criterion": nn.CrossEntropyLoss,
        "optimizer": torch.optim.Adam,
        "lr": 0.01,
        "max_epochs": 3,
        "batch_size": 32,
        "iterator_train__shuffle": True,
        "train_split": None,
        **settings,
    }
    return kind(doubles(make), **options)


def both_ways(net, y=LABELS, cls=DeepEnsembleClassifier, X=X, groups=None, **options):
    """An ensemble trained together, and the same one after another."""
    options = {"n_estimators": 3, "random_state": 3, **options}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        together, alone = (
            cls(net, engine=engine, **options).fit(X, y, groups=groups)
            for engine in ("stacked", "loop")
        )
    assert (together.engine_, alone.engine_) == ("stacked", "loop")
    return together, alone


def assert_same_members(together, alone, **close):
    for one, other in zip(together.snapshots_, alone.snapshots_, strict=True):
        for name, value in other["module_"].items():
            assert one["module_"][name].is_contiguous()
            assert_allclose(one["module_"][name], value, **(close or CLOSE))
    for one, other in zip(together.histories_, alone.histories_, strict=True):
        assert len(one) == len(other)
        for row, wanted in zip(one, other, strict=True):
            assert row.keys() == wanted.keys()
            for key in row.keys() - {"dur"}:
                assert_allclose(row[key], wanted[key], **(close or CLOSE))


@pytest.mark.parametrize("name", [*ROWS, *MIXED, *PRODUCTS, *MAPPED])
def test_members_are_what_they_are_alone(name):
    """Weights, buffers, dropout and histories, whatever the module is made of."""
    make = {**ROWS, **MIXED, **PRODUCTS, **MAPPED}[name]
    together, alone = both_ways(net_of(make))
    kinds = {Products: PRODUCTS, Mapped: MAPPED}
    kind = next((kind for kind, own in kinds.items() if name in own), Chain)
    assert together.engine_reason_ == kind.words
    assert_same_members(together, alone)


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("SGD", {"momentum": 0.9, "nesterov": True, "weight_decay": 0.01}),
        ("Adam", {"amsgrad": True, "weight_decay": 0.01}),
        ("AdamW", {"fused": False}),
        ("RMSprop", {"centered": True, "momentum": 0.5}),
        ("Adagrad", {"lr_decay": 0.1}),
        ("Adadelta", {}),
        ("Adamax", {}),
        ("NAdam", {}),
        ("RAdam", {}),
    ],
    ids=lambda value: value if isinstance(value, str) else "-".join(value),
)
def test_optimisers_take_the_same_steps(kind, options):
    options = {f"optimizer__{key}": value for key, value in options.items()}
    net = net_of(ROWS["dropout"], optimizer=getattr(torch.optim, kind), **options)
    assert_same_members(*both_ways(net))


def test_groups_of_parameters_keep_their_settings():
    net = net_of(
        ROWS["relu"],
        optimizer__param_groups=[("0*", {"lr": 0.2, "weight_decay": 0.1})],
        optimizer=torch.optim.SGD,
    )
    together, alone = both_ways(net)
    assert_same_members(together, alone)
    plain = both_ways(net_of(ROWS["relu"], optimizer=torch.optim.SGD))[0]
    assert np.abs(plain.predict_proba(X) - together.predict_proba(X)).max() > 1e-3


@pytest.mark.parametrize(
    ("criterion", "options", "make"),
    [
        (nn.NLLLoss, {}, lambda: layers(nn.ReLU(), out=3).append(nn.Softmax(dim=-1))),
        (nn.NLLLoss, {}, lambda: layers(out=3).append(nn.Softmax(dim=1))),
        (
            nn.CrossEntropyLoss,
            {"criterion__weight": torch.tensor([1.0, 2.0, 5.0], dtype=torch.float64)},
            ROWS["relu"],
        ),
        (nn.CrossEntropyLoss, {"criterion__label_smoothing": 0.1}, ROWS["relu"]),
        (nn.CrossEntropyLoss, {"criterion__reduction": "sum"}, ROWS["relu"]),
    ],
    ids=["log-loss", "log-loss-axis", "weighted", "smoothed", "sum"],
)
def test_criteria_of_classes(criterion, options, make):
    assert_same_members(*both_ways(net_of(make, criterion=criterion, **options)))


def test_two_classes_by_one_output():
    net = net_of(
        lambda: layers(nn.ReLU(), out=1),
        skorch.NeuralNetBinaryClassifier,
        criterion=nn.BCEWithLogitsLoss,
    )
    assert_same_members(*both_ways(net, LABELS > 0))


@pytest.mark.parametrize("criterion", [nn.MSELoss, nn.L1Loss, nn.HuberLoss])
@pytest.mark.parametrize("n_targets", [1, 2])
def test_criteria_of_values(criterion, n_targets):
    net = net_of(
        lambda: layers(nn.Tanh(), out=n_targets),
        skorch.NeuralNetRegressor,
        criterion=criterion,
    )
    y = VALUES if n_targets == 2 else VALUES[:, 0]
    together, alone = both_ways(net, y, DeepEnsembleRegressor)
    assert together.engine_reason_ == Chain.words
    assert_same_members(together, alone)


def test_single_precision_agrees_to_its_rounding():
    net = skorch.NeuralNetClassifier(
        ROWS["relu"],
        criterion=nn.CrossEntropyLoss,
        optimizer__momentum=0.9,
        lr=0.05,
        batch_size=32,
        max_epochs=5,
        iterator_train__shuffle=True,
    )
    assert_same_members(*both_ways(net), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    "options",
    [
        {"iterator_train__shuffle": False},
        {"iterator_train__drop_last": True},
        {"batch_size": -1},
        {"batch_size": 45},
        {"iterator_train__batch_size": 7},
        {"batch_size": 91, "iterator_train__drop_last": True},
    ],
    ids=["in-order", "cut", "whole", "even", "of-iterator", "no-batch"],
)
def test_batches_are_those_of_a_loader(options):
    assert_same_members(*both_ways(net_of(ROWS["dropout"], **options)))


@pytest.mark.parametrize("make", [PRODUCTS["batch-norm"], Images], ids=["rows", "2d"])
@pytest.mark.parametrize("stratified", [False, True])
def test_members_have_rows_and_rows_aside_of_their_own(make, stratified):
    """Shares of classes differ between draws, and the last batches in length."""
    together, alone = both_ways(
        net_of(make, optimizer=torch.optim.SGD),
        scheme=Bootstrap(),
        train_split=ValidSplit(4, stratified=stratified),
        n_estimators=5,
    )
    assert_same_members(together, alone)
    assert "valid_acc" in together.histories_[0][0]


@pytest.mark.parametrize("name", ["dropout", "batch-norm"])
def test_members_may_have_unlike_numbers_of_batches(name):
    groups = np.repeat(np.arange(12), np.arange(2, 14))[:90]
    assert len(groups) == 90
    together, alone = both_ways(
        net_of({**ROWS, **PRODUCTS}[name], batch_size=16, optimizer=torch.optim.SGD),
        scheme=GroupBootstrap(),
        n_estimators=12,
        groups=groups,
    )
    assert len({history[0]["train_batch_count"] for history in alone.histories_}) > 1
    lengths = Counter(history[0]["train_batch_count"] for history in alone.histories_)
    assert max(lengths.values()) > 2  # whose last batches are of unlike sizes
    assert_same_members(together, alone)


@pytest.mark.parametrize("load_best", [False, True])
@pytest.mark.parametrize("optimizer", [torch.optim.Adam, torch.optim.NAdam])
def test_each_member_stops_by_itself(load_best, optimizer):
    stopping = EarlyStopping(patience=2, load_best=load_best, threshold=0.0)
    together, alone = both_ways(
        net_of(
            ROWS["dropout"],
            callbacks=[stopping],
            max_epochs=30,
            lr=0.05,
            optimizer=optimizer,
        ),
        train_split=ValidSplit(0.3),
        n_estimators=5,
    )
    lengths = {len(history) for history in together.histories_}
    assert len(lengths) > 1
    assert min(lengths) < 30
    assert_same_members(together, alone)


@pytest.mark.parametrize("optimizer", [torch.optim.SGD, torch.optim.AdamW])
def test_members_have_rates_of_their_own(optimizer):
    net = net_of(
        ROWS["relu"],
        callbacks=[
            LRScheduler(
                "ReduceLROnPlateau",
                monitor="valid_loss",
                patience=0,
                factor=0.3,
                threshold=0.05,
            ),
            ("rates", EpochScoring(rate_of, name="rate")),
        ],
        max_epochs=12,
        lr=0.1,
        optimizer=optimizer,
    )
    together, alone = both_ways(net, train_split=ValidSplit(3), n_estimators=4)
    assert len({history[-1]["rate"] for history in together.histories_}) > 1
    assert_same_members(together, alone)


def rate_of(net, X=None, y=None):
    return net.optimizer_.param_groups[0]["lr"]


def test_schedules_and_clipping_and_scores():
    net = net_of(
        ROWS["relu"],
        callbacks=[
            LRScheduler("CosineAnnealingLR", T_max=4, event_name="rate"),
            GradientNormClipping(0.1),
            Initializer("*.weight", fn=nn.init.zeros_),
            ("scored", EpochScoring("f1_macro", name="f1", use_caching=False)),
        ],
        max_epochs=4,
        optimizer=torch.optim.SGD,
        lr=0.5,
    )
    together, alone = both_ways(net, train_split=ValidSplit(3))
    assert_same_members(together, alone)
    assert together.histories_[0][3]["rate"] < together.histories_[0][0]["rate"]
    loose = clone(net).set_params(callbacks__GradientNormClipping=None)
    free = both_ways(loose, train_split=ValidSplit(3))[0]
    assert np.abs(free.predict_proba(X) - together.predict_proba(X)).max() > 1e-3
    # What is shorter than the limit is not stretched.
    wide = clone(net).set_params(
        callbacks__GradientNormClipping__gradient_clip_value=1e3
    )
    assert_same_members(*both_ways(wide, train_split=ValidSplit(3)))


class Rebound(nn.Module):
    """Puts a new tensor in the place of a buffer; torch maps that in silence."""

    def __init__(self):
        super().__init__()
        self.last = nn.Linear(8, 3)
        self.register_buffer("mean", torch.zeros(8))

    def forward(self, X):
        if self.training:
            self.mean = 0.9 * self.mean + 0.1 * X.detach().mean(0)
        return self.last(X - self.mean)


class NoGradient(nn.Module):
    """A trace of torch.fx would drop the block."""

    def __init__(self):
        super().__init__()
        self.first, self.last = nn.Linear(8, 20), nn.Linear(20, 3)

    def forward(self, X):
        with torch.no_grad():
            hidden = self.first(X)
        return self.last(hidden.relu())


class InTraining(nn.Module):
    """A trace would keep what `training` says at the time."""

    def __init__(self):
        super().__init__()
        self.last = nn.Linear(8, 3)

    def forward(self, X):
        return self.last(X) * (2.0 if self.training else 1.0)


class Counting(nn.Module):
    """What is seen in a branch that data open."""

    def __init__(self):
        super().__init__()
        self.last = nn.Linear(8, 3)

    def forward(self, X):
        hidden = self.last(X)
        return 2.0 * hidden if hidden.sum() > 0 else hidden


class Recurrent(nn.Module):
    def __init__(self):
        super().__init__()
        self.inner, self.last = nn.LSTM(2, 5, batch_first=True), nn.Linear(5, 3)

    def forward(self, X):
        return self.last(self.inner(X.unflatten(1, (4, 2)))[0][:, -1])


class Noisy(nn.Module):
    def __init__(self):
        super().__init__()
        self.last = nn.Linear(8, 3)

    def forward(self, X):
        return self.last(X + torch.randn_like(X) if self.training else X)


class _Twice(torch.autograd.Function):
    @staticmethod
    def forward(ctx, inputs):
        return inputs.clone()

    @staticmethod
    def backward(ctx, gradient):
        return 2 * gradient


class OwnGradient(nn.Module):
    def __init__(self):
        super().__init__()
        self.first, self.last = nn.Linear(8, 20), nn.Linear(20, 3)

    def forward(self, X):
        return self.last(_Twice.apply(self.first(X)))


class Slow(nn.Module):
    """A buffer that moves by little, in an attribute of the module."""

    def __init__(self):
        super().__init__()
        self.last = nn.Linear(8, 3)
        self.register_buffer("spread", torch.ones(8))

    def forward(self, X):
        if self.training:
            self.spread = 0.999 * self.spread + 0.001 * X.detach().var(0)
        return self.last(X / self.spread)


class LayerDrop(nn.Module):
    """A trace would keep what is drawn at the time."""

    def __init__(self):
        super().__init__()
        self.inner, self.last = nn.Linear(8, 8), nn.Linear(8, 3)

    def forward(self, X):
        is_left_out = self.training and torch.rand(1).item() < 0.1
        return self.last(X if is_left_out else self.inner(X).relu())


class OfNumpy(LayerDrop):
    def forward(self, X):
        is_left_out = self.training and np.random.random() < 0.1  # noqa: NPY002
        return self.last(X if is_left_out else self.inner(X).relu())


class Remembering(LayerDrop):
    calls = 0

    def forward(self, X):
        self.calls += self.training
        return self.last(self.inner(X) * (1.0 if self.calls < 20 else 0.5))


class Writing(LayerDrop):
    def forward(self, X):
        with torch.no_grad():
            self.last.weight.clamp_(min=0.0)
        return self.last(self.inner(X))


class Rest(LayerDrop):
    """Something that only a last batch comes to."""

    def forward(self, X):
        noise = torch.randn_like(X) if self.training and len(X) < 32 else 0.0
        return self.last(X + noise)


class Padded(nn.Module):
    def __init__(self):
        super().__init__()
        self.words, self.last = nn.Embedding(3, 4, padding_idx=0), nn.Linear(32, 3)

    def forward(self, X):
        return self.last(self.words((X > 2).long()).flatten(1))


def masked():
    module = layers(nn.ReLU())
    module[0].weight.register_hook(lambda gradient: gradient * 0.5)
    return module


SILENT = {
    "slow-buffer": (Slow, "loop", "values of the buffer spread"),
    "layer-drop": (LayerDrop, "loop", "torch.vmap"),
    "numpy": (OfNumpy, "loop", "draws from numpy's generator"),
    "remembering": (Remembering, "loop", "remembers what it has seen"),
    "writing": (Writing, "loop", "writes to its weights"),
    "rest": (Rest, "loop", "torch.vmap"),
    "rebound-buffer": (Rebound, "loop", "values of the buffer mean"),
    "no-gradient": (NoGradient, "stacked", Mapped.words),
    "in-training": (InTraining, "stacked", Products.words),
    "data": (Counting, "loop", "torch.vmap"),
    "lstm": (Recurrent, "loop", "torch.vmap"),
    "noise": (Noisy, "loop", "torch.vmap"),
    "own-gradient": (OwnGradient, "loop", "torch.vmap"),
    "random-slope": (lambda: layers(nn.RReLU()), "loop", "torch.vmap"),
    "other-dropout": (lambda: layers(nn.Dropout1d(0.5)), "loop", "torch.vmap"),
}


@pytest.mark.parametrize("name", SILENT)
def test_what_would_go_wrong_in_silence_is_found(name):
    """In three steps of two members, before any of them is trained."""
    make, engine, reason = SILENT[name]
    options = {"n_estimators": 5, "random_state": 3}
    net = net_of(make, max_epochs=9)
    auto = DeepEnsembleClassifier(net, **options).fit(X, LABELS)
    assert auto.engine_ == engine
    assert reason in auto.engine_reason_
    alone = DeepEnsembleClassifier(net, engine="loop", **options).fit(X, LABELS)
    assert_same_members(auto, alone)
    assert_allclose(auto.predict_proba(X), alone.predict_proba(X), rtol=1e-7)
    for seed in range(4) if name in ("layer-drop", "numpy") else ():  # drawn by a trace
        auto.set_params(random_state=seed, max_epochs=9).fit(X, LABELS)
        assert auto.engine_ == engine
    if engine == "loop":
        with pytest.raises(ValueError, match="cannot train these nets together: batch"):
            DeepEnsembleClassifier(net, engine="stacked", **options).fit(X, LABELS)


class OwnLoss(skorch.NeuralNetClassifier):
    def get_loss(self, *args, **kwargs):
        return 2 * super().get_loss(*args, **kwargs)


class OwnPrediction(skorch.NeuralNetClassifier):
    def predict_proba(self, X):
        return super().predict_proba(X)


class Penalty(nn.CrossEntropyLoss):
    def __init__(self):
        super().__init__()
        self.scale = nn.Parameter(torch.ones(()))


class Watching(Callback):
    def on_epoch_end(self, net, **kwargs):
        pass


class OwnData(Dataset):
    pass


def hooked():
    module = layers(nn.ReLU())
    module[1].register_forward_hook(lambda module, inputs, output: 2 * output)
    return module


def own_loader(dataset, **options):
    return DataLoader(dataset, **options)


def scored(**options):
    return EpochScoring("accuracy", name="own", **options)


class OwnAccumulator(skorch.NeuralNetClassifier):
    def get_train_step_accumulator(self):
        return super().get_train_step_accumulator()


class OwnEnd(skorch.NeuralNetClassifier):
    def on_epoch_end(self, net, **kwargs):
        return super().on_epoch_end(net, **kwargs)


class TwoOptimizers(skorch.NeuralNetClassifier):
    def initialize_optimizer(self, *args, **kwargs):
        self.optimizer_ = torch.optim.SGD(self.module_[0].parameters(), 0.1)
        self.second_ = torch.optim.SGD(self.module_[2].parameters(), 0.1)
        return self


class PartlyTrained(skorch.NeuralNetClassifier):
    def initialize_optimizer(self, *args, **kwargs):
        self.optimizer_ = torch.optim.SGD(self.module_[2].parameters(), 0.1)
        return self


class HookedSteps(skorch.NeuralNetClassifier):
    def initialize_optimizer(self, *args, **kwargs):
        super().initialize_optimizer(*args, **kwargs)
        self.optimizer_.register_step_post_hook(lambda *args: None)
        return self


class CountingLoss(nn.CrossEntropyLoss):
    calls = 0

    def forward(self, *args):
        self.calls += 1
        return super().forward(*args)


class BufferedLoss(nn.CrossEntropyLoss):
    def __init__(self):
        super().__init__()
        self.register_buffer("mean", torch.ones(()))

    def forward(self, *args):
        loss = super().forward(*args)
        self.mean = 0.9 * self.mean + 0.1 * loss.detach()
        return loss / self.mean


ALONE = {
    "accumulator": (
        {"kind": OwnAccumulator},
        "OwnAccumulator has a get_train_step_accumulator of its own",
    ),
    "end": ({"kind": OwnEnd}, "OwnEnd has a on_epoch_end of its own"),
    "optimisers": (
        {"kind": TwoOptimizers},
        "it has the optimisers ['optimizer_', 'second_']",
    ),
    "part": ({"kind": PartlyTrained}, "its optimiser has not all weights"),
    "step-hooks": ({"kind": HookedSteps}, "Adam has hooks"),
    "weight-hooks": ({"make": masked}, "its weights have hooks"),
    "padding": ({"make": Padded}, "Embedding has rows for padding"),
    "counting-loss": ({"criterion": CountingLoss}, "criterion remembers"),
    "buffered-loss": ({"criterion": BufferedLoss}, "criterion remembers"),
    "loss": ({"kind": OwnLoss}, "OwnLoss has a get_loss of its own"),
    "criterion": ({"criterion": Penalty}, "its criterion has weights"),
    "steps": ({"optimizer": torch.optim.Rprop}, "steps of Rprop are not those of each"),
    "data": ({"dataset": OwnData}, "it has a dataset of its own"),
    "loader": ({"iterator_train": own_loader}, "it has an iterator_train of its own"),
    "options": (
        {"iterator_train__num_workers": 0},
        "it has an iterator_train of its own",
    ),
    "callback": ({"callbacks": [Watching()]}, "Watching (Watching) may look"),
    "freezer": ({"callbacks": [Freezer("0.*")]}, "Freezer (Freezer) may look"),
    "batch-scores": (
        {"callbacks": [scored(on_train=True)]},
        "EpochScoring scores batches that are trained on",
    ),
    "batch-rates": (
        {"callbacks": [LRScheduler("StepLR", step_size=3, step_every="batch")]},
        "LRScheduler changes the rate with every batch",
    ),
    "hooks": ({"make": hooked}, "ReLU has hooks"),
}


@pytest.mark.parametrize("name", ALONE)
def test_what_needs_batches_of_its_own_is_trained_alone(name):
    settings, words = ALONE[name]
    settings = {"make": ROWS["relu"], **settings}
    net = net_of(**settings, max_epochs=34)
    ensemble = DeepEnsembleClassifier(net, 2, random_state=0).fit(X, LABELS)
    assert ensemble.engine_ == "loop"
    assert words in ensemble.engine_reason_


class RootLoss(nn.MSELoss):
    """No mean of rows: what it says of many is not the mean of what it says of few."""

    def forward(self, *args):
        return super().forward(*args).sqrt()


def test_rows_aside_are_scored_by_the_batches_that_skorch_takes():
    plateau = LRScheduler(
        "ReduceLROnPlateau", monitor="valid_loss", patience=0, factor=0.3
    )
    net = net_of(
        lambda: layers(nn.ReLU(), out=1),
        skorch.NeuralNetRegressor,
        criterion=RootLoss,
        batch_size=4,
        callbacks=[plateau],
        max_epochs=6,
    )
    options = {"train_split": ValidSplit(3), "cls": DeepEnsembleRegressor}
    assert_same_members(*both_ways(net, VALUES[:, 0], **options))
    norms = net_of(
        lambda: layers(nn.BatchNorm1d(20, track_running_stats=False), nn.ReLU()),
        batch_size=8,
        optimizer=torch.optim.SGD,
    )
    assert_same_members(*both_ways(norms, train_split=ValidSplit(3)))
    plain = net_of(ROWS["relu"], batch_size=8)
    assert_same_members(*both_ways(plain, train_split=ValidSplit(3)))


def test_rows_aside_may_be_others():
    """As many, and numbered among as many, as those that are trained on."""
    others = Dataset(rng.normal(size=(90, 8)), LABELS)
    for aside in others, Subset(others, np.arange(60)):
        net = net_of(ROWS["relu"])
        both = both_ways(net, train_split=predefined_split(aside))
        assert_same_members(*both)


class Smoothed(nn.CrossEntropyLoss):
    def forward(self, logits, codes):
        share = 0.3 if self.training else 0.0
        return functional.cross_entropy(logits, codes, label_smoothing=share)


def test_criteria_train_and_score():
    net = net_of(ROWS["relu"], criterion=Smoothed)
    assert_same_members(*both_ways(net, train_split=ValidSplit(3)))


def test_a_class_that_is_left_out_is_left_out():
    y = np.sort(LABELS)
    net = net_of(ROWS["relu"], criterion__ignore_index=2, iterator_train__shuffle=False)
    assert_same_members(*both_ways(net, y))


def of_its_own():
    share = (0.1, 0.6)[int(torch.randint(2, ()))]
    return layers(nn.ReLU(), nn.Dropout(share))


def test_members_that_draw_settings_of_their_own_keep_them():
    together, alone = both_ways(net_of(of_its_own), n_estimators=8)
    shares = {net.module_[2].p for net in alone.estimators_}
    assert len(shares) == 1  # of the one that predicts
    assert_same_members(together, alone)


def of_a_width_of_its_own():
    width = (20, 24)[int(torch.randint(2, ()))]
    return nn.Sequential(nn.Linear(8, width), nn.ReLU(), nn.Linear(width, 3))


def test_members_of_widths_of_their_own_are_trained_alone_among_others():
    """The first two are alike, so that a program is found; the third is not."""
    net = net_of(of_a_width_of_its_own)
    ensemble = DeepEnsembleClassifier(net, 3, engine="loop")
    for seed in range(20):
        try:
            ensemble.set_params(random_state=seed).fit(X, LABELS)
        except RuntimeError:  # one net cannot hold weights of several shapes
            continue
        break
    together = clone(ensemble).set_params(engine="stacked").fit(X, LABELS)
    assert_same_members(together, ensemble)


def norm_of_gradients(net, X=None, y=None):
    return sum(float(one.grad.norm()) for one in net.module_.parameters())


def test_what_no_trial_has_seen_ends_in_the_loop():
    """A score that reads gradients, which members trained together do not have."""
    score = EpochScoring(norm_of_gradients, name="norm", on_train=False)
    net = net_of(ROWS["relu"], callbacks=[score], max_epochs=20)
    options = {"n_estimators": 4, "train_split": ValidSplit(3), "random_state": 0}
    auto = DeepEnsembleClassifier(net, **options).fit(X, LABELS)
    assert auto.engine_ == "loop"
    assert auto.engine_reason_.startswith("AttributeError: 'NoneType' object has no")
    alone = DeepEnsembleClassifier(net, engine="loop", **options).fit(X, LABELS)
    assert_array_equal(auto.predict_members(X), alone.predict_members(X))
    with pytest.raises(AttributeError, match="'NoneType' object has no"):
        DeepEnsembleClassifier(net, engine="stacked", **options).fit(X, LABELS)


def test_a_net_that_predicts_its_own_way_is_trained_together():
    net = net_of(ROWS["relu"], OwnPrediction)
    assert_same_members(*both_ways(net))


SIZES = {
    "512": (lambda: wide(8, 512), 5, (90, 25), "loop", "268803 parameters are more"),
    "64-of-2": (lambda: wide(8, 64), 2, (90, 100), "stacked", Chain.words),
    "64-of-2-briefly": (
        lambda: wide(8, 64),
        2,
        (90, 99),
        "loop",
        "99 steps of further",
    ),
    "300-of-2": (lambda: wide(8, 300), 2, (90, 100), "loop", "8.4e+06 multiplications"),
    "300": (lambda: wide(8, 300), 5, (90, 25), "stacked", Chain.words),
    "images-of-4": (Images, 4, (90, 34), "loop", "multiplications a batch are more"),
    "images": (Images, 5, (90, 25), "stacked", Mapped.words),
    "one": (ROWS["relu"], 1, (90, 200), "loop", "there is one member"),
}


@pytest.mark.parametrize("name", SIZES)
def test_members_are_trained_together_where_that_is_faster(name):
    make, n_members, (batch_size, n_epochs), engine, words = SIZES[name]
    net = net_of(make, batch_size=batch_size, max_epochs=n_epochs)
    ensemble = DeepEnsembleClassifier(net, n_members, random_state=0).fit(X, LABELS)
    assert ensemble.engine_ == engine
    assert words in ensemble.engine_reason_


def wide(n_features, width):
    return nn.Sequential(
        nn.Linear(n_features, width),
        nn.ReLU(),
        nn.Linear(width, width),
        nn.ReLU(),
        nn.Linear(width, 3),
    )


def test_the_user_chooses_against_the_limits():
    net = net_of(ROWS["relu"])
    one, other = both_ways(net, n_estimators=1)
    assert_same_members(one, other)


def test_workers_and_groups_make_no_difference():
    """Four nets of 400,000 parameters are two groups, whoever trains them."""
    net = net_of(lambda: wide(8, 600), max_epochs=1)
    options = {"n_estimators": 4, "engine": "stacked", "random_state": 0}
    one, two = (
        DeepEnsembleClassifier(net, n_jobs=n_jobs, **options).fit(X, LABELS)
        for n_jobs in (1, 2)
    )
    assert_array_equal(one.predict_members(X), two.predict_members(X))
    alone = DeepEnsembleClassifier(net, **{**options, "engine": "loop"}).fit(X, LABELS)
    assert_same_members(one, alone)


def test_engines_are_among_three():
    with pytest.raises(ValueError, match=r"'auto', 'loop', 'stacked'\}\. Got 'fused'"):
        DeepEnsembleClassifier(engine="fused").fit(X, LABELS)


def test_the_first_member_of_a_group_prints_its_table(capsys):
    DeepEnsembleClassifier(
        net_of(ROWS["relu"]), 3, engine="stacked", random_state=0, verbose=1
    ).fit(X, LABELS)
    assert capsys.readouterr().out.count("train_loss") == 1
