"""All SQL of observation: cases, declarations and decisions, links, and copies of others' facts."""
