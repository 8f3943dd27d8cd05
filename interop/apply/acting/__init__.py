"""Rules at work: what happened is looked at after its commit, what follows from it is written as any client writes."""
