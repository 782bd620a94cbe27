"""総会当日の受付: desks, check-ins, and what the supervisor sets right."""
