"""Workbooks: what is handed in is guarded and read row by row, what is handed out is written row by row."""
