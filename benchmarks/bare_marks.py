"""What stands in a frame where each answer has a value of its own."""

TOKEN, NONCE = "--token--", "--nonce--"
