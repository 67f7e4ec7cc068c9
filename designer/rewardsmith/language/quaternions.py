"""Quaternions of `xp`: unit quaternions as rotations, in the order their field declares."""

from typing import Any

from rewardsmith.language.findings import Refusal
from rewardsmith.language.operations import Value
from rewardsmith.language.primitives import Library, Registry

quaternions = Registry("geometry")

ORDERS = ("wxyz", "xyzw")


@quaternions("Hamilton product a*b: first b, then a")
def quat_mul(xp: Library, a: Value, b: Value, order: str = "wxyz") -> Any:
    """Compose two rotations."""
    aw, ax, ay, az = _parts(xp, a, order)
    bw, bx, by, bz = _parts(xp, b, order)
    return _quaternion(
        xp,
        order,
        aw * bw - ax * bx - ay * by - az * bz,
        aw * bx + ax * bw + ay * bz - az * by,
        aw * by - ax * bz + ay * bw + az * bx,
        aw * bz + ax * by - ay * bx + az * bw,
    )


@quaternions("(w, -x, -y, -z)")
def quat_conjugate(xp: Library, q: Value, order: str = "wxyz") -> Any:
    """The inverse rotation."""
    w, x, y, z = _parts(xp, q, order)
    return _quaternion(xp, order, w, -x, -y, -z)


@quaternions("2*arctan2(norm(vector part), |scalar part|) of conj(a)*b, in [0, pi]")
def quat_angle(xp: Library, a: Value, b: Value, order: str = "wxyz") -> Any:
    """Angle between two orientations, in radians."""
    turn = xp.quat_mul(xp.quat_conjugate(a, order), b, order)
    w, x, y, z = _parts(xp, turn, order)
    return 2.0 * xp.arctan2(xp.norm(xp.stack([x, y, z])), xp.abs(w))


@quaternions("v + 2*w*(u x v) + 2*u x (u x v), u the vector part")
def quat_rotate(xp: Library, q: Value, v: Value, order: str = "wxyz") -> Any:
    """Vector v of the body, seen from the world."""
    w, x, y, z = _parts(xp, q, order)
    u = xp.stack([x, y, z])
    twice = 2.0 * xp.cross(u, v)
    return xp.operations.array(v) + w * twice + xp.cross(u, twice)


@quaternions("quat_rotate(quat_conjugate(q), v)")
def quat_rotate_inverse(xp: Library, q: Value, v: Value, order: str = "wxyz") -> Any:
    """Vector v of the world, seen from the body."""
    return xp.quat_rotate(xp.quat_conjugate(q, order), v, order)


@quaternions("(2*(x*z + w*y), 2*(y*z - w*x), 1 - 2*(x^2 + y^2))")
def up_vector(xp: Library, q: Value, order: str = "wxyz") -> Any:
    """The body's z axis in the world; its entry 2 is 1 when upright."""
    w, x, y, z = _parts(xp, q, order)
    return xp.stack([2.0 * (x * z + w * y), 2.0 * (y * z - w * x), 1.0 - 2.0 * (x * x + y * y)])


@quaternions("(1 - 2*(y^2 + z^2), 2*(x*y + w*z), 2*(x*z - w*y))")
def forward_vector(xp: Library, q: Value, order: str = "wxyz") -> Any:
    """The body's x axis in the world."""
    w, x, y, z = _parts(xp, q, order)
    return xp.stack([1.0 - 2.0 * (y * y + z * z), 2.0 * (x * y + w * z), 2.0 * (x * z - w * y)])


@quaternions("arctan2(2*(w*z + x*y), 1 - 2*(y^2 + z^2))")
def yaw(xp: Library, q: Value, order: str = "wxyz") -> Any:
    """Heading about the world's z axis, in radians."""
    w, x, y, z = _parts(xp, q, order)
    return xp.arctan2(2.0 * (w * z + x * y), 1.0 - 2.0 * (y * y + z * z))


@quaternions("arcsin(2*(w*y - z*x))")
def pitch(xp: Library, q: Value, order: str = "wxyz") -> Any:
    """Pitch, in radians, in [-pi/2, pi/2]."""
    w, x, y, z = _parts(xp, q, order)
    return xp.arcsin(xp.clip(2.0 * (w * y - z * x), -1.0, 1.0))


@quaternions("arctan2(2*(w*x + y*z), 1 - 2*(x^2 + y^2))")
def roll(xp: Library, q: Value, order: str = "wxyz") -> Any:
    """Roll, in radians."""
    w, x, y, z = _parts(xp, q, order)
    return xp.arctan2(2.0 * (w * x + y * z), 1.0 - 2.0 * (x * x + y * y))


def _parts(xp: Library, q: Value, order: str) -> tuple[Any, Any, Any, Any]:
    if order not in ORDERS:
        raise Refusal("bad-call", reason='order is "wxyz" or "xyzw"',
                      signature='quat_mul(a, b, order="wxyz")')  # fmt: skip
    q = xp.operations.array(q)
    if xp.operations.shape(q) != (4,):
        raise Refusal("shapes-differ", left=xp.operations.shape(q), right=(4,))
    first = 0 if order == "wxyz" else -1
    x, y, z = (q[i + 1 + first] for i in range(3))
    return q[first], x, y, z


def _quaternion(xp: Library, order: str, w: Value, x: Value, y: Value, z: Value) -> Any:
    return xp.stack([w, x, y, z] if order == "wxyz" else [x, y, z, w])
