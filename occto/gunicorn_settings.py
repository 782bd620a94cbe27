"""Gunicorn's settings: threads in two processes, a bounded life, no access log of its own (the application writes one)."""

worker_class = "gthread"
timeout = 60
graceful_timeout = 30
keepalive = 5
max_requests = 20_000
max_requests_jitter = 2_000
limit_request_line = 4094
limit_request_fields = 60
accesslog = None
errorlog = "-"
loglevel = "warning"
preload_app = False
