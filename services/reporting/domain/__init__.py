"""Reporting's rules, pure: how figures add up and in which order HQ sees them."""
