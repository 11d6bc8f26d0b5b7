"""What headquarters see in a browser: rendered from the same queries as the API (R7.1)."""
