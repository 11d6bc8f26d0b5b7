"""Pages to print: self-contained HTML without script."""
