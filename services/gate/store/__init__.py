"""All SQL of the gate, by subject: checks, devices, rules, and copies of others' facts."""
