# Which functions take a rwlock for reading while the signals are sent?
tracing=/sys/kernel/tracing
test -e $tracing/trace || mount -t tracefs none $tracing
echo 0 > $tracing/tracing_on
echo _raw_read_lock > $tracing/set_ftrace_filter
echo function > $tracing/current_tracer
echo > $tracing/trace
signals=$(trigger sigio-lock)
locks=$(grep -c '<-send_sig' $tracing/trace)
both=$(grep -o '<-send_sig[a-z]*' $tracing/trace | sort -u | wc -l)
all=$(grep -c '^ *sigio-lock' $tracing/trace)
sed -n '/^ *sigio-lock/s/.*: //p' $tracing/trace | head -4 > /tmp/sigio-lock.calls
echo nop > $tracing/current_tracer
echo > $tracing/set_ftrace_filter
case "$signals/$both" in
"signals: SIGIO SIGURG/2") echo "old: tasklist_lock inside fown->lock:" $(cat /tmp/sigio-lock.calls) ;;
"signals: SIGIO SIGURG/0") echo "fixed: no lock inside fown->lock ($all taken elsewhere)" ;;
*) echo "broken: $signals, $locks locks:" $(cat /tmp/sigio-lock.calls) ;;
esac
