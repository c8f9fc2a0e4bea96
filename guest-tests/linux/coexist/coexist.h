/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The mechanisms of the kernel that write to its own text, each with the same verbs.
 * Runs in the guest as root; files of tracefs, debugfs, bpffs are where the init mounts them.
 */
#ifndef COEXIST_H
#define COEXIST_H

#include <stddef.h>
#include <stdint.h>

#define TRACEFS "/sys/kernel/tracing/"

struct mechanism {
	const char *name;
	/* Puts it on `function`; 0, or -1 after a message. Stays after the process has ended. */
	int (*attach)(const struct mechanism *m, const char *function);
	/* Takes it off again; the same. */
	int (*detach)(const struct mechanism *m, const char *function);
	/* How often it was hit since it was attached; -1 after a message. */
	long (*hits)(const struct mechanism *m, const char *function);
	const char *detail;	/* what the three above need to know: offset, tracer, module, ... */
};

extern const struct mechanism trace_mechanisms[], bpf_mechanisms[], module_mechanisms[];

/* Prints the message and what errno says to stderr; always -1. */
int complain(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Writes `text` to the file, with one write(); 0, or -1 after a message. */
int put(const char *path, const char *text);

/* As put(), at the end of the file (kprobe_events and others that begin anew when truncated). */
int put_more(const char *path, const char *text);

/* The first `size` - 1 bytes of the file, as a string; -1 after a message. */
long get(const char *path, char *text, size_t size);

/* Where the running kernel has the function; 0 if it has none of this name. */
uint64_t address_of(const char *function);

/*
 * What search() finds for the function, 0 if nothing; a file in /tmp keeps it. To search takes an
 * emulator seconds.
 */
uint64_t remembered(const char *kind, const char *function, uint64_t (*search)(const char *));

/* Waits until `done` is true, 60 s at most; 0, or -1 after a message that names `what`. */
int wait_until(int (*done)(const void *), const void *arg, const char *what);

#endif
