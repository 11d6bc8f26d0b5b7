"""What the facts call for: a rule a function, from what read models know to the findings that should be open now."""
