"""The five services. None imports another; what one needs of another it learns from events."""
