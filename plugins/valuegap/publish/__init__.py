"""From the audited candidate to what readers open: the published warehouse and its exports."""
