"""The main job, seen from outside: an engine is started, a day of messages goes through its ports, three records are read back."""
