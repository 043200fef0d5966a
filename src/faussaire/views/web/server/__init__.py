"""Running the studio: the socket, the process beside a training, and what no request gets past."""
