"""The person's plan as many authors write it: folded from their resources by tables under ``mappings/careplan``. Pure."""
