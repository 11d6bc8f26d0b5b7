"""What every command pays for before it does anything."""

import subprocess
import sys


def test_a_command_that_needs_no_service_reads_none() -> None:
    asked = (
        "import sys, deploy.cli.__main__\n"
        "print(sorted({'fastapi', 'nats', 'services'} & {name.partition('.')[0] for name in sys.modules}))"
    )
    done = subprocess.run([sys.executable, "-c", asked], check=True, capture_output=True, text=True)  # noqa: S603
    assert done.stdout.strip() == "[]"
