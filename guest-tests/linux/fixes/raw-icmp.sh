trigger raw-icmp
