"""What a workspace's plan allows; nothing is limited unless an administrator says so."""
