"""From journal to record: batches to mappers, contributions to changes, outcomes to whoever waits."""
