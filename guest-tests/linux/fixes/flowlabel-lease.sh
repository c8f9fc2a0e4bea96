trigger flowlabel-lease
