"""`python -m services.gate`: run the gate until SIGTERM."""

from services.gate.app import build
from services.gate.settings import Settings
from shared.runtime import serve

if __name__ == "__main__":
    serve(build, Settings, leader_beside=True)
