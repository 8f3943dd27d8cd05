"""What the tables of the GP, 111 and e-Referral families say, told by the formats' own rules."""
