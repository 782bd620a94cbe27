"""加入手続き: what the applicant does (entry, drafts, files, submission), what staff do (review, approval, paper), time (lapse)."""
