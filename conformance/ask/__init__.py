"""Questions to what the validator knows: snapshots, FHIRPath, terminology."""
