"""Who is the same person: values only, nothing here calls a store."""
