"""What people do on a day, by where they do it; each writes down what it did."""
