trigger fs-log
