"""Run the service: `python -m services.registry`."""

from services.registry.app import build
from services.registry.settings import Settings
from shared.runtime import serve

if __name__ == "__main__":
    serve(build, Settings)
