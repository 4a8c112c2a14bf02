"""What the benchmarks share: pushes as WeChat sends them, servers to start, a load client, figures."""
