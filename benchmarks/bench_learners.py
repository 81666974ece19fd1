"""AdaBoost of any learner: what boosting itself costs, and threads for classes.

*overhead*: wall time of a fit over that of its learners' own fits, both in one run. The
rest is predictions of training rows, weights and copies. *threads*: wall time of a fit
of ten classes with one worker over that with two; learners run in one thread each.
*stages*: medians of all stages of AdaBoost.R2, scikit-learn's time over ours.
*algorithms*: error and log loss of 400 stumps on ten normal features (ESL 10.2), and
milliseconds a round. *stopping*: error, log loss and rounds of 400 rounds on all rows,
of the best of them for a fifth of the rows set aside, and of as many as are best over
five folds; ten normal features as before, the same with one label in seven wrong in
both parts, and handwritten digits.

    OMP_NUM_THREADS=1 python benchmarks/bench_learners.py [overhead threads ...]
"""

from __future__ import annotations

import argparse
import time

import numpy as np
import sklearn.ensemble
from bench_boosting import task
from bench_trees import least_seconds
from joblib import parallel_config
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.datasets import load_digits, make_friedman1, make_hastie_10_2
from sklearn.ensemble import ExtraTreesClassifier, GradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.model_selection import train_test_split
from sklearn.tree import DecisionTreeClassifier

from ensembles import AdaBoostClassifier, AdaBoostRegressor, BoostingCV


class Timed(ClassifierMixin, BaseEstimator):
    """A classifier that knows how long all fits of its kind have taken."""

    seconds = 0.0

    def __init__(self, learner=None):
        self.learner = learner

    def fit(self, X, y, sample_weight=None):
        start = time.perf_counter()
        self.learner.fit(X, y, sample_weight=sample_weight)
        Timed.seconds += time.perf_counter() - start
        self.classes_ = self.learner.classes_
        return self

    def predict(self, X):
        return self.learner.predict(X)

    def predict_proba(self, X):
        return self.learner.predict_proba(X)


def overhead(options):
    X, y, _, _ = task("two", 3000)
    learners = [
        GradientBoostingClassifier(n_estimators=5, random_state=0),
        DecisionTreeClassifier(max_depth=8, random_state=0),
        LogisticRegression(C=1e4, tol=1e-8, max_iter=1000),
        ExtraTreesClassifier(20, max_depth=8, random_state=0),
    ]
    for learner in learners:
        for algorithm in "samme", "gentle":
            shares = []
            for _ in range(options.repeats):
                booster = AdaBoostClassifier(
                    Timed(learner), algorithm=algorithm, n_estimators=10
                )
                Timed.seconds, start = 0.0, time.perf_counter()
                booster.fit(X, y)
                shares.append((time.perf_counter() - start) / Timed.seconds)
            print(f"overhead {learner!r:55.55} {algorithm:7} {min(shares):.3f}")


def threads(options):
    X, y, _, _ = task("ten", 10_000)
    learner = DecisionTreeClassifier(max_depth=6, criterion="entropy")
    for algorithm in "real", "gentle":
        booster = AdaBoostClassifier(learner, algorithm=algorithm, n_estimators=3)

        def fit(n_jobs, booster=booster):
            with parallel_config("threading"):
                booster.set_params(n_jobs=n_jobs).fit(X, y)

        seconds = {1: [], 2: []}
        for _ in range(options.repeats):
            for n_jobs, all_of in seconds.items():
                start = time.perf_counter()
                fit(n_jobs)
                all_of.append(time.perf_counter() - start)
        ratio = min(seconds[1]) / min(seconds[2])
        print(f"threads  ten classes, {algorithm:7} {ratio:.2f}")


def stages(options):
    X, y = make_friedman1(2000, noise=1.0, random_state=0)
    boosters = [
        kind(n_estimators=100, random_state=0).fit(X, y)
        for kind in (sklearn.ensemble.AdaBoostRegressor, AdaBoostRegressor)
    ]
    times = least_seconds(
        [lambda b=booster: list(b.staged_predict(X)) for booster in boosters], 2
    )
    print(f"stages   {times[0] / times[1]:.0f}")


def algorithms(options):
    for algorithm in "samme", "real", "gentle", "logit":
        errors, losses, seconds = [], [], []
        for seed in range(5):
            X, y = make_hastie_10_2(12_000, random_state=seed)
            booster = AdaBoostClassifier(n_estimators=400, algorithm=algorithm)
            start = time.perf_counter()
            booster.fit(X[:2000], y[:2000])
            seconds.append(time.perf_counter() - start)
            errors.append(1.0 - booster.score(X[2000:], y[2000:]))
            losses.append(log_loss(y[2000:], booster.predict_proba(X[2000:])))
        print(
            f"algorithms {algorithm:7} error {sum(errors) / 5:.4f} ({min(errors):.4f} "
            f"to {max(errors):.4f}), log loss {sum(losses) / 5:.3f}, "
            f"{1e3 * min(seconds) / 400:.2f} ms a round"
        )


def noisy(seed, share):
    """Rows of ESL 10.2, a share of the labels turned round."""
    X, y = make_hastie_10_2(12_000, random_state=seed)
    y *= np.where(np.random.default_rng(seed).random(len(y)) < share, -1, 1)
    return X[:2000], y[:2000], X[2000:], y[2000:]


def digits(seed):
    X, y = load_digits(return_X_y=True)
    parts = train_test_split(X, y, train_size=0.5, stratify=y, random_state=seed)
    return parts[0], parts[2], parts[1], parts[3]


def stopping(options):
    tasks = {
        "normal": lambda seed: noisy(seed, 0.0),
        "noisy": lambda seed: noisy(seed, 0.15),
        "digits": digits,
    }
    for name, draw in tasks.items():
        for algorithm in "samme", "gentle", "logit":
            for way in "all rounds", "rows aside", "folds":
                found = [told(way, algorithm, seed, *draw(seed)) for seed in range(5)]
                error, loss, rounds = np.mean(found, axis=0)
                print(
                    f"stopping {name:7} {algorithm:7} {way:10} error {error:.3f}, "
                    f"log loss {loss:.3f}, {rounds:.0f} rounds"
                )


def told(way, algorithm, seed, X, y, X_test, y_test):
    """Error, log loss and rounds of a booster whose rounds are chosen that way."""
    model = AdaBoostClassifier(
        n_estimators=400, algorithm=algorithm, random_state=seed
    ).set_params(early_stopping=0.2 if way == "rows aside" else None)
    if way == "folds":
        model = BoostingCV(model)
    shares = model.fit(X, y).predict_proba(X_test)
    booster = model.estimator_ if way == "folds" else model
    error = 1.0 - model.score(X_test, y_test)
    return error, log_loss(y_test, shares), booster.n_estimators_


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    sections = {
        one.__name__: one for one in (overhead, threads, stages, algorithms, stopping)
    }
    parser.add_argument("sections", nargs="*", default=list(sections))
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    for name in options.sections:
        sections[name](options)


if __name__ == "__main__":
    main()
