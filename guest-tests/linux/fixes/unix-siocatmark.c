/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * CVE-2026-52928: "af_unix: Reject SIOCATMARK on non-stream sockets".
 * SIOCATMARK looked at the first buffer of the queue of any AF_UNIX socket; only
 * streams have a mark, and only their readers keep the buffer it names alive.
 * The new function answers EOPNOTSUPP for the others. It is called through
 * proto_ops.ioctl of three tables, none of which is touched.
 */
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/namei.h>
#include <linux/net.h>
#include <linux/uaccess.h>
#include <net/af_unix.h>
#include <net/sock.h>
#include <asm/ioctls.h>
#include <linux/sockios.h>
#include <subtext.h>

int unix_ioctl(struct socket *sock, unsigned int cmd, unsigned long arg);

/* A descriptor of the file that the socket is bound to. */
static int socket_file(struct sock *sk)
{
	struct path path;
	struct file *file;
	int fd;

	if (!ns_capable(sock_net(sk)->user_ns, CAP_NET_ADMIN))
		return -EPERM;
	if (!smp_load_acquire(&unix_sk(sk)->addr))
		return -ENOENT;
	path = unix_sk(sk)->path;
	if (!path.dentry)
		return -ENOENT;
	path_get(&path);
	fd = get_unused_fd_flags(O_CLOEXEC);
	if (fd < 0)
		goto put;
	file = dentry_open(&path, O_PATH, current_cred());
	if (IS_ERR(file)) {
		put_unused_fd(fd);
		fd = PTR_ERR(file);
		goto put;
	}
	fd_install(fd, file);
put:
	path_put(&path);
	return fd;
}

static int at_mark(struct sock *sk)
{
	struct sk_buff *first = skb_peek(&sk->sk_receive_queue);

	return first && first == READ_ONCE(unix_sk(sk)->oob_skb);
}

static int unix_ioctl_fixed(struct socket *sock, unsigned int cmd, unsigned long arg)
{
	int __user *answer = (int __user *)arg;
	struct sock *sk = sock->sk;
	long amount;

	switch (cmd) {
	case SIOCOUTQ:
		return put_user((int)unix_outq_len(sk), answer);
	case SIOCINQ:
		amount = unix_inq_len(sk);
		return amount < 0 ? amount : put_user((int)amount, answer);
	case SIOCUNIXFILE:
		return socket_file(sk);
	case SIOCATMARK:
		if (sk->sk_type != SOCK_STREAM)
			return -EOPNOTSUPP;
		return put_user(at_mark(sk), answer);
	default:
		return -ENOIOCTLCMD;
	}
}
SUBTEXT_REPLACE(unix_ioctl, unix_ioctl_fixed);
