"""Published findings made again in their own small worlds, a paper a file: `run` of each gives rows."""
