trigger seccomp-tsync
