"""The parts of the crew card: who, alerts, allergies, medicines, people; how they are cut to size. Pure."""
