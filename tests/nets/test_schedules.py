import pytest

torch = pytest.importorskip("torch")

from ensembles.nets._schedules import cosine_share, cycle_ends  # noqa: E402

pytestmark = pytest.mark.nets


def rates(peak, ends):
    return [peak * cosine_share(t, ends) for t in range(1, ends[-1] + 1)]


def test_known_answer_of_equation_2():
    """Huang et al. (2017), eq. 2, with cycles of 4 from 0.1."""
    cycle = [0.1, 0.08536, 0.05, 0.01464]
    assert rates(0.1, cycle_ends(8, 2)) == pytest.approx(cycle * 2, abs=5e-6)


@pytest.mark.parametrize(("n_iterations", "n_cycles"), [(40, 5), (12, 3), (7, 7)])
def test_equals_torch_where_cycles_divide_the_run(n_iterations, n_cycles):
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.1)
    scheduler = torch.optim.lr_scheduler.CosineAnnealingWarmRestarts(
        optimizer, T_0=n_iterations // n_cycles
    )
    expected = []
    for _ in range(n_iterations):
        expected.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    actual = rates(0.1, cycle_ends(n_iterations, n_cycles))
    assert actual == pytest.approx(expected, abs=1e-15)


def test_ends_where_cycles_do_not_divide_the_run():
    assert cycle_ends(10, 3) == [3, 7, 10]
    assert cycle_ends(5, 2) == [3, 5]


@pytest.mark.parametrize("n_cycles", range(1, 12))
@pytest.mark.parametrize("extra", range(25))
def test_every_cycle_is_complete(n_cycles, extra):
    """The last rate of each cycle is its lowest, and as low as its length allows."""
    n_iterations = n_cycles + extra
    ends = cycle_ends(n_iterations, n_cycles)
    lengths = [end - start for start, end in zip([0, *ends], ends, strict=False)]
    assert ends[-1] == n_iterations
    assert max(lengths) - min(lengths) <= 1
    assert min(lengths) >= 1
    shares = rates(1.0, ends)
    for end, length in zip(ends, lengths, strict=True):
        cycle = shares[end - length : end]
        assert cycle[0] == 1
        assert cycle == sorted(cycle, reverse=True)
        mirrored = [1 - share for share in reversed(cycle[1:])]
        assert cycle[1:] == pytest.approx(mirrored)


def test_fewer_iterations_than_cycles_is_an_error():
    with pytest.raises(ValueError, match=r"5 cycles need at least 5 iterations.*are 4"):
        cycle_ends(4, 5)
