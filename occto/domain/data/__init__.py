"""Small word lists read by the rules."""
