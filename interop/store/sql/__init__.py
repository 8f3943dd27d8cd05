"""The store's SQL, written once. Every piece of work is a generator that yields statements and is sent their rows, so a
driver that blocks and a driver that awaits run the same text."""
