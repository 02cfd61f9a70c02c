"""The pages of published apps: static files that call the Web API, served through the gateway like everything else."""
