"""Where no database of network addresses is installed, nothing is known of any address."""

from engine.ports import NetworkPlace


class NoLocator:
    """Knows no address; the patient's own word stands alone."""

    def locate(self, address: str) -> NetworkPlace | None:
        return None
