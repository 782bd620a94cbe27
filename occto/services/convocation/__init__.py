"""招集通知: written, sent to the frozen roll, followed to every member until it is accepted, posted or answered."""
