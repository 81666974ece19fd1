"""Passes of a net that goes on leaving units out."""

import copy
import pickle

import numpy as np
import pytest

torch = pytest.importorskip("torch")
skorch = pytest.importorskip("skorch")

from numpy.testing import assert_allclose, assert_array_equal  # noqa: E402
from torch import nn  # noqa: E402

from ensembles._random import entropy_of, keys_for  # noqa: E402
from ensembles.nets import MCDropoutClassifier, MCDropoutRegressor  # noqa: E402

pytestmark = pytest.mark.nets

X = np.random.default_rng(0).normal(size=(60, 4)).astype(np.float32)
Y = X[:, 0] - X[:, 1] ** 2


def net_of(module, **settings):
    return skorch.NeuralNetRegressor(module, max_epochs=3, lr=0.01, **settings)


def fitted(module, n_samples=4, **options):
    options = {"random_state": 0, **options}
    return MCDropoutRegressor(net_of(module), n_samples, **options).fit(X, Y)


class Functional(nn.Module):
    def __init__(self):
        super().__init__()
        self.first, self.last = nn.Linear(4, 8), nn.Linear(8, 1)

    def forward(self, rows):
        hidden = nn.functional.dropout(self.first(rows), 0.3, training=self.training)
        return self.last(hidden)


class Recurrent(nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTM(1, 5, num_layers=2, dropout=0.4, batch_first=True)
        self.last = nn.Linear(5, 1)

    def forward(self, rows):
        return self.last(self.lstm(rows[..., None])[0][:, -1])


class Attending(nn.Module):
    def __init__(self):
        super().__init__()
        self.attention = nn.MultiheadAttention(1, 1, dropout=0.4, batch_first=True)
        self.last = nn.Linear(4, 1)

    def forward(self, rows):
        cells = rows[..., None]
        return self.last(self.attention(cells, cells, cells)[0][..., 0])


def sequence(*layers):
    return lambda: nn.Sequential(nn.Linear(4, 8), *layers, nn.Linear(8, 1))


DROPPING = {
    "dropout": sequence(nn.ReLU(), nn.Dropout(0.3)),
    "alpha": sequence(nn.SELU(), nn.AlphaDropout(0.3)),
    "function": Functional,
    "recurrent": Recurrent,
    "attention": Attending,
}


@pytest.mark.parametrize("name", DROPPING)
def test_passes_leave_out_and_the_net_itself_does_not(name):
    model = fitted(DROPPING[name])
    passes = model.predict_members(X)
    assert passes.shape == (4, 60)
    assert len({one.tobytes() for one in passes}) == 4
    assert_allclose(model.predict(X), passes.mean(axis=0))
    plain = model.net_.predict(X)[:, 0]
    assert_array_equal(model.net_.predict(X)[:, 0], plain)
    many = model.set_params(n_samples=1000).predict_members(X[:1])
    assert many.std() > 0.0
    if name == "dropout":  # the last layer is linear in what is left out
        standard_error = many.std() / np.sqrt(1000)
        assert abs(many.mean() - plain[0]) < 5.0 * standard_error


def test_passes_are_those_of_the_training_mode_under_seeds_of_their_own():
    model = fitted(DROPPING["dropout"])
    module = copy.deepcopy(model.net_.module_).train()
    for key, one in zip(
        keys_for(entropy_of(0, 1), 0, 4).tolist(), model.predict_members(X), strict=True
    ):
        for row, expected in zip(torch.tensor(X[:5]), one[:5], strict=True):
            with torch.random.fork_rng(), torch.no_grad():
                torch.default_generator.manual_seed(key)
                assert_allclose(module(row[None])[0, 0], expected, rtol=1e-5)


@pytest.mark.parametrize("name", DROPPING)
def test_what_is_said_of_a_row_does_not_depend_on_the_others(name):
    model = fitted(DROPPING[name])
    passes = model.predict_members(X)
    some = np.array([7, 3, 55])
    assert_allclose(model.predict_members(X[some]), passes[:, some], rtol=1e-4)
    model.net_.iterator_valid = lambda dataset, **_: torch.utils.data.DataLoader(
        dataset, batch_size=2
    )
    assert_allclose(model.predict_members(X[some]), passes[:, some], rtol=1e-4)


def test_shares_of_units_are_left_out_as_asked():
    class Ones(nn.Module):
        def __init__(self):
            super().__init__()
            self.weight = nn.Parameter(torch.zeros(1))

        def forward(self, rows):
            kept = nn.functional.dropout(torch.ones(len(rows), 50), 0.3, self.training)
            return kept.mean(dim=1, keepdim=True) + self.weight * rows[:, :1]

    net = net_of(Ones).set_params(lr=0.0)
    model = MCDropoutRegressor(net, 400, random_state=0).fit(X, Y)
    passes = model.predict_members(X[:2])
    assert_allclose(passes[:, 0], passes[:, 1])
    # A mean of 50 units of 1 / 0.7, of which 0.7 are kept: 1, with a standard
    # deviation of sqrt(0.3 / 0.7 / 50); five standard errors of 400 passes.
    assert abs(passes.mean() - 1.0) < 5.0 * np.sqrt(0.3 / 0.7 / 50 / 400)
    assert_allclose(passes[:, 0].std(), np.sqrt(0.3 / 0.7 / 50), rtol=0.18)


def test_predictions_are_the_same_each_time_and_move_no_generator():
    model = fitted(DROPPING["dropout"])
    before = torch.get_rng_state()
    first = model.predict(X)
    assert torch.equal(torch.get_rng_state(), before)
    torch.rand(3)
    after = torch.get_rng_state()
    assert_array_equal(model.predict(X), first)
    loaded = pickle.loads(pickle.dumps(fitted(Functional)))
    assert_array_equal(loaded.predict(X), fitted(Functional).predict(X))
    more = model.set_params(n_samples=6).predict_members(X)
    assert_array_equal(more[:4].mean(axis=0), first)
    assert not model.net_.module_.training
    for net, one in zip(model.estimators_, more, strict=True):
        assert_allclose(net.predict(X)[:, 0], one, rtol=1e-6)
    assert torch.equal(torch.get_rng_state(), after)


@pytest.mark.parametrize("layers", [None, nn.Dropout], ids=["all", "dropout"])
def test_batch_normalisation_goes_by_what_it_has_learned(layers):
    module = sequence(nn.BatchNorm1d(8), nn.ReLU(), nn.Dropout(0.3))
    model = fitted(module, layers=layers)
    statistics = {
        name: value.clone() for name, value in model.net_.module_[1].named_buffers()
    }
    passes = model.predict_members(X)
    for name, value in model.net_.module_[1].named_buffers():
        assert torch.equal(value, statistics[name])
    # A row alone is normalised as it is among others.
    others = model.predict_members(np.vstack([X[:1], 100.0 * X[1:]]))
    assert_allclose(others[0, 0], passes[0, 0], rtol=1e-5)


def test_layers_say_what_leaves_out():
    module = sequence(nn.Dropout(0.3), nn.ReLU(), nn.AlphaDropout(0.3))
    spreads = [
        fitted(module, 300, layers=layers).predict_members(X[:1]).std()
        for layers in (nn.Dropout, nn.AlphaDropout, (nn.Dropout, nn.AlphaDropout), None)
    ]
    assert spreads[2] == spreads[3]
    assert min(spreads[:2]) > 0.0
    assert max(spreads[:2]) < spreads[2]
    with pytest.raises(ValueError, match=r"All passes .* layers=<class .*Dropout2d"):
        fitted(module, layers=nn.Dropout2d)


def test_nets_in_which_nothing_is_left_out_are_refused():
    with pytest.raises(ValueError, match="nothing is left out in it"):
        fitted(sequence(nn.ReLU()))
    with pytest.raises(ValueError, match="nothing is left out in it"):
        fitted(sequence(nn.ReLU(), nn.BatchNorm1d(8)))


def test_files_of_callbacks_have_the_names_that_they_were_given(tmp_path):
    ends = skorch.callbacks.TrainEndCheckpoint(dirname=str(tmp_path))
    net = net_of(DROPPING["dropout"], callbacks=[ends])
    MCDropoutRegressor(net, 2, random_state=0).fit(X, Y)
    assert "train_end_params.pt" in {file.name for file in tmp_path.iterdir()}


def test_one_pass_is_a_member():
    model = fitted(DROPPING["dropout"], 1)
    assert_array_equal(model.predict(X), model.predict_members(X)[0])


def test_spread_rises_off_the_range_of_what_was_learned():
    rows = np.linspace(-1.0, 1.0, 200)[:, None]
    y = 10.0 * rows[:, 0] ** 3
    model = MCDropoutRegressor(max_epochs=60, random_state=0).fit(rows, y)
    spread = model.predict_members([[0.0], [0.5], [3.0]]).std(axis=0)
    assert spread[2] > 2.0 * spread[:2].max()


WRONG = {
    "passes": ({"n_samples": 0}, "'n_samples' parameter"),
    "a name": ({"layers": "Dropout"}, "'layers' .* a class of torch modules"),
    "an instance": ({"layers": nn.Dropout()}, "'layers' parameter"),
    "no classes": ({"layers": ()}, "'layers' parameter"),
    "a rule": ({"combine": "meen"}, "'combine' parameter"),
}


@pytest.mark.parametrize("name", WRONG)
def test_bad_parameters_are_errors(name):
    options, message = WRONG[name]
    for cls in MCDropoutClassifier, MCDropoutRegressor:
        with pytest.raises(ValueError, match=message):
            cls(**options).fit(X, (Y > 0) * 1.0)
