"""Units of MuJoCo's sensors, by their types; models count in metres, kilograms and seconds."""

from typing import Any

_UNITS = {
    "TOUCH": "N",
    "ACCELEROMETER": "m/s^2",
    "VELOCIMETER": "m/s",
    "GYRO": "rad/s",
    "FORCE": "N",
    "TORQUE": "N*m",
    "RANGEFINDER": "m",
    "BALLANGVEL": "rad/s",
    "FRAMEPOS": "m",
    "FRAMELINVEL": "m/s",
    "FRAMEANGVEL": "rad/s",
    "FRAMELINACC": "m/s^2",
    "FRAMEANGACC": "rad/s^2",
    "SUBTREECOM": "m",
    "SUBTREELINVEL": "m/s",
    "SUBTREEANGMOM": "kg*m^2/s",
    "GEOMDIST": "m",
    "GEOMFROMTO": "m",
    "E_POTENTIAL": "J",
    "E_KINETIC": "J",
    "CLOCK": "s",
}
"""Not of tendons and actuators: they may count in metres or in radians, and mix them."""
_OF_JOINTS = {
    "JOINTPOS": ("m", "rad"),
    "JOINTVEL": ("m/s", "rad/s"),
    "JOINTACTFRC": ("N", "N*m"),
    "JOINTLIMITPOS": ("m", "rad"),
    "JOINTLIMITVEL": ("m/s", "rad/s"),
    "JOINTLIMITFRC": ("N", "N*m"),
}
"""Of a slide, and of a hinge."""
_SLIDE = 2


def sensor_unit(model: Any, sensor: int) -> str:
    """Unit of what a sensor reads; empty where it has none, or its type does not say."""
    import mujoco

    kind = mujoco.mjtSensor(int(model.sensor_type[sensor])).name.removeprefix("mjSENS_")
    if kind in _OF_JOINTS:
        joint = int(model.sensor_objid[sensor])
        return _OF_JOINTS[kind][int(model.jnt_type[joint]) != _SLIDE]
    return _UNITS.get(kind, "")
