"""One device that is always there."""

from types import SimpleNamespace as _SimpleNamespace

from . import device
from .device import Device

runtime = _SimpleNamespace(getDeviceCount=lambda: 1)


def is_available():
    """There is a device."""
    return True


class Memory:
    """Where an array lies."""

    def __init__(self, ptr):
        self.ptr, self.device, self.device_id = ptr, Device(0), 0
