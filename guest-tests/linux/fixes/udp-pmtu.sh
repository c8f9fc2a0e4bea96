# An address to be quoted, and a network behind it where packets get lost.
ip link set lo up
ip addr add 10.9.0.1/32 dev lo 2> /dev/null
ip route add 10.9.0.0/16 dev lo 2> /dev/null
triggers udp-pmtu
