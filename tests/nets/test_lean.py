"""Batches without a loader are those of the loader, and draw what it draws."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")
skorch = pytest.importorskip("skorch")

from skorch.dataset import Dataset, ValidSplit  # noqa: E402
from torch import nn  # noqa: E402
from torch.utils.data import (  # noqa: E402
    DataLoader,
    RandomSampler,
    Sampler,
    Subset,
    WeightedRandomSampler,
)

from ensembles.nets._lean import lean_batches, make_lean  # noqa: E402

pytestmark = pytest.mark.nets

X = np.random.default_rng(0).normal(size=(53, 3)).astype(np.float32)
Y = (X[:, 0] > 0).astype(np.int64)
TARGETS = {
    "classes": Y,
    "values": X[:, :1].astype(np.float64),
    "flat values": X[:, 1],
    "none": None,
}
OPTIONS = {
    "in order": {},
    "shuffled": {"shuffle": True},
    "without the last": {"shuffle": True, "drop_last": True},
    "drawn": {"sampler": RandomSampler(Y, replacement=True, num_samples=31)},
    "by weights": {"sampler": WeightedRandomSampler(Y + 0.5, 40)},
}


def seeded(function):
    """What it returns, and where it leaves torch's generator."""
    with torch.random.fork_rng():
        torch.manual_seed(3)
        return function(), torch.rand(1).item()


def assert_same_batches(dataset, batch_size, **options):
    found = []
    for make in lean_batches, DataLoader:
        batches, left = seeded(
            lambda make=make: [
                batch
                for loader in [make(dataset, batch_size=batch_size, **options)]
                for _ in range(2)
                for batch in [len(loader), *loader]
            ]
        )
        found.append((batches, left))
    (ours, own_state), (theirs, their_state) = found
    assert own_state == their_state
    assert len(ours) == len(theirs)
    for one, other in zip(ours, theirs, strict=True):
        if isinstance(one, int):
            assert one == other
            continue
        assert type(one) is type(other) is list
        for tensor, expected in zip(one, other, strict=True):
            assert tensor.dtype == expected.dtype
            assert torch.equal(tensor, expected)


@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("batch_size", [1, 7, 53, 512])
def test_batches_are_those_of_a_loader(batch_size, target, options):
    dataset = Dataset(X, TARGETS[target])
    assert_same_batches(dataset, batch_size, **options)
    assert type(lean_batches(dataset, **options)) is not DataLoader


def test_samplers_without_a_length_and_batches_of_tuples():
    class Endless(Sampler):
        def __iter__(self):
            yield from (5, 3, 1, 0, 7)

    dataset = Dataset(X, Y)
    for options in (
        {"sampler": Endless(), "batch_size": 2},
        {"batch_sampler": [(1, 2), (3, 0, 4)]},
    ):
        for rows in dataset, Subset(dataset, range(9, 20)):
            ours = lean_batches(rows, **options)
            assert type(ours) is not DataLoader
            theirs = DataLoader(rows, **options)
            for one, other in zip(ours, theirs, strict=True):
                assert torch.equal(one[0], other[0])
                assert torch.equal(one[1], other[1])


@pytest.mark.parametrize("shuffle", [False, True])
def test_batches_of_some_rows_are_those_of_a_loader(shuffle):
    for rows in [4, 3, 50, 3, 7], np.arange(5, 40):
        dataset = Subset(Dataset(X, Y), rows)
        assert_same_batches(dataset, 3, shuffle=shuffle)
        assert type(lean_batches(dataset)) is not DataLoader


def test_batches_are_copies():
    for dataset in Dataset(X, Y), Subset(Dataset(X, Y), range(9)):
        rows, target = next(iter(lean_batches(dataset, 300)))
        rows.zero_()
        target.zero_()
    assert X.any()
    assert Y.any()


def test_anything_special_goes_to_a_loader():
    class Own(Dataset):
        pass

    frozen = X.copy()
    frozen.flags.writeable = False
    for dataset, options in [
        (Own(X, None), {}),
        (Subset(Own(X, None), [1, 2]), {}),
        (Dataset(torch.tensor(X), None), {}),
        (Dataset(X.astype(np.float16), None), {}),
        (Dataset(X, Y.astype(np.int32)), {}),
        (Dataset(frozen, None), {}),
        (Dataset({"X": X}, Y), {}),
        (Dataset(X[::-1], None), {}),
        (Dataset(X, None), {"num_workers": 0}),
        (Dataset(X, None), {"generator": torch.Generator()}),
        (Dataset(X, None), {"collate_fn": list}),
        (Dataset(X, None), {"batch_size": None}),
    ]:
        assert isinstance(lean_batches(dataset, **options), DataLoader)


def fitted(*, is_lean, **settings):
    net = skorch.NeuralNetClassifier(
        nn.Linear,
        module__in_features=3,
        module__out_features=2,
        criterion=nn.CrossEntropyLoss,
        max_epochs=3,
        batch_size=8,
        iterator_train__shuffle=True,
        verbose=0,
        **settings,
    )
    if is_lean:
        make_lean(net)
    return seeded(lambda: net.fit(X, Y))


@pytest.mark.parametrize("split", [None, ValidSplit(4)], ids=["all", "split"])
def test_fits_are_those_with_a_loader_to_the_bit(split):
    """History, weights, predictions and what is left in torch's generator."""
    (ours, own), (theirs, their) = (
        fitted(is_lean=is_lean, train_split=split, optimizer__momentum=0.9)
        for is_lean in (True, False)
    )
    assert ours.iterator_train is ours.iterator_valid is lean_batches
    assert own == their
    assert torch.equal(ours.module_.weight, theirs.module_.weight)
    np.testing.assert_array_equal(ours.predict_proba(X), theirs.predict_proba(X))
    histories = [
        [{key: row[key] for key in row if key != "dur"} for row in net.history_]
        for net in (ours, theirs)
    ]
    assert histories[0] == histories[1]


def test_steps_of_adam_are_fused_unless_the_user_says_something_of_them():
    for optimizer in torch.optim.Adam, torch.optim.AdamW:
        (net, _), (plain, _) = (
            fitted(is_lean=is_lean, optimizer=optimizer, lr=0.05)
            for is_lean in (True, False)
        )
        assert net.optimizer__fused is True
        one, other = net.module_.weight, plain.module_.weight
        torch.testing.assert_close(one, other, rtol=1e-5, atol=1e-6)
    for said in {"fused": False}, {"foreach": True}, {"capturable": False}:
        settings = {f"optimizer__{name}": value for name, value in said.items()}
        net, _ = fitted(is_lean=True, optimizer=torch.optim.Adam, **settings)
        assert net.get_params_for("optimizer").get("fused") is not True

    class Own(torch.optim.Adam):
        pass

    net, _ = fitted(is_lean=True, optimizer=Own)
    assert "fused" not in net.get_params_for("optimizer")


def test_loaders_of_the_user_s_own_are_left_as_they_are():
    class Own(DataLoader):
        pass

    net, _ = fitted(is_lean=True, iterator_train=Own)
    assert net.iterator_train is Own
    assert net.iterator_valid is lean_batches
