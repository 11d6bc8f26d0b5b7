"""What desks and residents see in a browser: rendered by the functions that the API answers with."""
