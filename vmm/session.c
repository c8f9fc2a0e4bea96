/* SPDX-License-Identifier: GPL-2.0-only */
/* The console session: carries out the verbs of the protocol and chooses the CPU that polls the line. */
#include "vmm/session.h"
#include "vmm/cpu.h"
#include "patcher/engine/engine.h"
#include "patcher/engine/guest.h"
#include "vmm/log.h"
#include "vmm/emulate/msr.h"
#include "vmm/mem/pool.h"
#include "vmm/smp/rendezvous.h"
#include "vmm/spin.h"
#include "vmm/uart.h"
#include "vmm/vcpu.h"
#include "patcher/wire/server.h"
#include "vmm/x86.h"

/* Polls per second. */
#define IDLE_HZ		10u	/* no session */
#define SESSION_HZ	1000u	/* a FIFO of 16 bytes fills in 1.4 ms at 115200 */
#define SEND_HZ		2500u	/* a full FIFO is empty again after 1.4 ms */
#define BUSY_HZ		5000u	/* during a transaction: its slices take up to 100 us each */
#define RECEIVE_HZ	10000u	/* while a line arrives at a UART that holds few bytes (Bochs: one) */
#define UNPAGED_WAITS	1000u	/* slices that put_off() may put off, one in 200 us */
#define MIN_TICKS	1500u	/* least between two slices: the guest makes progress on a slow CPU */
#define LINGER_MS	2000u	/* how long after the last byte SESSION_HZ lasts */
#define WATCH_S		2u	/* how often the other CPUs check that the poller still polls */

static struct server server;
static struct spin session_lock;
static unsigned int poller;
static uint64_t last_poll, last_byte;

/* Ticks since @then; 0 if @then is in the future: the guest may set the TSC back. */
static uint64_t since(uint64_t then)
{
	int64_t d = (int64_t)(rdtsc() - then);

	return d < 0 ? 0 : (uint64_t)d;
}

/* ---- what the protocol's verbs do ---- */

static void op_info(struct text *t)
{
	struct engine_stats stats;
	uint64_t exits = 0, timer = 0, hidden = 0;

	engine_stats(&stats);
	for (unsigned int i = 0; i < boot_info.cpus; i++) {
		exits += cpu_get(i)->exits;
		timer += cpu_get(i)->timer_exits;
		hidden += cpu_get(i)->hidden_writes;
	}
	text_format(t, " version=%s cpus=%u tsc_hz=%lu uptime_ms=%lu memory=0x%lx memory_kib=%lu",
		    SUBTEXT_VERSION, boot_info.cpus, boot_info.tsc_hz,
		    uptime_ms(), boot_info.phys, boot_info.size >> 10);
	text_format(t, " pool_free_kib=%lu guarded_pages=%u live_sites=%u annex_used=%lu merges=%lu",
		    pool_available() << 2, stats.guarded_pages, stats.live_sites, stats.annex_used,
		    stats.merges);
	text_format(t, " window_writes=%lu hidden_writes=%lu exits=%lu timer_exits=%lu lstar=0x%lx",
		    stats.window_writes, hidden, exits, timer, machine_anchor());
}

static bool op_list(unsigned int i, struct text *t)
{
	struct patch_info p;

	if (!engine_info(i, &p))
		return false;
	text_format(t, " id=%*p name=%s state=%s sites=%u pages=%u annex=0x%lx text=%lu data=%lu",
		    SERVER_ID_LEN, p.id, p.name, stage_name(p.state), p.sites, p.pages,
		    p.annex, p.text_size, p.data_size);
	text_format(t, " applied=%u reverted=%u", p.applied, p.reverted);
	return true;
}

static bool op_sites(const uint8_t *id, unsigned int i, struct text *t)
{
	const char *name;
	uint64_t gva;

	if (!engine_site(id, i, &gva, &name))
		return false;
	text_format(t, " address=0x%lx name=%s", gva, name);
	return true;
}

static bool op_log(uint64_t *pos, struct text *t)
{
	char buf[256];
	struct text line;

	text_init(&line, buf, sizeof(buf));
	if (!log_read(pos, &line))
		return false;
	text_format(t, " text=%s", buf);
	return true;
}

static enum server_result refused(const struct refusal *why, struct text *reply)
{
	refusal_text(why, reply);
	return SERVER_REFUSED;
}

static enum server_result op_start(enum server_start what, const void *from, size_t len,
				   struct text *reply)
{
	struct refusal why = { 0 };
	enum engine_status s = what == SERVER_APPLY_FILE ? engine_apply(from, len, &why) :
			       what == SERVER_APPLY_HELD ? engine_apply_held(from, &why) :
			       engine_revert(from, &why);

	return s == ENGINE_REFUSED ? refused(&why, reply) : SERVER_PENDING;
}

static enum server_result op_poll(struct text *reply, struct text *progress)
{
	struct engine_result r = { 0 };
	struct refusal why = { 0 };
	unsigned int done, of;
	const char *phase;

	switch (engine_poll(&r, &why)) {
	case ENGINE_REFUSED:
		return refused(&why, reply);
	case ENGINE_MORE:
		phase = engine_phase(&done, &of);
		if (phase)
			text_format(progress, " phase=%s done=%u of=%u", phase, done, of);
		return SERVER_PENDING;
	case ENGINE_DONE:
		break;
	}
	text_format(reply, " id=%*p name=%s sites=%u pages=%u cpus=%u steps=%u pause_tsc=%lu",
		    SERVER_ID_LEN, r.id, r.name, r.sites, r.pages, r.cpus, r.steps, r.pause);
	text_format(reply, " pause_ns=%lu slide=0x%lx annex=0x%lx",
		    r.pause * 1000000 / (boot_info.tsc_hz / 1000 + 1), r.slide, r.annex);
	return SERVER_DONE;
}

static enum server_result op_abort(struct text *reply)
{
	struct refusal why = { 0 };

	return engine_abort(&why) ? SERVER_DONE : refused(&why, reply);
}

static bool op_set(const char *key, const char *value)
{
	uint64_t v;

	if (!text_same(key, "log") || !text_parse_u64(value, &v) || v > LOG_DEBUG)
		return false;
	boot_info.log_level = (uint8_t)v;
	return true;
}

static const char *op_event(uint32_t *number)
{
	static struct event_text e;

	if (!engine_next_event(&e))
		return NULL;
	*number = e.number;
	return e.text;
}

static const struct server_ops ops = {
	.version = SUBTEXT_VERSION,
	.info = op_info,
	.list = op_list,
	.sites = op_sites,
	.log = op_log,
	.start = op_start,
	.poll = op_poll,
	.abort = op_abort,
	.set = op_set,
	.send = uart_queue,
	.event = op_event,
};

/* ---- polling ---- */

int session_init(void)
{
	uint64_t upload = pool_alloc(PATCH_MAX_FILE / PAGE_SIZE);

	if (!upload)
		return -1;
	last_poll = rdtsc();
	uart_init(boot_info.serial_port, boot_info.serial_speed);
	server_init(&server, &ops, boot_info.nonce, pool_va(upload), PATCH_MAX_FILE);
	return 0;
}

static unsigned int receive(void)
{
	bool overrun = false;
	unsigned int n;
	char c;

	for (n = 0; n < UART_FIFO && uart_receive(&c, &overrun); n++) {
		if (overrun)
			server_overrun(&server);
		server_input(&server, c);
		last_byte = rdtsc();
	}
	return n;
}

/* One slice of work. Returns how many slices per second to run from now on. */
static unsigned int slice(void)
{
	/* Relaxed, pairs with my_turn(), which takes it as a hint. */
	__atomic_store_n(&last_poll, rdtsc(), __ATOMIC_RELAXED);
	/*
	 * Transactions come first: work done before the commit in the same exit counts as part of its
	 * pause. A CPU that is parked before its launch has no guest for the engine to look at.
	 */
	if (this_cpu()->launched)
		engine_watch();
	bool more = server_poll(&server);
	unsigned int received = receive();
	msr_retype();
	more |= uart_push();
	if (received && received < UART_FIFO / 4)
		return RECEIVE_HZ;
	if (engine_busy())
		return BUSY_HZ;
	if (more)
		return SEND_HZ;
	return since(last_byte) < ticks_ms(LINGER_MS) ? SESSION_HZ : IDLE_HZ;
}

/*
 * May this CPU poll? The poller may; any CPU may when the poller has stopped (it may wait for SIPI),
 * and becomes the poller. Relaxed: both words are hints, session_lock decides which CPU polls.
 */
static bool my_turn(struct cpu *c)
{
	unsigned int p = __atomic_load_n(&poller, __ATOMIC_RELAXED);

	if (p == c->index)
		return true;
	if (since(__atomic_load_n(&last_poll, __ATOMIC_RELAXED)) < ticks_ms(WATCH_S * 1000))
		return false;
	__atomic_store_n(&poller, c->index, __ATOMIC_RELAXED);
	log_line(LOG_INFO, "CPU %u stopped polling the serial line: this CPU polls it now", p);
	return true;
}

/*
 * Is this slice of a transaction put off? It is while the guest has paging off on this CPU, for at
 * most UNPAGED_WAITS slices: the engine finds the kernel by the guest's page tables. It is also put off
 * once if the guest has interrupts off, because the commit would stop this CPU there; the guest gets
 * as long to enable them as a rendezvous gives the other CPUs.
 */
static bool put_off(struct cpu *c)
{
	bool can_wait = engine_busy() && !c->wait_sipi;

	if (can_wait && !vcpu_paging() && c->unpaged_waits < UNPAGED_WAITS) {
		c->unpaged_waits++;
		return true;
	}
	c->unpaged_waits = 0;
	c->session_waited = can_wait && !c->session_waited && vcpu_interrupts_off();
	c->window_wanted |= c->session_waited;
	return c->session_waited;
}

uint64_t session_poll(struct cpu *c)
{
	unsigned int hz;
	uint64_t next;

	if (!my_turn(c) || !spin_trylock(&session_lock))
		return ticks_ms(WATCH_S * 1000);
	if (put_off(c)) {
		spin_unlock(&session_lock);
		return rendezvous_patience();
	}
	hz = slice();
	spin_unlock(&session_lock);
	next = boot_info.tsc_hz / hz;
	return next > MIN_TICKS ? next : MIN_TICKS;
}

void session_parked(struct cpu *c)
{
	uint64_t start = rdtsc();

	while (rdtsc() - start < ticks_ms(1))
		cpu_relax();
	if (my_turn(c) && spin_trylock(&session_lock)) {
		c->exit_tsc = rdtsc();
		slice();
		spin_unlock(&session_lock);
	}
}
