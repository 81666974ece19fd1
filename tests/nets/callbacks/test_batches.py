"""What callbacks make of a training batch."""

import numpy as np
import pytest
from sklearn.base import clone

torch = pytest.importorskip("torch")
skorch = pytest.importorskip("skorch")

from torch import nn  # noqa: E402

from ensembles.nets import DeepEnsembleClassifier, SnapshotEnsembleRegressor  # noqa: E402
from ensembles.nets.callbacks import (  # noqa: E402
    AdversarialRows,
    CutMix,
    Cutout,
    InputNoise,
    Mixup,
    WeightNoise,
)
from ensembles.nets.callbacks._regions import regions  # noqa: E402
from ensembles.nets.modules import MLP  # noqa: E402

pytestmark = pytest.mark.nets

RNG = np.random.default_rng(0)
X = RNG.normal(size=(40, 4)).astype(np.float32)
Y = (X[:, 0] + X[:, 1] > 0).astype(np.int64)
EDITS = [InputNoise(0.3), Cutout(0.5), Mixup(), CutMix(), AdversarialRows(0.1)]


class Watch(skorch.callbacks.Callback):
    """Keeps what the net is given to learn from, and what it is scored by."""

    def on_batch_end(self, net, batch=None, training=None, **kwargs):
        name = "learned_" if training else "scored_"
        vars(self).setdefault(name, []).append([part.clone() for part in batch])


def classifier(*callbacks, **settings):
    settings = {
        "module__n_features": 4,
        "module__n_outputs": 2,
        "module__dtype": torch.float32,
        "criterion": nn.CrossEntropyLoss,
        "max_epochs": 2,
        "batch_size": 10,
        "lr": 0.1,
        "train_split": None,
        "verbose": 0,
        **settings,
    }
    return skorch.NeuralNetClassifier(MLP, callbacks=list(callbacks), **settings)


def edited(callback, batch, net=None, seed=0):
    callback.initialize()
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        callback.on_batch_begin(net, batch, training=True)
    return batch


def test_noise_has_the_spread_that_is_asked():
    """40,000 draws a column: the spread is known within 0.4 per cent, five errors."""
    rows = torch.zeros(40_000, 2)
    noisy, _ = edited(InputNoise([0.5, 2.0]), [rows, torch.zeros(len(rows))])
    assert not rows.any()
    np.testing.assert_allclose(noisy.std(0), [0.5, 2.0], rtol=0.02)
    np.testing.assert_allclose(noisy.mean(0), 0, atol=0.05)


def test_columns_that_are_blanked_are_a_share_of_each_row():
    rows, _ = edited(Cutout(0.5, fill=-9.0), [torch.ones(2000, 4), torch.zeros(2000)])
    blank = rows == -9
    assert (blank.sum(1) == 2).all()
    # Each column in half of 2,000 rows: five errors.
    np.testing.assert_allclose(blank.float().mean(0), 0.5, atol=0.056)


def test_boxes_of_images_are_squares_around_any_point():
    inside = regions(3000, torch.Size([3, 8, 8]), 0.25)
    assert inside.shape == (3000, 1, 8, 8)
    sizes = inside.sum((1, 2, 3))
    assert sizes.max() == 16
    rows, columns = inside.any(3).sum(2), inside.any(2).sum(2)
    assert torch.equal(sizes, (rows * columns)[:, 0])
    assert {*rows.ravel().tolist()} == {2, 3, 4}
    # A box is around each point as often as around any other.
    at_corner = inside[:, 0, 0, 0].float().mean().item()
    assert at_corner == pytest.approx(9 / 64, abs=0.033)


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_nothing_and_all_are_parts_too(share):
    for shape in [(6,), (2, 6), (1, 4, 4), (1, 3, 3, 3)]:
        inside = regions(50, torch.Size(shape), share)
        assert inside.any().item() == bool(share)
    assert regions(1, torch.Size([6]), 1.0).all()


def test_values_are_mixed_as_their_rows_are():
    rows, values = torch.randn(30, 4), torch.randn(30, 2)
    both = torch.cat([rows, values], dim=1)
    mixed = torch.cat(edited(Mixup(1.0), [rows, values]), dim=1)
    shares = []
    for one, own in zip(mixed, both, strict=True):
        # Of all rows one makes a straight line of its row, the mixture and itself.
        away, steps = one - own, both - own
        along = (steps @ away) / (steps * steps).sum(1).clamp(min=1e-12)
        missed = (along[:, None] * steps - away).norm(dim=1)
        missed[(steps == 0).all(1)] = torch.inf
        if away.norm() > 1e-6:
            assert missed.min() < 1e-4
            shares.append(1 - along[missed.argmin()].item())
    np.testing.assert_allclose(shares, shares[0], atol=1e-3)


def test_shares_are_of_a_beta_distribution():
    """800 draws: these bounds are five errors."""
    found = []
    for seed in range(800):
        batch = [torch.tensor([[0.0], [1.0]]), torch.tensor([[0.0], [1.0]])]
        values = edited(Mixup(2.0), batch, seed=seed)[1].ravel()
        found.append(values[1].item())
    swapped = np.array(found)
    assert swapped.mean() == pytest.approx(0.5 + 0.5 * 0.5, abs=0.05)
    inner = swapped[swapped < 1]
    assert len(inner) / len(swapped) == pytest.approx(0.5, abs=0.09)
    assert inner.var() == pytest.approx(1 / 20, abs=0.014)


def test_exchanged_parts_are_the_others_and_targets_say_how_much():
    images = torch.arange(6.0).view(6, 1, 1, 1).expand(6, 2, 5, 5).clone()
    rows, values = edited(CutMix(), [images, torch.eye(6)], seed=1)
    for row, target in zip(rows, values, strict=True):
        for code in range(6):
            share = (row == code).float().mean().item()
            assert share == pytest.approx(target[code].item(), abs=1e-6)
    table, values = edited(CutMix(), [torch.eye(5) + 1, torch.zeros(5)], seed=3)
    assert {*table.ravel().tolist()} <= {1.0, 2.0}


@pytest.mark.parametrize("callback", [Mixup(1.0), CutMix()], ids=["mixup", "cutmix"])
def test_classes_become_probabilities_of_as_many_as_the_net_has(callback):
    watch = Watch()
    net = classifier(callback, watch, module__n_outputs=3)
    net.fit(X, Y)  # class 2 is in no row
    targets = torch.cat([y for _, y in watch.learned_])
    assert targets.shape == (80, 3)
    torch.testing.assert_close(targets.sum(1), torch.ones(80))
    assert not targets[:, 2].any()
    assert ((targets > 0) & (targets < 1)).any()


def test_labels_of_pixels_are_mixed_pixel_by_pixel():
    net = skorch.NeuralNet(
        nn.Conv2d,
        nn.CrossEntropyLoss,
        module__in_channels=1,
        module__out_channels=3,
        module__kernel_size=1,
        callbacks=[("mix", Mixup(1.0))],
        train_split=None,
        max_epochs=1,
        verbose=0,
    )
    rows, labels = RNG.normal(size=(6, 1, 4, 4)), RNG.integers(3, size=(6, 4, 4))
    net.fit(rows.astype(np.float32), labels)
    assert np.isfinite(net.history[-1, "train_loss"])


def test_one_share_and_order_of_mixing_is_the_mean_of_both_losses():
    """Cross entropy is linear in the target: soft labels are the paper's two losses."""
    logits = torch.randn(20, 3, dtype=torch.float64)
    codes = torch.randint(3, (20,))
    net = skorch.NeuralNet(nn.Linear, nn.CrossEntropyLoss)
    net.set_params(module__in_features=3, module__out_features=3).initialize()
    with torch.random.fork_rng():
        torch.manual_seed(4)
        beta = torch.distributions.Beta(1.0, 1.0)
        order, share = torch.randperm(20), beta.sample().item()
    rows = torch.zeros(20, 3)
    _, soft = edited(Mixup(1.0), [rows, codes], net, seed=4)
    criterion = nn.CrossEntropyLoss()
    both = criterion(logits, codes), criterion(logits, codes[order])
    expected = share * both[0] + (1 - share) * both[1]
    torch.testing.assert_close(criterion(logits, soft.double()), expected)


def test_probabilities_ask_for_a_criterion_that_takes_them():
    net = classifier(Mixup(), criterion=nn.NLLLoss, module__activation="sigmoid")
    with pytest.raises(ValueError, match=r"set criterion=torch\.nn\.CrossEntropyLoss"):
        net.fit(X, Y)


def test_adversarial_rows_go_where_the_loss_grows():
    watch = Watch()
    net = classifier(AdversarialRows(0.002), watch, max_epochs=1, lr=0.0).fit(X, Y)
    rows, codes = (torch.cat(parts) for parts in zip(*watch.learned_, strict=True))
    assert rows.shape == (80, 4)
    where = torch.arange(80).view(4, 2, 10)
    plain, moved = where[:, 0].ravel(), where[:, 1].ravel()
    torch.testing.assert_close(rows[plain], torch.from_numpy(X))
    assert torch.equal(codes[plain], codes[moved])
    steps = (rows[moved] - rows[plain]).abs()
    reach = 0.002 * torch.from_numpy(np.ptp(X, axis=0))
    torch.testing.assert_close(steps, reach.expand(40, 4), rtol=1e-3, atol=1e-5)
    losses = [
        nn.functional.cross_entropy(net.module_(rows[at]), codes[at], reduction="none")
        for at in (plain, moved)
    ]
    assert (losses[1] > losses[0]).all()


def test_a_gradient_is_of_the_net_as_it_predicts():
    """Neither dropout nor statistics of batches have a say, and none move by it."""
    settings = {"module__norm": "batch", "module__dropout": 0.5, "lr": 0.0}
    nets = [
        classifier(*callbacks, max_epochs=1, **settings).initialize()
        for callbacks in [(), (AdversarialRows(1e-9),)]
    ]
    nets[1].module_.load_state_dict(nets[0].module_.state_dict())
    for net in nets:
        with torch.random.fork_rng():
            torch.manual_seed(0)
            net.partial_fit(X, Y)
    means = [net.module_[2].running_mean for net in nets]
    torch.testing.assert_close(means[0], means[1], rtol=1e-4, atol=1e-5)


def test_noise_in_weights_is_in_the_gradient_and_not_in_the_weights():
    class Gradients(skorch.callbacks.Callback):
        def on_grad_computed(self, net, named_parameters, **kwargs):
            weight = net.module_[1].weight
            self.seen_ = weight.detach().clone(), weight.grad.clone()

    seen = Gradients()
    net = classifier(
        WeightNoise(0.5), seen, max_epochs=1, batch_size=-1, optimizer__momentum=0.0
    ).initialize()
    before = net.module_[1].weight.detach().clone()
    bias = net.module_[1].bias.detach().clone()
    net.partial_fit(X, Y)
    weight, gradient = seen.seen_
    assert torch.equal(weight, before)
    torch.testing.assert_close(net.module_[1].weight, before - 0.1 * gradient)
    plain = classifier(seen, max_epochs=1, batch_size=-1).initialize()
    plain.module_.load_state_dict(net.module_.state_dict())
    assert not torch.equal(net.module_[1].bias, bias)


def test_weights_are_put_back_where_a_step_is_interrupted():
    class Interrupting(nn.Linear):
        def forward(self, input):
            raise KeyboardInterrupt

    net = skorch.NeuralNetRegressor(
        Interrupting,
        module__in_features=4,
        module__out_features=1,
        callbacks=[WeightNoise(1.0)],
        train_split=None,
        verbose=0,
    ).initialize()
    before = net.module_.weight.detach().clone()
    net.partial_fit(X, X[:, :1])
    assert torch.equal(net.module_.weight, before)


@pytest.mark.parametrize("callback", EDITS, ids=lambda one: type(one).__name__)
def test_rows_to_score_by_are_left_as_they_are(callback):
    watch = Watch()
    split = skorch.dataset.ValidSplit(4)
    rows = X.copy()
    classifier(clone(callback), watch, train_split=split).fit(X, Y)
    np.testing.assert_array_equal(X, rows)
    seen = torch.cat([rows for rows, _ in watch.scored_])
    assert {*map(tuple, seen.tolist())} <= {*map(tuple, X.tolist())}
    learned = torch.cat([rows[:10] for rows, _ in watch.learned_])
    if not isinstance(callback, AdversarialRows):
        assert not {*map(tuple, learned.tolist())} <= {*map(tuple, X.tolist())}


@pytest.mark.parametrize("callback", EDITS, ids=lambda one: type(one).__name__)
def test_batches_that_are_no_pair_of_floats_are_refused(callback):
    net = classifier(clone(callback)).initialize()
    first = net.callbacks_[-2][1]
    first.reach_ = torch.zeros(())
    for batch, message in [
        ((torch.ones(2, 2), torch.ones(2)), "is a tuple of Tensor, Tensor"),
        ([{"a": torch.ones(2)}, torch.ones(2)], "a list of dict, Tensor"),
        ([torch.ones(2, 2, dtype=torch.int64), torch.ones(2)], "Pass X as floats"),
        (torch.ones(2), "is a Tensor"),
    ]:
        with pytest.raises(TypeError, match=message):
            callback.on_batch_begin(net, batch, training=True)


@pytest.mark.parametrize(
    ("callback", "message"),
    [
        (InputNoise(-1), "'std' parameter of InputNoise"),
        (InputNoise("much"), "'std' parameter of InputNoise"),
        (WeightNoise(-0.1), "'std' parameter of WeightNoise"),
        (Cutout(1.5), "'share' parameter of Cutout"),
        (Cutout(fill=np.nan), "'fill' parameter of Cutout"),
        (Mixup(0), "'alpha' parameter of Mixup"),
        (CutMix("a"), "'alpha' parameter of CutMix"),
        (AdversarialRows(0), "'eps' parameter of AdversarialRows"),
    ],
    ids=["negative", "text", "weights", "share", "fill", "mixup", "cutmix", "eps"],
)
def test_parameters_are_checked_before_training(callback, message):
    with pytest.raises(ValueError, match=message):
        classifier(callback).fit(X, Y)


@pytest.mark.parametrize(
    "callback", [*EDITS, WeightNoise()], ids=lambda one: type(one).__name__
)
def test_ensembles_decide_what_is_drawn(callback):
    net = classifier(clone(callback), module__n_features=4)
    before = torch.get_rng_state()
    fits = [
        DeepEnsembleClassifier(clone(net), 2, random_state=seed).fit(X, Y)
        for seed in (0, 0, 1)
    ]
    assert torch.equal(torch.get_rng_state(), before)
    assert fits[0].engine_ == "loop"
    first, again, other = (fit.predict_proba(X) for fit in fits)
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)
    used = clone(net.fit(X, Y))  # a callback that was used is a parameter as before
    assert used.callbacks[0].get_params() == callback.get_params()


def test_snapshots_of_values_are_trained_on_mixed_rows():
    net = skorch.NeuralNetRegressor(MLP, callbacks=[Mixup(0.4)], lr=0.05)
    model = SnapshotEnsembleRegressor(net, 2, max_epochs=60, random_state=0)
    assert model.fit(X, X[:, 0] - X[:, 1]).score(X, X[:, 0] - X[:, 1]) > 0.3


def test_noise_of_a_step_that_fails_is_taken_away_by_the_next():
    class Failing(nn.Linear):
        passes = 0

        def forward(self, input):
            self.passes += 1
            if self.passes == 2:
                raise RuntimeError
            return super().forward(input)

    net = skorch.NeuralNetRegressor(
        Failing,
        module__in_features=4,
        module__out_features=1,
        callbacks=[WeightNoise(0.5)],
        train_split=None,
        verbose=0,
        batch_size=10,
        lr=0.0,
    ).initialize()
    before = net.module_.weight.detach().clone()
    with pytest.raises(RuntimeError):
        net.partial_fit(X, X[:, :1])
    net.partial_fit(X, X[:, :1])
    assert torch.equal(net.module_.weight, before)


def test_counts_are_mixed_as_values_and_unknown_criteria_are_asked_about():
    net = skorch.NeuralNet(
        nn.Linear,
        nn.PoissonNLLLoss,
        module__in_features=4,
        module__out_features=1,
        callbacks=[Mixup(1.0)],
        train_split=None,
        verbose=0,
    )
    net.fit(X, Y[:, None])
    assert np.isfinite(net.history[-1, "train_loss"])
    other = classifier(Mixup(), criterion=nn.MultiMarginLoss)
    with pytest.raises(ValueError, match="targets are no classes, pass them as floats"):
        other.fit(X, Y)


def test_scores_of_mixed_classes_are_refused():
    def scored(**settings):
        score = skorch.callbacks.EpochScoring("accuracy", on_train=True, **settings)
        return classifier(Mixup(), ("own", score))

    with pytest.raises(ValueError, match="Give it use_caching=False"):
        scored(name="own").fit(X, Y)
    assert "own" in scored(name="own", use_caching=False).fit(X, Y).history[-1]
