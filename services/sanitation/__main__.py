"""Run the service: `python -m services.sanitation`."""

from services.sanitation.app import build
from services.sanitation.settings import Settings
from shared.runtime import serve

if __name__ == "__main__":
    serve(build, Settings)
