"""Printed papers and pages."""
