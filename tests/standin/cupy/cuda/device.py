"""The device, a context that changes nothing."""


class Device:
    """The only device, whose number is 0."""

    def __init__(self, device=None):
        self.id = int(device or 0)
        if self.id:
            raise ValueError(f"there is no device {self.id}")

    def __enter__(self):
        return self

    def __exit__(self, *problem):
        pass

    def __int__(self):
        return self.id

    def __eq__(self, other):
        return isinstance(other, Device)

    def __hash__(self):
        return self.id

    def __repr__(self):
        return f"<CUDA Device {self.id}>"

    def use(self):
        """Make this the current device, which it is."""

    def synchronize(self):
        """Wait for the kernels, which have run."""
