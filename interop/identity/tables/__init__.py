"""What linking and scoring go by, as tables that a clinical safety officer can read and sign: rules.csv says which pairs are linked
without anyone deciding, weights.csv how much each comparison says, given-names.csv which names are forms of one."""
