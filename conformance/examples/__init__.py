"""An example day of messages from an example GP practice, hospital, ambulance service and e-Referral; all people are invented."""
