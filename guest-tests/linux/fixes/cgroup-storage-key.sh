trigger cgroup-storage-key
