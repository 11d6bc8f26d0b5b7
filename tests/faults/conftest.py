from tests.integration.bus.conftest import bench

__all__ = ["bench"]
