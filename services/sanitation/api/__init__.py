"""HTTP surface of sanitation."""
