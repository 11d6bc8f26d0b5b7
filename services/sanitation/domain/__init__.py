"""Sanitation's rules, pure: values in, values out; the time and the policy are handed in."""
