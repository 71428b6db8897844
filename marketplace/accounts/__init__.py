"""People: phone and password, roles granted for a division, sessions."""
