# The length of lo's queue, set through sysfs.
queue=/sys/class/net/lo/tx_queue_len
was=$(cat $queue)
echo 30000 > $queue && test "$(cat $queue)" = 30000 || echo "broken: 30000 refused"
if echo 100000 2> /dev/null > $queue; then
	echo "old: a queue of $(cat $queue) packets"
else
	echo "fixed: 100000 packets refused, the length stays $(cat $queue)"
fi
echo "$was" > $queue
