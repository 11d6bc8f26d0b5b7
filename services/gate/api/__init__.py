"""The gate's HTTP surface."""
