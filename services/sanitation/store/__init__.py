"""All SQL of sanitation, one module a subject."""
