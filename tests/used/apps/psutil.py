import psutil

print(
    psutil.Process().cpu_times().user >= 0,
    psutil.virtual_memory().total > 0,
    bool(psutil.net_if_addrs()),
    bool(list(psutil.process_iter(["name"]))),
)
