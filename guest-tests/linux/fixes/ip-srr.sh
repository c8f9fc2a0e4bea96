trigger ip-srr
