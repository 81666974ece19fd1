import pytest
from sklearn import config_context
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier

from ensembles import BaggingClassifier
from ensembles._ensemble._routing import consumes_sample_weight, route


def test_without_routing_only_what_is_allowed_passes():
    bag = BaggingClassifier()
    assert route(bag, "fit", {}) == {}
    assert route(bag, "fit", {"groups": [1]}, allow=("groups",)) == {}
    with pytest.raises(ValueError, match=r"BaggingClassifier\.fit is only supported"):
        route(bag, "fit", {"groups": [1]})


def test_with_routing_parameters_go_where_they_were_requested():
    with config_context(enable_metadata_routing=True):
        member = LogisticRegression().set_fit_request(sample_weight=True)
        assert consumes_sample_weight(member)
        assert not consumes_sample_weight(LogisticRegression())
        routed = route(BaggingClassifier(member), "fit", {"sample_weight": [1, 2]})
        assert routed.estimator.fit == {"sample_weight": [1, 2]}


def test_weights_are_taken_by_signature_without_routing():
    assert consumes_sample_weight(LogisticRegression())
    assert not consumes_sample_weight(KNeighborsClassifier())
