"""The registry's rules: pure, values in and values out."""
