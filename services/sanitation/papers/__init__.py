"""What is printed, and what a printed code opens: sheets in both languages."""
