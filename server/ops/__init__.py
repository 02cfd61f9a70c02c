"""What operators look at: numbers of each process, whether it is ready, and its own small port for both."""
