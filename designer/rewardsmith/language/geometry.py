"""Geometry of `xp`: distances, vectors and points in the plane or in space."""

from typing import Any

from rewardsmith.language.findings import Refusal
from rewardsmith.language.operations import Value
from rewardsmith.language.primitives import Library, Registry

geometry = Registry("geometry")


@geometry("norm(a - b)")
def distance(xp: Library, a: Value, b: Value) -> Any:
    """Distance of two points; of each of several points (n, k) from one."""
    return xp.norm(_value(xp, a) - _value(xp, b), axis=-1)


@geometry("v / norm(v), 0 for a zero vector")
def direction(xp: Library, v: Value) -> Any:
    """Unit vector along v."""
    return xp.safe_divide(v, xp.norm(v, axis=-1, keepdims=True))


@geometry("(a1*b2 - a2*b1, a2*b0 - a0*b2, a0*b1 - a1*b0)")
def cross(xp: Library, a: Value, b: Value) -> Any:
    """Vector product of two vectors of three; of each pair, for several vectors."""
    a, b = _value(xp, a), _value(xp, b)
    for v in (a, b):
        if xp.operations.shape(v)[-1:] != (3,):
            raise Refusal("bad-call", reason="a vector does not have three entries",
                          signature="cross(a, b)")  # fmt: skip
    ax, ay, az = (a[..., i] for i in range(3))
    bx, by, bz = (b[..., i] for i in range(3))
    return xp.stack([ay * bz - az * by, az * bx - ax * bz, ax * by - ay * bx], axis=-1)


@geometry("arccos(cosine(a, b))")
def angle_between(xp: Library, a: Value, b: Value) -> Any:
    """Angle between two vectors, in [0, pi]."""
    return xp.arccos(xp.cosine(a, b))


@geometry("distance of p from the nearest point of the segment from a to b")
def point_segment_distance(xp: Library, p: Value, a: Value, b: Value) -> Any:
    """How far a point is from a line segment."""
    p, a, b = _value(xp, p), _value(xp, a), _value(xp, b)
    along = xp.saturate(xp.safe_divide(xp.dot(p - a, b - a), xp.dot(b - a, b - a)))
    return xp.norm(p - a - along * (b - a))


@geometry("min over i of norm(points[i] - p)")
def nearest(xp: Library, points: Value, p: Value) -> Any:
    """Distance of p from the nearest of several points (n, k)."""
    return xp.min(xp.distance(points, p))


@geometry("v - dot(v, u)*u with u = direction(axis)")
def perpendicular(xp: Library, v: Value, axis: Value) -> Any:
    """Part of v at a right angle to `axis`."""
    u = xp.direction(axis)
    return _value(xp, v) - xp.dot(v, u) * u


def _value(xp: Library, x: Value) -> Any:
    return xp.operations.array(x)
