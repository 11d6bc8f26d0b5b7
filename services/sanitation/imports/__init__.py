"""Site lists as an office holds them: files to cells (`sheets`), cells to sites (`site_rows`), the `job`."""
