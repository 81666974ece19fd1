"""Deep ensembles: members are plain fits of the net, under seeds of their own."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")
skorch = pytest.importorskip("skorch")

from numpy.testing import assert_allclose, assert_array_equal  # noqa: E402
from sklearn.base import clone  # noqa: E402
from sklearn.datasets import make_classification, make_moons  # noqa: E402
from sklearn.metrics import log_loss, r2_score  # noqa: E402
from sklearn.model_selection import GroupKFold, KFold  # noqa: E402
from skorch.callbacks import (  # noqa: E402
    Checkpoint,
    EarlyStopping,
    LRScheduler,
    TrainEndCheckpoint,
)
from skorch.dataset import Dataset, ValidSplit  # noqa: E402
from skorch.helper import predefined_split  # noqa: E402
from torch import nn  # noqa: E402

from ensembles import RollingOrigin  # noqa: E402
from ensembles._random import entropy_of, keys_for  # noqa: E402
from ensembles.nets import (  # noqa: E402
    DeepEnsembleClassifier,
    DeepEnsembleRegressor,
)
from ensembles.nets._wrap import default_module  # noqa: E402
from ensembles.nets.callbacks import AdversarialRows  # noqa: E402
from ensembles.resampling import (  # noqa: E402
    BayesianBootstrap,
    Bootstrap,
    GroupBootstrap,
    MovingBlockBootstrap,
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
        "module__hidden": (8, 8),
        **settings,
    }
    if cls is DeepEnsembleClassifier:
        options["criterion"] = nn.CrossEntropyLoss
    return kind(default_module, **options)


def fitted(cls, n_estimators=3, net=None, **options):
    options = {"random_state": 4, **options}
    ensemble = cls(net_for(cls) if net is None else net, n_estimators, **options)
    return ensemble.fit(X, target_of(cls))


def plain_fit(cls, seed, rows=slice(None), net=None, aside=None):
    """What skorch makes of the rows under a seed."""
    is_of_classes = cls is DeepEnsembleClassifier
    net = clone(net_for(cls) if net is None else net).set_params(
        module__n_features=6,
        module__n_outputs=3 if is_of_classes else 1,
        verbose=0,
        train_split=None,
    )
    y = LABELS if is_of_classes else VALUES[:, None]
    if aside is not None:
        net.set_params(train_split=predefined_split(Dataset(X[aside], y[aside])))
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


@pytest.mark.parametrize(
    ("cls", "scheme"),
    [
        pytest.param(DeepEnsembleClassifier, None, marks=pytest.mark.slow),
        (DeepEnsembleRegressor, Bootstrap()),
    ],
    ids=["all-classes", "bootstrap-values"],
)
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
        del learned[0]  # of a net that is made to look at sizes
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
    "a step": ({"adversarial_eps": -0.1}, "'adversarial_eps' parameter"),
    "a start": ({"warm_start": "yes"}, "'warm_start' parameter"),
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


def out_of_bag(ensemble, scheme, y, n_members=3):
    """Rows that members may be asked about, (n_members, n_samples)."""
    bound = scheme.bind(120, y)
    seeds = bound.seeds(entropy_of(4, 0), 0, n_members)
    in_bag = [bound.weights(seed) > 0.0 for seed in seeds]
    return np.array([bound.out_of_bag(own) for own in in_bag])


@pytest.mark.filterwarnings("ignore:Some inputs do not have OOB:UserWarning")
def test_rows_near_those_in_the_bag_are_not_asked_about():
    blocks = MovingBlockBootstrap(block_length=6, gap=2)
    ensemble = fitted(DeepEnsembleRegressor, 3, scheme=blocks, oob_score=True)
    asked = out_of_bag(ensemble, blocks, VALUES).any(axis=0)
    assert_array_equal(~np.isnan(ensemble.oob_prediction_), asked)
    closer = MovingBlockBootstrap(block_length=6)
    assert out_of_bag(ensemble, closer, VALUES).any(axis=0).sum() > asked.sum()


@pytest.mark.filterwarnings("ignore:Some inputs do not have OOB:UserWarning")
def test_rows_drawn_by_fractional_weights_are_in_the_bag():
    learned = []

    class Notes(skorch.callbacks.Callback):
        def on_train_begin(self, net, X=None, y=None, **kwargs):
            learned.append(X)

    net = net_for(DeepEnsembleClassifier, callbacks=[Notes()], max_epochs=1)
    ensemble = fitted(
        DeepEnsembleClassifier, 3, net, scheme=BayesianBootstrap(), oob_score=True
    )
    is_out = [~(rows[:, None] == X).all(axis=2).any(axis=0) for rows in learned[1:]]
    assert_array_equal(
        ~np.isnan(ensemble.oob_decision_function_[:, 0]), np.any(is_out, axis=0)
    )
    draws = {rows.tobytes() for rows in learned[1:]}
    assert len(draws) == 3


@pytest.mark.filterwarnings("ignore:Some inputs do not have OOB:UserWarning")
@pytest.mark.parametrize("n_targets", [1, 2])
def test_scores_out_of_bag_are_in_the_unit_of_the_target(n_targets):
    y = 1000.0 + 300.0 * np.column_stack([X[:, 0], X[:, 1]])[:, :n_targets]
    y = y[:, 0] if n_targets == 1 else y
    ensemble = DeepEnsembleRegressor(
        n_estimators=6,
        scheme=Bootstrap(),
        oob_score=True,
        max_epochs=40,
        random_state=0,
    ).fit(X, y)
    found = ensemble.oob_prediction_
    assert found.shape == y.shape
    known = ~np.isnan(found.reshape(120, -1)).any(axis=1)
    assert ensemble.oob_score_ == pytest.approx(r2_score(y[known], found[known]))
    assert ensemble.oob_score_ > 0.8


@with_both
def test_schemes_that_leave_no_row_out_have_no_score(cls, monkeypatch):
    monkeypatch.setattr(skorch.NeuralNet, "initialize", None)
    whole = Bootstrap(max_samples=1.0, replace=False)
    with pytest.raises(ValueError, match="leaves no row out for any of the 3 members"):
        fitted(cls, scheme=whole, oob_score=True)


def test_schemes_see_the_target_as_it_came():
    y = np.where(X[:, 0] > 0.5, 7.0, 3.0)
    rows = []

    class Notes(skorch.callbacks.Callback):
        def on_train_begin(self, net, X=None, y=None, **kwargs):
            rows.append(y)

    net = net_for(DeepEnsembleRegressor, callbacks=[Notes()], max_epochs=1)
    DeepEnsembleRegressor(
        net, 3, scheme=Bootstrap(stratify="y"), standardize_y=True, random_state=0
    ).fit(X, y)
    counts = {int((own > 0.0).sum()) for own in rows[1:]}
    assert counts == {int((y == 7.0).sum())}


@pytest.mark.parametrize(
    ("cls", "n_jobs"),
    [(DeepEnsembleClassifier, 1), (DeepEnsembleRegressor, 2)],
    ids=["classes", "values"],
)
def test_members_write_to_files_of_their_own(cls, n_jobs, tmp_path):
    keeps = Checkpoint(monitor="valid_loss_best", dirname=str(tmp_path), load_best=True)
    ends = TrainEndCheckpoint(dirname=str(tmp_path))
    net = net_for(cls, callbacks=[keeps, ends])
    split = ValidSplit(4)
    ensemble = fitted(cls, 2, net, train_split=split, n_jobs=n_jobs)
    plain = fitted(
        cls, 2, net_for(cls, callbacks=[ends]), train_split=split, n_jobs=n_jobs
    )
    names = {file.name for file in tmp_path.iterdir()}
    expected = {f"member_{i}_params.pt" for i in range(2)}
    assert expected | {f"train_end_{name}" for name in expected} <= names
    assert ensemble.predict_members(X).shape == plain.predict_members(X).shape


@with_both
def test_lazy_layers_instances_and_callbacks_that_set_sizes(cls):
    n_outputs = 3 if cls is DeepEnsembleClassifier else 1

    def make(n_outputs):
        return nn.LazyLinear(n_outputs)

    instance = nn.Linear(6, n_outputs)
    before = torch.get_rng_state()
    lazy = fitted(cls, net=make, max_epochs=1)
    assert lazy.net_.module_.in_features == 6

    class Sized(nn.Linear):
        def __init__(self, width=2, n_outputs=3):
            super().__init__(width, n_outputs)

    class Sets(skorch.callbacks.Callback):
        def on_train_begin(self, net, X=None, y=None, **kwargs):
            net.set_params(module__width=X.shape[1])

    net = net_for(cls, callbacks=[Sets()])
    del net.module__hidden
    net.set_params(module=Sized, module__n_outputs=n_outputs)
    assert fitted(cls, net=net).net_.module_.in_features == 6
    members = fitted(cls, net=instance, max_epochs=1).snapshots_
    weights = {member["module_"]["weight"].numpy().tobytes() for member in members}
    assert len(weights) == 3
    assert torch.equal(torch.get_rng_state(), before)


def test_nets_of_members_know_their_codes():
    ensemble = fitted(DeepEnsembleClassifier)
    for net in ensemble.estimators_:
        assert net.classes_.tolist() == [0, 1, 2]


@with_both
def test_any_member_may_diverge(cls):
    calls = []

    class Spoils(skorch.callbacks.Callback):
        def on_train_end(self, net, X=None, y=None, **kwargs):
            calls.append(1)
            if len(calls) == 3:
                net.module_[1].weight.data.fill_(np.nan)

    with pytest.raises(ValueError, match="weights of member 3 of 3 are not finite"):
        fitted(cls, net=net_for(cls, callbacks=[Spoils()]))


@with_both
def test_predictions_move_no_generator_even_through_a_loader(cls):
    ensemble = fitted(cls, net=net_for(cls, iterator_valid__num_workers=0))
    before = torch.get_rng_state()
    ensemble.predict(X)
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("engine", ["loop", "stacked"])
def test_splits_that_draw_are_drawn_from_the_seed(engine):
    """skorch's draw from numpy's own generator, which stays where it was."""
    net = net_for(DeepEnsembleClassifier)
    options = {"train_split": ValidSplit(0.3), "engine": engine}
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    first = fitted(DeepEnsembleClassifier, net=net, **options)
    assert_array_equal(np.random.get_state()[1], before)  # noqa: NPY002
    np.random.random(3)  # noqa: NPY002
    again = fitted(DeepEnsembleClassifier, net=net, **options)
    assert_array_equal(first.predict_members(X), again.predict_members(X))
    losses = [history[0]["valid_loss"] for history in first.histories_]
    assert len(set(losses)) == 3


@with_both
@pytest.mark.parametrize("engine", ["loop", "stacked"])
def test_folds_are_set_aside_in_turn(cls, engine):
    """Two folds of as many rows, so that they cannot be taken for one another."""
    y = target_of(cls)
    folds = KFold(2, shuffle=True, random_state=0)
    ensemble = fitted(cls, 3, cv=folds, engine=engine, oob_score=True)
    members = ensemble.predict_members(X)
    seeds = keys_for(4, 0, 3).tolist()
    (first, second), _ = folds.split(X)
    turns = [(first, second), (second, first), (first, second)]
    for seed, member, (rows, aside) in zip(seeds, members, turns, strict=True):
        assert_allclose(member, plain_fit(cls, seed, rows, aside=aside), rtol=1e-8)
    name = "decision_function" if cls is DeepEnsembleClassifier else "prediction"
    found = getattr(ensemble, f"oob_{name}_")
    # Rows of the second fold are the first member's and the third's.
    assert_allclose(found[second], members[[0, 2]].mean(axis=0)[second])
    assert_allclose(found[first], members[1][first])
    losses = [history[-1]["valid_loss"] for history in ensemble.histories_]
    if cls is DeepEnsembleClassifier:
        expected = [
            log_loss(y[aside], member[aside], labels=[0, 1, 2])
            for member, (_, aside) in zip(members, turns, strict=True)
        ]
        assert_allclose(losses, expected, rtol=1e-6)
    assert len(set(losses)) == 3


def test_members_stop_by_folds_that_others_learn_from():
    stopping = EarlyStopping(patience=1, load_best=True)
    net = net_for(DeepEnsembleClassifier, callbacks=[stopping], max_epochs=40)
    ensemble = fitted(DeepEnsembleClassifier, 5, net=net, cv=5, oob_score=True)
    assert len({len(history) for history in ensemble.histories_}) > 1
    assert not np.isnan(ensemble.oob_decision_function_).any()
    shares = ensemble.oob_decision_function_.argmax(axis=1) == LABELS
    assert ensemble.oob_score_ == shares.mean()


def test_folds_of_times_and_groups():
    origin = RollingOrigin(3, test_size=20)
    with pytest.warns(UserWarning, match="do not have OOB scores"):
        ensemble = fitted(DeepEnsembleRegressor, 3, cv=origin, oob_score=True)
    known = ~np.isnan(ensemble.oob_prediction_)
    assert_array_equal(np.flatnonzero(known), np.arange(60, 120))
    groups = np.repeat(np.arange(12), 10)
    by_group = DeepEnsembleRegressor(
        net_for(DeepEnsembleRegressor), 2, cv=GroupKFold(2), oob_score=True
    )
    assert by_group.fit(X, VALUES, groups=groups).oob_prediction_.shape == (120,)


@pytest.mark.parametrize(
    "other",
    [{"scheme": Bootstrap()}, {"train_split": ValidSplit(5)}],
    ids=["scheme", "split"],
)
def test_folds_go_with_no_other_rows_aside(other):
    words = "'cv' parameter.*None where a scheme draws rows or train_split sets some"
    with pytest.raises(ValueError, match=words):
        DeepEnsembleClassifier(cv=5, **other).fit(X, LABELS)


@with_both
@pytest.mark.parametrize("engine", ["loop", "stacked"])
def test_a_warm_start_ends_where_one_fit_ends(cls, engine):
    options = {"engine": engine, "scheme": Bootstrap(), "random_state": None}
    grown = fitted(cls, 2, warm_start=True, **options)
    first = grown.predict_members(X)
    grown.set_params(n_estimators=5).fit(X, target_of(cls))
    assert_array_equal(grown.predict_members(X)[:2], first)
    once = fitted(cls, 5, **{**options, "random_state": grown._entropy})
    assert_allclose(grown.predict_members(X), once.predict_members(X), rtol=1e-12)
    assert len(grown.histories_) == len(grown.estimators_) == 5


@with_both
def test_a_warm_start_scores_all_members_out_of_bag(cls):
    options = {"scheme": Bootstrap(), "oob_score": True, "random_state": 0}
    with pytest.warns(UserWarning, match="do not have OOB"):
        grown = fitted(cls, 2, warm_start=True, **options)
    grown.set_params(n_estimators=16).fit(X, target_of(cls))
    once = fitted(cls, 16, **options)
    assert grown.oob_score_ == pytest.approx(once.oob_score_)


@with_both
def test_a_warm_start_that_cannot_go_on_is_refused_and_changes_nothing(cls):
    grown = fitted(cls, 2, warm_start=True)
    before = grown.predict_members(X)
    with pytest.warns(UserWarning, match="without increasing n_estimators"):
        grown.fit(X, target_of(cls))
    assert_array_equal(grown.predict_members(X), before)
    grown.set_params(n_estimators=3)
    with pytest.raises(ValueError, match="are others than they have"):
        grown.fit(X[::-1], target_of(cls))
    grown.set_params(n_estimators=1)
    with pytest.raises(ValueError, match=r"larger or equal to len.*=2 when warm_start"):
        grown.fit(X, target_of(cls))
    assert_array_equal(grown.predict_members(X), before)
    grown.set_params(warm_start=False).fit(X, target_of(cls))
    assert len(grown.snapshots_) == 1
    grown.set_params(warm_start=True, n_estimators=2)
    grown.fit(np.asfortranarray(X), target_of(cls))  # the same rows
    assert len(grown.snapshots_) == 2
    grown.set_params(scheme=Bootstrap(), n_estimators=3)
    with pytest.raises(ValueError, match="scheme or cv give to these, are others"):
        grown.fit(X, target_of(cls))


@with_both
def test_members_learn_from_adversarial_rows(cls):
    moved = ("mine", AdversarialRows(0.05))
    by_hand = fitted(cls, net=net_for(cls, callbacks=[moved]))
    model = fitted(cls, adversarial_eps=0.05)
    assert_array_equal(model.predict_members(X), by_hand.predict_members(X))
    assert model.engine_ == "loop"
    assert "AdversarialRows" in model.engine_reason_
    assert not np.allclose(model.predict_members(X), fitted(cls).predict_members(X))
    with pytest.raises(ValueError, match="net disables its callbacks"):
        fitted(cls, net=net_for(cls, callbacks="disable"), adversarial_eps=0.01)


def test_what_members_of_classes_disagree_about():
    model = fitted(DeepEnsembleClassifier, 4)
    members = model.predict_members(X)
    total, aleatoric, epistemic = model.predict_uncertainty(X)
    mean = members.mean(axis=0)
    assert_allclose(total, -(mean * np.log(mean)).sum(axis=1))
    assert_allclose(aleatoric, -(members * np.log(members)).sum(axis=2).mean(axis=0))
    assert_allclose(epistemic, total - aleatoric)
    assert epistemic.min() > 0
