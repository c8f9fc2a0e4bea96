# Who takes a rwlock for reading while the signals are sent? Calls of new code have no name.
tracing=/sys/kernel/tracing
test -e $tracing/trace || mount -t tracefs none $tracing
echo 0 > $tracing/tracing_on
echo _raw_read_lock > $tracing/set_ftrace_filter
echo function > $tracing/current_tracer
echo > $tracing/trace
signals=$(triggers sigio-lock)
calls=$(sed -n 's/^ *triggers-.*: _raw_read_lock //p' $tracing/trace | sort -u | tr '\n' ' ')
echo nop > $tracing/current_tracer
echo > $tracing/set_ftrace_filter
case "$signals/$calls" in
"signals: SIGIO SIGURG/<-send_sigio <-send_sigurg ")
	echo "old: tasklist_lock inside fown->lock: $calls" ;;
"signals: SIGIO SIGURG/") echo "fixed: no second lock inside fown->lock" ;;
*) echo "broken: $signals, locks: $calls" ;;
esac
