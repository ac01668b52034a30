"""The models of the benchmarks in plain PyTorch, made to run well on the version that Debian has (1.13).

Weights are random: only the time is compared. Shapes come from the same config.json files that GmailCluster reads.
"""
