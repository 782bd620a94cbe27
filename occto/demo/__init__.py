"""Demo data: believable companies, people and cases of joining, the same from run to run. Only in demo mode."""
