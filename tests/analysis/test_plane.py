"""The compiled statistics are those of the slow and obvious ones, order by order."""

from __future__ import annotations

import numpy as np
import plane_oracle
import pytest

from genn_delays.analysis.plane import COLUMNS, Plane

ORDERS = 20


def made(kind: str, n: int, seed: int) -> Plane:
    rng = np.random.default_rng(seed)
    x = {
        "apart": lambda: np.arange(n) / 4.0,
        "shared": lambda: np.repeat(np.arange(-(-n // 6)), 6)[:n] / 4.0,
        "scattered": lambda: np.sort(rng.uniform(0, 40, n)),
        "one": lambda: np.zeros(n),
    }[kind]()
    y = rng.uniform(0, 10, n)
    if seed % 2:  # delays that are the same, as at their bounds
        y = np.clip(np.round(y * 2 - 5), 0, 8) / 2
    return Plane(x, y, rng.normal(0.2, 1.0, n), seed * 977 + 2**63)


@pytest.mark.parametrize("kind", ["apart", "shared", "scattered", "one"])
@pytest.mark.parametrize(("n", "seed"), [(40, 1), (40, 2), (97, 3), (97, 4), (5, 5), (5, 6)])
def test_every_statistic_of_every_order_is_that_of_the_oracle(kind, n, seed):
    plane = made(kind, n, seed)
    found = plane.orders(ORDERS)
    for number in range(1 + ORDERS):
        order = plane_oracle.order(plane.seed, number, n)
        weights = plane_oracle.statistics(plane.x, plane.y, plane.weight[order])
        delays = plane_oracle.statistics(plane.x, plane.y[order], plane.weight)
        expected = [{"weights": weights, "delays": delays}[what][name] for what, name in COLUMNS]
        if not plane.defined().all():
            expected = np.where(plane.defined(), expected, np.nan)
        np.testing.assert_allclose(found[number], expected, rtol=1e-11, atol=1e-12)


def test_fewer_orders_are_the_first_of_more():
    plane = made("shared", 50, 7)
    np.testing.assert_array_equal(plane.orders(30)[:12], plane.orders(11))


def test_orders_are_uniform():
    """Each of the 24 orders of four things: 6000 draws, chi-square of 23 degrees of freedom."""
    drawn = [tuple(plane_oracle.order(5, number, 4)) for number in range(1, 6001)]
    _, counts = np.unique(drawn, axis=0, return_counts=True)
    assert len(counts) == 24
    assert 8.0 < ((counts - 250.0) ** 2 / 250.0).sum() < 49.7  # 0.2 and 99.9 %


def test_what_has_no_value_is_nan():
    plane = made("apart", 20, 1)
    columns = [name for _, name in COLUMNS]
    excited = Plane(plane.x, plane.y, np.abs(plane.weight), 1)
    known = [name for name, ok in zip(columns, excited.defined(), strict=True) if ok]
    assert known == ["moran_weight", "moran_weight"]
    assert np.isfinite(excited.orders(3)).sum() == 2 * 4
    alike = Plane(plane.x, plane.y, np.ones(20), 1)
    assert np.isnan(alike.orders(3)).all()
    one = (plane.x, np.zeros(20), plane.weight, 1)
    for axes, runs in (((True, False), [True, False]), ((False, True), [False, True])):
        found = ~np.isnan(Plane(*one, *axes).orders(3))
        assert found.tolist() == [[True, True, True, *runs, *[False] * 4]] * 4
    assert np.isnan(Plane(*one, False, False).orders(3)).all()
    assert np.isnan(Plane(*(np.zeros(0),) * 3, 1).orders(3)).all()
