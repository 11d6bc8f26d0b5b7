"""Run the service: `python -m services.reporting`."""

from services.reporting.app import build
from services.reporting.settings import Settings
from shared.runtime import serve

if __name__ == "__main__":
    serve(build, Settings)
