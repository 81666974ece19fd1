"""What a fit leaves over, against fits made again."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.linalg import sqrtm
from scipy.sparse import csr_array
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.feature_selection import SelectFromModel, SelectKBest
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.model_selection import (
    GroupKFold,
    KFold,
    LeaveOneGroupOut,
    LeaveOneOut,
    ShuffleSplit,
    cross_val_predict,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import PolynomialFeatures, StandardScaler
from sklearn.tree import DecisionTreeRegressor

from ensembles.exceptions import InvalidParameterError
from ensembles.resampling._fitted import (
    ADJUSTMENTS,
    check_regressor,
    fit_regression,
    out_of_fold_residuals,
)

N = 12
RNG = np.random.default_rng(0)
X = RNG.normal(size=(N, 3)) * [1, 100, 0.1] + [0, 2000, 0]
Y = RNG.normal(size=N) + X[:, 0]
GROUPS = np.array([0, 1, 2, 3, 3, 2, 1, 0, 0, 3, 2, 2])


def hat(Z):
    return Z @ np.linalg.pinv(Z)


def with_ones(Z):
    return np.column_stack([np.ones(len(Z)), Z])


def adjusted(kind, fit, codes=None):
    return ADJUSTMENTS[kind](fit.residuals, fit.basis, codes)


@pytest.mark.parametrize(
    ("estimator", "design"),
    [
        (LinearRegression(), with_ones(X)),
        (LinearRegression(fit_intercept=False), X),
        (make_pipeline(StandardScaler(), LinearRegression()), with_ones(X)),
        (make_pipeline("passthrough", None, LinearRegression()), with_ones(X)),
        (make_pipeline(LinearRegression()), with_ones(X)),
        (
            make_pipeline(StandardScaler(), PolynomialFeatures(2), LinearRegression()),
            PolynomialFeatures(2).fit_transform(StandardScaler().fit_transform(X)),
        ),
    ],
    ids=["intercept", "none", "pipeline", "passthrough", "one step", "polynomial"],
)
def test_the_basis_spans_what_least_squares_saw(estimator, design):
    basis = fit_regression(estimator, X, Y).basis
    assert_allclose(basis.T @ basis, np.eye(basis.shape[1]), atol=1e-10)
    assert_allclose(basis @ basis.T, hat(design), atol=1e-6)


class LeansOnY(TransformerMixin, BaseEstimator):
    """Multiplies by the mean of y where it is told y."""

    def fit(self, X, y=None):
        self.factor_ = 1 if y is None else np.mean(y)
        return self

    def transform(self, X):
        return self.factor_ * X


@pytest.mark.parametrize(
    "estimator",
    [
        Ridge(),
        DecisionTreeRegressor(max_depth=2),
        LinearRegression(positive=True),
        make_pipeline(SelectKBest(k=2), LinearRegression()),
        make_pipeline(SelectFromModel(LinearRegression()), LinearRegression()),
        make_pipeline(LeansOnY(), LinearRegression()),
    ],
    ids=repr,
)
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_there_is_no_basis_where_the_fit_is_not_least_squares(estimator):
    assert fit_regression(estimator, X, np.round(Y)).basis is None


def test_columns_that_repeat_or_are_constant_take_no_degree_of_freedom():
    redundant = np.column_stack([X, X[:, 0] + 3, np.ones(N), np.zeros(N)])
    basis = fit_regression(LinearRegression(), redundant, Y).basis
    assert basis.shape == (N, 4)
    assert_allclose(basis @ basis.T, hat(with_ones(X)), atol=1e-6)
    only_mean = fit_regression(LinearRegression(), np.zeros((N, 1)), Y).basis
    assert_allclose(only_mean, np.full((N, 1), N**-0.5))
    without = LinearRegression(fit_intercept=False)
    assert fit_regression(without, np.zeros((N, 1)), Y).basis.shape == (N, 0)


def test_directions_that_least_squares_drops_take_no_leverage():
    """Whatever a version of scikit-learn holds for too small, H y is what it fits."""
    tiny = X * [1, 1, 1e-9]
    fit = fit_regression(LinearRegression(), tiny, Y)
    assert_allclose(fit.basis @ (fit.basis.T @ Y), fit.values)


def test_sparse_columns_have_the_leverage_of_dense_ones():
    Z = np.where(np.abs(X) > 0.5, X, 0)[:, :2]
    dense = fit_regression(LinearRegression(), Z, Y)
    sparse = fit_regression(LinearRegression(), csr_array(Z), Y)
    assert_allclose(sparse.basis @ sparse.basis.T, dense.basis @ dense.basis.T)


def test_scaled_residuals_have_the_unbiased_variance():
    fit = fit_regression(LinearRegression(), X, Y)
    s2 = (fit.residuals**2).sum() / (N - 4)
    assert_allclose((adjusted("scaled", fit) ** 2).mean(), s2)


def test_scaled_residuals_of_groups_carry_the_factor_of_stata():
    fit = fit_regression(LinearRegression(), X, Y)
    factor = (N - 1) / (N - 4) * 4 / 3
    expected = fit.residuals * np.sqrt(factor)
    assert_allclose(adjusted("scaled", fit, GROUPS), expected)


def test_modified_residuals_have_equal_variance_under_equal_errors():
    """The diagonal of A (I - H) A' is one, A the adjustment."""
    fit = fit_regression(LinearRegression(), X, Y)
    adjust = ADJUSTMENTS["modified"](np.eye(N), fit.basis, None)
    left = np.eye(N) - fit.basis @ fit.basis.T
    assert_allclose(np.diag(adjust @ left @ adjust.T), np.ones(N))


def test_modified_residuals_of_groups_are_uncorrelated_under_equal_errors():
    """Blocks of A (I - H) A' are identities; Bell & McCaffrey (2002)."""
    fit = fit_regression(LinearRegression(), X, Y)
    adjust = ADJUSTMENTS["modified"](np.eye(N), fit.basis, GROUPS)
    left = np.eye(N) - fit.basis @ fit.basis.T
    covariance = adjust @ left @ adjust.T
    for group in range(4):
        rows = np.flatnonzero(group == GROUPS)
        block = covariance[np.ix_(rows, rows)]
        assert_allclose(block, np.eye(len(rows)), atol=1e-9)
        root = np.linalg.inv(sqrtm(left[np.ix_(rows, rows)]).real)
        expected = root @ fit.residuals[rows]
        assert_allclose(adjusted("modified", fit, GROUPS)[rows], expected)


def test_deleted_residuals_are_errors_of_fits_without_the_row():
    fit = fit_regression(LinearRegression(), X, Y)
    left_out = cross_val_predict(LinearRegression(), X, Y, cv=LeaveOneOut())
    assert_allclose(adjusted("deleted", fit), Y - left_out, atol=1e-9)


def test_deleted_residuals_of_groups_are_errors_of_fits_without_the_group():
    fit = fit_regression(LinearRegression(), X[:, :1], Y)
    left_out = cross_val_predict(
        LinearRegression(), X[:, :1], Y, cv=LeaveOneGroupOut(), groups=GROUPS
    )
    assert_allclose(adjusted("deleted", fit, GROUPS), Y - left_out, atol=1e-9)


@pytest.mark.parametrize("kind", ADJUSTMENTS)
def test_groups_of_one_row_are_rows(kind):
    fit = fit_regression(LinearRegression(), X, Y)
    one_each = RNG.permutation(N)
    assert_allclose(adjusted(kind, fit, one_each), adjusted(kind, fit))


@pytest.mark.parametrize("kind", ADJUSTMENTS)
@pytest.mark.parametrize("codes", [None, GROUPS], ids=["rows", "groups"])
def test_several_targets_are_adjusted_one_by_one(kind, codes):
    several = np.column_stack([Y, Y[::-1]])
    both = adjusted(kind, fit_regression(LinearRegression(), X, several), codes)
    for j in range(2):
        one = fit_regression(LinearRegression(), X, several[:, j])
        assert_allclose(both[:, j], adjusted(kind, one, codes))


@pytest.mark.parametrize("kind", ["modified", "deleted"])
@pytest.mark.parametrize("codes", [None, np.arange(N)], ids=["rows", "groups"])
def test_a_row_that_fits_itself_keeps_its_residual_of_zero(kind, codes):
    own_column = np.column_stack([X[:, 0], np.arange(N) == 5])
    fit = fit_regression(LinearRegression(), own_column, Y)
    after = adjusted(kind, fit, codes)
    assert abs(after[5]) < 1e-9
    without = np.delete(np.arange(N), 5)
    rest = fit_regression(LinearRegression(), X[without, :1], Y[without])
    assert_allclose(after[without], adjusted(kind, rest), atol=1e-9)


def test_columns_for_the_groups_leave_what_they_do_not_explain():
    """A group's own mean is fitted exactly; the rest of it is adjusted."""
    dummies = (GROUPS[:, np.newaxis] == np.arange(4)).astype(float)
    model = LinearRegression(fit_intercept=False)
    after = adjusted("modified", fit_regression(model, dummies, Y), GROUPS)
    means = np.bincount(GROUPS, Y) / np.bincount(GROUPS)
    assert_allclose(after, Y - means[GROUPS], atol=1e-9)


@pytest.mark.parametrize(
    ("cv", "groups"),
    [
        (KFold(3), None),
        (KFold(4, shuffle=True, random_state=1), None),
        (GroupKFold(3), GROUPS),
    ],
    ids=repr,
)
def test_out_of_fold_residuals_are_those_of_cross_val_predict(cv, groups):
    tree = DecisionTreeRegressor(random_state=0)
    residuals = out_of_fold_residuals(tree, X, Y, cv=cv, groups=groups)
    assert_allclose(residuals, Y - cross_val_predict(tree, X, Y, cv=cv, groups=groups))


def test_folds_that_ignore_groups_are_warned_of():
    with pytest.warns(UserWarning, match="groups parameter is ignored by KFold"):
        out_of_fold_residuals(Ridge(), X, Y, cv=KFold(3), groups=GROUPS)


def test_a_splitter_that_does_not_test_each_row_once_is_an_error():
    with pytest.raises(ValueError, match="must test each row once, as KFold does"):
        out_of_fold_residuals(
            Ridge(), X, Y, cv=ShuffleSplit(2, random_state=0), groups=None
        )


class Constant(LinearRegression):
    """Predicts what it is told."""

    def __init__(self, predicted=0.0):
        self.predicted = predicted

    def fit(self, X, y):
        return self

    def predict(self, X):
        return self.predicted


@pytest.mark.parametrize(
    "predicted", [np.zeros(3), np.full(N, np.nan)], ids=["short", "nan"]
)
def test_predictions_that_are_no_fit_are_an_error(predicted):
    with pytest.raises(
        ValueError, match=r"must predict finite numbers of shape \(12,\)"
    ):
        fit_regression(Constant(predicted), X, Y)


def test_a_column_of_targets_may_be_predicted_flat():
    column = Y[:, np.newaxis]
    fit = fit_regression(DecisionTreeRegressor(max_depth=1), X, column)
    assert fit.residuals.shape == fit.values.shape == (N, 1)


@pytest.mark.parametrize(
    "estimator",
    [LogisticRegression(), LinearRegression, StandardScaler(), 3, "linear", object()],
    ids=["classifier", "class", "transformer", "number", "text", "object"],
)
def test_what_is_no_regressor_is_an_error(estimator):
    message = "'estimator' parameter of Owner must be a regressor or None. Got"
    with pytest.raises(InvalidParameterError, match=message):
        check_regressor("Owner", estimator)
    check_regressor("Owner", make_pipeline(StandardScaler(), Ridge()))
