"""Sanitation's printed pages."""
