"""Rows on other machines: the executor on a dask cluster, its side there, and what is sent along; imports all of `running`, nothing
there imports it. Importing this enters the executor."""

from ..executors import EXECUTORS

if "cluster" not in EXECUTORS:
    EXECUTORS.add("cluster", "orbitcheck.harness.running.elsewhere.cluster:Cluster")
