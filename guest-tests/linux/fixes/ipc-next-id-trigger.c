/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Asks twice for the last index that a message queue can have, and where the second gets.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/msg.h>

#define LAST_INDEX 32767

static int queue_at(int index)
{
	FILE *next = fopen("/proc/sys/kernel/msg_next_id", "w");

	if (!next || fprintf(next, "%d\n", index) < 0 || fclose(next))
		return -1;
	return msgget(IPC_PRIVATE, 0600);
}

int main(void)
{
	struct msqid_ds state;
	int ordinary = msgget(IPC_PRIVATE, 0600);
	int first = queue_at(LAST_INDEX);
	int second = queue_at(LAST_INDEX);
	int err = errno;

	if (first != LAST_INDEX || ordinary < 0 || msgctl(first, IPC_STAT, &state)) {
		printf("broken: queues %d and %d: %s\n", ordinary, first, strerror(errno));
		return 1;
	}
	msgctl(first, IPC_RMID, NULL);
	msgctl(ordinary, IPC_RMID, NULL);
	if (second > LAST_INDEX && msgctl(second, IPC_STAT, &state))
		printf("old: queue %d, past the last index: %s\n", second, strerror(errno));
	else if (second < 0 && err == ENOSPC)
		printf("fixed: no index left: %s\n", strerror(err));
	else
		printf("broken: queue %d: %s\n", second, strerror(err));
	return 0;
}
