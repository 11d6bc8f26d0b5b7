"""Sanitation's commands: one transaction each."""
