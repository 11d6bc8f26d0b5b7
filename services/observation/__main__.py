"""`python -m services.observation`."""

from services.observation.app import build
from services.observation.settings import Settings
from shared.runtime import serve

if __name__ == "__main__":
    serve(build, Settings)
