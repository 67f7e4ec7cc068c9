"""Identities of the primitives, and their rows against their graphs."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rewardsmith.language import library
from rewardsmith.language.shaping import TOLERANCE_SHAPES

xp = library.rows()
reals = st.floats(-100.0, 100.0)
shares = st.floats(0.0, 1.0)
vectors = st.tuples(reals, reals, reals).map(np.array)
quaternions = (
    st.tuples(*[st.floats(-1.0, 1.0)] * 4)
    .map(np.array)
    .filter(lambda q: bool(np.linalg.norm(q) > 0.1))
    .map(lambda q: q / np.linalg.norm(q))
)


def test_every_primitive_is_described() -> None:
    for primitive in library.describe():
        assert primitive.signature.startswith(f"{primitive.name}(")
        assert primitive.formula
        assert primitive.doc.endswith("."), primitive.name
    assert len(library.PRIMITIVES) > 70


@given(reals)
def test_wrapped_angle_is_the_same_angle_within_half_a_turn(angle: float) -> None:
    wrapped = xp.wrap_angle(angle)
    assert -math.pi <= wrapped < math.pi
    assert math.cos(wrapped - angle) == pytest.approx(1.0)


@given(st.floats(-10.0, 10.0), st.floats(0.01, 10.0), st.sampled_from(TOLERANCE_SHAPES))
def test_tolerance_is_one_inside_and_at_margin_at_the_margin(
    low: float, margin: float, shape: str
) -> None:
    score = [xp.tolerance(low + 1.0 + d, low, low + 1.0, margin, 0.2, shape) for d in (0, margin)]
    assert score[0] == pytest.approx(1.0, abs=1e-6)
    assert score[1] == pytest.approx(0.2, abs=1e-6)


@given(reals, st.sampled_from(TOLERANCE_SHAPES))
def test_tolerance_without_margin_is_a_condition(x: float, shape: str) -> None:
    assert xp.tolerance(x, -1.0, 1.0, 0.0, shape=shape) == pytest.approx(float(-1 <= x <= 1))


@given(shares, shares)
def test_hamacher_lies_between_zero_and_the_smaller_score(a: float, b: float) -> None:
    assert -1e-12 <= xp.hamacher(a, b) <= min(a, b) + 1e-9
    assert xp.hamacher(a, 1.0) == pytest.approx(a)
    assert xp.hamacher(0.0, 0.0) == 0.0


@given(reals, reals)
def test_safe_division_never_fails(a: float, b: float) -> None:
    assert xp.safe_divide(a, 0.0, 7.0) == 7.0
    if abs(b) > 1e-3:
        assert xp.safe_divide(a, b) == pytest.approx(a / b)


@given(reals)
def test_scores_stay_in_their_range(x: float) -> None:
    assert 0.0 <= xp.saturate(x) <= 1.0
    assert 0.0 <= xp.sigmoid(x) <= 1.0
    assert 0.0 <= xp.gaussian(x, 2.0) <= 1.0
    assert xp.hinge(x) >= 0.0
    assert xp.softplus(x) >= xp.hinge(x)
    assert xp.huber(x) <= 0.5 * x * x + 1e-9


@given(quaternions, vectors, st.sampled_from(("wxyz", "xyzw")))
def test_rotation_keeps_lengths_and_is_undone_by_its_inverse(
    q: np.ndarray, v: np.ndarray, order: str
) -> None:
    turned = xp.quat_rotate(q, v, order)
    assert xp.norm(turned) == pytest.approx(xp.norm(v), abs=1e-9)
    np.testing.assert_allclose(xp.quat_rotate_inverse(q, turned, order), v, atol=1e-9)


@given(quaternions, quaternions, vectors)
def test_quaternion_product_composes_rotations(a: np.ndarray, b: np.ndarray, v: np.ndarray) -> None:
    both = xp.quat_rotate(xp.quat_mul(a, b), v)
    np.testing.assert_allclose(both, xp.quat_rotate(a, xp.quat_rotate(b, v)), atol=1e-7)


@given(quaternions)
def test_axes_of_a_body_are_its_rotated_unit_vectors(q: np.ndarray) -> None:
    np.testing.assert_allclose(xp.up_vector(q), xp.quat_rotate(q, [0, 0, 1]), atol=1e-9)
    np.testing.assert_allclose(xp.forward_vector(q), xp.quat_rotate(q, [1, 0, 0]), atol=1e-9)
    assert xp.quat_angle(q, -q) == pytest.approx(0.0, abs=1e-6)


@given(st.floats(-3.1, 3.1))
def test_yaw_roll_and_pitch_read_turns_about_one_axis(angle: float) -> None:
    half, none = math.sin(angle / 2), 0.0
    w = math.cos(angle / 2)
    assert xp.yaw([w, none, none, half]) == pytest.approx(angle)
    assert xp.roll([w, half, none, none]) == pytest.approx(angle)
    assert xp.pitch([w, none, half, none]) == pytest.approx(math.asin(math.sin(angle)), abs=1e-6)
    assert xp.yaw([none, none, half, w], order="xyzw") == pytest.approx(angle)


@given(vectors, vectors, vectors)
def test_distance_from_a_segment_is_at_most_that_from_its_ends(
    p: np.ndarray, a: np.ndarray, b: np.ndarray
) -> None:
    found = xp.point_segment_distance(p, a, b)
    assert found <= min(xp.distance(p, a), xp.distance(p, b)) + 1e-9
    assert xp.point_segment_distance(a, a, a) == 0.0


@given(vectors, vectors)
def test_cross_product_is_at_right_angles(a: np.ndarray, b: np.ndarray) -> None:
    assert xp.dot(xp.cross(a, b), a) == pytest.approx(0.0, abs=1e-6)
    assert -1.0 <= xp.cosine(a, b) <= 1.0
    assert xp.cosine(a, [0.0, 0.0, 0.0]) == 0.0


def test_reductions_run_over_the_axes_of_one_step() -> None:
    points = np.array([[3.0, 4.0], [0.0, 1.0]])
    assert xp.sum(points) == 8.0
    np.testing.assert_array_equal(xp.norm(points, axis=-1), [5.0, 1.0])
    assert xp.norm([3.0, -4.0], order=1) == 7.0
    assert xp.norm([3.0, -4.0], order=math.inf) == 4.0
    assert xp.nearest(points, [0.0, 0.0]) == 1.0


def test_matrix_product_and_shape_functions_are_numpys() -> None:
    rng = np.random.default_rng(0)
    a, b, v = rng.normal(size=(4, 3)), rng.normal(size=(3, 2)), rng.normal(size=3)
    np.testing.assert_allclose(xp.matmul(a, b), a @ b)
    np.testing.assert_allclose(xp.matmul(a, v), a @ v)
    np.testing.assert_allclose(xp.matmul(v, b), v @ b)
    np.testing.assert_allclose(xp.matmul(v, v), v @ v)
    np.testing.assert_array_equal(xp.transpose(a), a.T)
    np.testing.assert_array_equal(xp.reshape(a, (2, -1)), a.reshape(2, 6))
    np.testing.assert_array_equal(xp.reshape(a, -1), a.ravel())
    np.testing.assert_array_equal(xp.reshape(2.0, (1, 1)), [[2.0]])
    np.testing.assert_array_equal(xp.squeeze(a[:1]), a[0])
    np.testing.assert_array_equal(xp.squeeze(a, axis=0), a)
    np.testing.assert_allclose(xp.cross(a, v), np.cross(a, v))
    np.testing.assert_allclose(xp.std(a, 0, 1), np.std(a, axis=0, ddof=1))


@given(reals, reals)
def test_smooth_maximum_is_at_least_the_maximum(a: float, b: float) -> None:
    assert xp.logaddexp(a, b) == pytest.approx(np.logaddexp(a, b))
    assert xp.logaddexp(a, b) >= max(a, b)


def test_first_stage_that_holds_decides() -> None:
    assert xp.staged([(False, 1.0), (True, 2.0), (True, 3.0)], 4.0) == 2.0
    assert xp.select([False, False], [1.0, 2.0], 4.0) == 4.0
