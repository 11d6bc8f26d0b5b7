"""What runs in production, as data, and the files for Compose, Kubernetes and systemd that are written from it."""
