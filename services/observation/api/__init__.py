"""HTTP surface: `staff` for grid workers, clerks and officers, `resident` for people under observation."""
