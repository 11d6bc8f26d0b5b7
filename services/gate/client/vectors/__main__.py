"""`python -m services.gate.client.vectors`: write the vectors anew, after the rule has changed."""

from services.gate.client import vectors

if __name__ == "__main__":
    vectors.write()
