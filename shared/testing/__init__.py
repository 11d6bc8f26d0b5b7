"""Help for tests on real servers: databases from templates, waiting for facts. No doubles of our own code."""
