"""Site lists as an office holds them: cells to sites (`site_rows`), the `job`."""
