"""VERBS by subject: load again under the lock → check → change → audit → queue mail → flush. None commits."""
