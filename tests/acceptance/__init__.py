"""A package, so that pytest ends what these tests share after the last of them: a running town costs processor time."""
