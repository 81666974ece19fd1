"""Deep ensembles: members are plain fits of the net, under seeds of their own."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")
skorch = pytest.importorskip("skorch")

from numpy.testing import assert_allclose, assert_array_equal  # noqa: E402
from sklearn.base import clone  # noqa: E402
from sklearn.datasets import make_classification, make_moons  # noqa: E402
from sklearn.metrics import log_loss  # noqa: E402
from skorch.callbacks import EarlyStopping, LRScheduler  # noqa: E402
from skorch.dataset import ValidSplit  # noqa: E402
from torch import nn  # noqa: E402

from ensembles._random import entropy_of, keys_for  # noqa: E402
from ensembles.nets import (  # noqa: E402
    DeepEnsembleClassifier,
    DeepEnsembleRegressor,
)
from ensembles.nets._wrap import MultilayerPerceptron  # noqa: E402
from ensembles.resampling import (  # noqa: E402
    BayesianBootstrap,
    Bootstrap,
    GroupBootstrap,
)

pytestmark = pytest.mark.nets

X, LABELS = make_classification(
    120, 6, n_informative=4, n_classes=3, n_clusters_per_class=1, random_state=0
)
VALUES = X[:, 0] * X[:, 1] + 5.0
BOTH = [DeepEnsembleClassifier, DeepEnsembleRegressor]
with_both = pytest.mark.parametrize("cls", BOTH, ids=["classes", "values"])


def target_of(cls):
    return LABELS if cls is DeepEnsembleClassifier else VALUES


def net_for(cls, **settings):
    kind = (
        skorch.NeuralNetClassifier
        if cls is DeepEnsembleClassifier
        else skorch.NeuralNetRegressor
    )
    options = {
        "lr": 0.05,
        "max_epochs": 3,
        "batch_size": 32,
        "iterator_train__shuffle": True,
        "module__hidden": 8,
        **settings,
    }
    if cls is DeepEnsembleClassifier:
        options["criterion"] = nn.CrossEntropyLoss
    return kind(MultilayerPerceptron, **options)


def fitted(cls, n_estimators=3, net=None, **options):
    options = {"random_state": 4, **options}
    ensemble = cls(net_for(cls) if net is None else net, n_estimators, **options)
    return ensemble.fit(X, target_of(cls))


def plain_fit(cls, seed, rows=slice(None), net=None):
    """What skorch makes of the rows under a seed."""
    is_of_classes = cls is DeepEnsembleClassifier
    net = clone(net_for(cls) if net is None else net).set_params(
        module__n_features=6,
        module__n_outputs=3 if is_of_classes else 1,
        verbose=0,
        train_split=None,
    )
    y = LABELS if is_of_classes else VALUES[:, None]
    with torch.random.fork_rng():
        torch.default_generator.manual_seed(seed)
        net.fit(X[rows], y[rows])
    return net.predict_proba(X) if is_of_classes else net.predict(X)[:, 0]


@with_both
def test_members_are_plain_fits_under_seeds_that_their_number_gives(cls):
    ensemble = fitted(cls)
    seeds = keys_for(4, 0, 3).tolist()
    assert len(set(seeds)) == 3
    for seed, member in zip(seeds, ensemble.predict_members(X), strict=True):
        assert_allclose(member, plain_fit(cls, seed), rtol=1e-12)


@with_both
def test_more_members_leave_the_first_ones_as_they_are(cls):
    for scheme in None, Bootstrap():
        few, many = (fitted(cls, n, scheme=scheme) for n in (2, 4))
        assert_array_equal(many.predict_members(X)[:2], few.predict_members(X))


@with_both
@pytest.mark.parametrize("scheme", [None, Bootstrap()], ids=["all", "bootstrap"])
def test_workers_make_no_difference(cls, scheme):
    options = {"scheme": scheme, "oob_score": scheme is not None}
    with_warnings = pytest.warns(UserWarning, match="OOB") if scheme else None
    for n_jobs in 1, 2:
        if with_warnings is None:
            ensemble = fitted(cls, n_jobs=n_jobs, **options)
        else:
            with pytest.warns(UserWarning, match="do not have OOB scores"):
                ensemble = fitted(cls, n_jobs=n_jobs, **options)
        members = ensemble.predict_members(X)
        if n_jobs == 1:
            first = members
    assert_array_equal(members, first)


@with_both
def test_members_learn_from_the_rows_of_a_scheme(cls):
    y = target_of(cls)
    entropy = entropy_of(4, 0)
    bound = Bootstrap().bind(120, y)
    draws = [bound.rows(seed) for seed in bound.seeds(entropy, 0, 3)]
    ensemble = fitted(cls, scheme=Bootstrap())
    seeds = keys_for(4, 0, 3).tolist()
    members = ensemble.predict_members(X)
    for seed, rows, member in zip(seeds, draws, members, strict=True):
        assert_allclose(member, plain_fit(cls, seed, rows), rtol=1e-12)
    assert len({tuple(rows) for rows in draws}) == 3


@with_both
def test_rows_out_of_bag_are_predicted_by_the_members_that_left_them_out(cls):
    y = target_of(cls)
    scheme = Bootstrap()
    with pytest.warns(UserWarning, match="Some inputs do not have OOB scores"):
        ensemble = fitted(cls, 3, scheme=scheme, oob_score=True)
    bound = scheme.bind(120, y)
    weights = [bound.weights(seed) for seed in bound.seeds(entropy_of(4, 0), 0, 3)]
    is_out = np.array(weights) == 0.0
    members = ensemble.predict_members(X)
    of_classes = cls is DeepEnsembleClassifier
    name = "oob_decision_function_" if of_classes else "oob_prediction_"
    found = getattr(ensemble, name)
    for row in range(120):
        own = members[is_out[:, row], row]
        if len(own):
            assert_allclose(found[row], own.mean(axis=0))
        else:
            assert np.isnan(found[row]).all()
    known = is_out.any(axis=0)
    assert 0 < known.sum() < 120
    if of_classes:
        said = found[known].argmax(axis=1)
        assert ensemble.oob_score_ == np.mean(said == LABELS[known])
    else:
        left = ((found - VALUES)[known] ** 2).mean()
        assert ensemble.oob_score_ == pytest.approx(1.0 - left / VALUES[known].var())
    # A fit without them forgets them.
    ensemble.set_params(oob_score=False).fit(X, y)
    assert not hasattr(ensemble, name)
    assert not hasattr(ensemble, "oob_score_")


def test_scores_out_of_bag_are_near_those_of_new_rows():
    rows, y = make_moons(3000, noise=0.3, random_state=0)
    ensemble = DeepEnsembleClassifier(
        n_estimators=15,
        scheme=Bootstrap(),
        oob_score=True,
        max_epochs=20,
        random_state=0,
    ).fit(rows[:600], np.array(["a", "b"])[y[:600]])
    test = ensemble.score(rows[600:], np.array(["a", "b"])[y[600:]])
    # Four standard errors of the difference.
    assert abs(ensemble.oob_score_ - test) < 0.055
    assert ensemble.oob_decision_function_.shape == (600, 2)


@with_both
def test_fractional_weights_are_probabilities_and_groups_stay_whole(cls):
    groups = np.random.default_rng(0).integers(0, 12, 120)
    y = target_of(cls)
    for scheme, given in (
        (BayesianBootstrap(), {}),
        (Bootstrap(max_samples=0.5, replace=False), {}),
        (GroupBootstrap(), {"groups": groups}),
    ):
        learned = []

        class Notes(skorch.callbacks.Callback):
            def on_train_begin(self, net, X=None, y=None, seen=learned, **kwargs):
                seen.append(X)

        net = net_for(cls, callbacks=[Notes()], max_epochs=1)
        cls(net, 4, scheme=scheme, random_state=0).fit(X, y, **given)
        assert len(learned) == 4
        for rows in learned:
            counts = (rows[:, None] == X).all(axis=2).sum(axis=0)
            assert counts.sum() == len(rows)
            if given:
                per_group = [set(counts[groups == group]) for group in range(12)]
                assert all(len(own) == 1 for own in per_group)
            elif isinstance(scheme, Bootstrap):
                assert set(counts) == {0, 1}
                assert len(rows) == 60
            else:
                assert len(rows) == 120
                assert counts.max() > 1
        assert len({rows.tobytes() for rows in learned}) == 4


def test_the_mean_is_better_than_members_are_on_average():
    rows, y = make_moons(1200, noise=0.4, random_state=0)
    ensemble = DeepEnsembleClassifier(random_state=0).fit(rows[:200], y[:200])
    losses = [log_loss(y[200:], p) for p in ensemble.predict_members(rows[200:])]
    loss = log_loss(y[200:], ensemble.predict_proba(rows[200:]))
    assert loss < np.mean(losses) - 0.01


@with_both
def test_each_member_stops_by_rows_of_its_own(cls):
    stopping = EarlyStopping(patience=2, load_best=True, sink=lambda *_, **__: None)
    net = net_for(cls, max_epochs=200, lr=0.3, callbacks=[stopping])
    ensemble = fitted(cls, 4, net, train_split=ValidSplit(4, random_state=None))
    lengths = {len(history) for history in ensemble.histories_}
    assert max(lengths) < 200
    assert len(lengths) > 1
    for history in ensemble.histories_:
        losses = history[:, "valid_loss"]
        assert np.argmin(losses) <= len(losses) - 2
        assert "batches" not in history[-1]


@with_both
def test_schedules_of_the_net_are_kept(cls):
    net = net_for(cls, callbacks=[LRScheduler("StepLR", step_size=1, gamma=1e-9)])
    slow = fitted(cls, 1, net)
    short = fitted(cls, 1, net_for(cls, max_epochs=1))
    assert_allclose(slow.predict_members(X), short.predict_members(X), rtol=1e-6)


@with_both
def test_an_interruption_by_the_user_is_none_by_a_callback(cls):
    class Interrupts(skorch.callbacks.Callback):
        def on_epoch_end(self, net, **kwargs):
            raise KeyboardInterrupt

    net = net_for(cls, callbacks=[Interrupts(), EarlyStopping("train_loss")])
    with pytest.raises(KeyboardInterrupt):
        fitted(cls, net=net)


WRONG = {
    "members": ({"n_estimators": 0}, "'n_estimators' parameter"),
    "a scheme": ({"scheme": "bootstrap"}, "'scheme' .* a scheme of ensembles.resampl"),
    "no scheme": ({"oob_score": True}, "'scheme' .* where oob_score=True.*all rows"),
    "a score": ({"oob_score": "r2", "scheme": Bootstrap()}, "'oob_score' parameter"),
    "workers": ({"n_jobs": 1.5}, "'n_jobs' parameter"),
    "a rule": ({"combine": "meen"}, "'combine' parameter"),
}


@with_both
@pytest.mark.parametrize("name", WRONG)
def test_bad_parameters_are_errors_before_any_training(cls, name, monkeypatch):
    options, message = WRONG[name]
    monkeypatch.setattr(skorch.NeuralNet, "initialize", None)
    with pytest.raises(ValueError, match=message):
        cls(net_for(cls), **options).fit(X, target_of(cls))


@with_both
def test_groups_that_nobody_looks_at_are_refused(cls):
    with pytest.raises(ValueError, match="without a scheme nobody looks at them"):
        cls(net_for(cls)).fit(X, target_of(cls), groups=np.arange(120))
    with pytest.raises(ValueError, match="groups"):
        cls(net_for(cls), scheme=GroupBootstrap()).fit(X, target_of(cls))


@with_both
def test_a_fit_that_fails_leaves_the_last_one_as_it_was(cls):
    ensemble = fitted(cls)
    before = ensemble.predict_members(X)
    with pytest.raises(ValueError, match="diverged"):
        ensemble.set_params(estimator__lr=1e300).fit(1e6 * X[:, :3], target_of(cls))
    assert_array_equal(ensemble.predict_members(X), before)
    assert ensemble.n_features_in_ == 6
