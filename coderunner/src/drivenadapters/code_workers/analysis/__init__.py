"""The worker's side: source text is parsed, never executed; runs in the guest interpreter and needs nothing but it."""
