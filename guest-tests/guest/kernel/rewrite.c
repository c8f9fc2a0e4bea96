/* SPDX-License-Identifier: GPL-2.0-only */
/* Scenario 4: the guest reads and rewrites its own text; commands on single functions. */
#include "guest-tests/guest/kernel/command.h"
#include "guest-tests/guest/kernel/console.h"
#include "guest-tests/guest/kernel/cpu.h"
#include "guest-tests/guest/kernel/job.h"
#include "guest-tests/guest/kernel/lib.h"
#include "guest-tests/guest/kernel/sched.h"
#include "guest-tests/guest/kernel/targets.h"
#include "guest-tests/guest/kernel/text.h"
#include "guest-tests/guest/kernel/x86.h"

extern const uint8_t poke_start[], poke_end[];
void tracer(void);
extern volatile uint64_t tracer_calls;

enum { SUM_ROUNDS, SUM_CHANGED };

/* Everything but the two pages that poke_job rewrites. */
static uint64_t stable_sum(void)
{
	return text_sum(_stext, poke_start) ^ text_sum(poke_end, _etext);
}

static void sum_body(struct run *r)
{
	uint64_t first = stable_sum();

	while (!r->stop) {
		if (stable_sum() != first)
			r->count[SUM_CHANGED]++;
		r->count[SUM_ROUNDS]++;
	}
}

static const char *sum_verdict(const struct run *r)
{
	if (!r->count[SUM_ROUNDS])
		return "made no round";
	return r->count[SUM_CHANGED] ? "the checksum changed" : NULL;
}

const struct job sum_job = {
	.name = "sum-loop", .body = sum_body, .verdict = sum_verdict,
	.promise = "the kernel text reads the same all the time",
	.counter = { "rounds", "changed" },
};

void command_sum(char *args)
{
	(void)args;
	print("# sum=0x%lx\n", stable_sum());
}

#define SITES 3u

static uint32_t (*const site[SITES])(void) = { poke_aligned, poke_word, poke_page };
/* Even: site holds `value`; odd: it is being rewritten. */
static struct {
	volatile uint64_t turn;
	volatile uint32_t value;
} written[SITES] = { { 0, POKE_A }, { 0, POKE_A }, { 0, POKE_A } };

enum { POKES, POKE_FAILED, POKE_WRONG };

static void poke_site(struct run *r, unsigned int i)
{
	uint32_t value = written[i].value == POKE_A ? POKE_B : POKE_A;
	uint8_t bytes[5] = { 0xb8 };

	memcpy(bytes + 1, &value, 4);
	atomic_add(&written[i].turn, 1);
	if (text_poke((void *)site[i], bytes, sizeof(bytes)))
		r->count[POKE_FAILED]++;
	written[i].value = value;
	atomic_add(&written[i].turn, 1);
	if (site[i]() != value)
		r->count[POKE_WRONG]++;
	r->count[POKES]++;
}

static void poke_body(struct run *r)
{
	unsigned int i = 0;

	while (!r->stop) {
		poke_site(r, i++ % SITES);
		idle();
	}
}

static const char *poke_verdict(const struct run *r)
{
	if (!r->count[POKES])
		return "wrote nothing";
	if (r->count[POKE_FAILED])
		return "a write did not read back, or a CPU did not answer";
	return r->count[POKE_WRONG] ? "a write had no effect" : NULL;
}

const struct job poke_job = {
	.name = "poke", .body = poke_body, .verdict = poke_verdict,
	.promise = "the guest's own rewriting takes effect and reads back",
	.counter = { "pokes", "failed", "wrong" },
};

enum { PC_CALLS, PC_A, PC_B, PC_OTHER, PC_LATE };

static void poke_call_once(struct run *r, unsigned int i)
{
	uint64_t turn = atomic_load(&written[i].turn);
	uint32_t value = written[i].value, result = site[i]();

	r->count[PC_CALLS]++;
	if (result != POKE_A && result != POKE_B)
		r->count[PC_OTHER]++;
	else
		r->count[result == POKE_A ? PC_A : PC_B]++;
	if (!(turn & 1) && atomic_load(&written[i].turn) == turn && result != value)
		r->count[PC_LATE]++;
}

static void poke_call_body(struct run *r)
{
	unsigned int i = 0;

	while (!r->stop)
		poke_call_once(r, i++ % SITES);
}

static const char *poke_call_verdict(const struct run *r)
{
	if (!r->count[PC_CALLS])
		return "made no call";
	if (r->count[PC_OTHER])
		return "a result that was never written";
	return r->count[PC_LATE] ? "an old result after the write was over" : NULL;
}

const struct job poke_call_job = {
	.name = "poke-call", .body = poke_call_body, .verdict = poke_call_verdict,
	.promise = "code the guest rewrites runs old or new, and new afterwards",
	.counter = { "calls", "a", "b", "other", "late" },
};

static uint32_t call_counted(uint32_t (*fn)(uint64_t *))
{
	uint64_t calls = 0;

	return fn(&calls);
}

static uint32_t call_target(void) { return call_counted(target); }
static uint32_t call_target_endbr(void) { return call_counted(target_endbr); }

/* How often greeting() was called, by old and new code together. */
static uint32_t call_greeting(void)
{
	greeting(this_cpu()->index);
	return (uint32_t)greetings_given;
}

static const struct symbol {
	const char *name;
	void *addr;
	uint32_t (*call)(void);
} symbols[] = {
	{ "target", (void *)target, call_target },
	{ "target_endbr", (void *)target_endbr, call_target_endbr },
	{ "greeting", (void *)greeting, call_greeting },
	{ "page_one", (void *)page_one, page_one },
	{ "page_two", (void *)page_two, page_two },
	{ "poke_aligned", (void *)poke_aligned, poke_aligned },
	{ "poke_word", (void *)poke_word, poke_word },
	{ "poke_page", (void *)poke_page, poke_page },
	{ "straggle", (void *)straggle, straggle },
	{ "halt_inside", (void *)halt_inside, halt_inside },
};

/* One of symbols[], or fNNN. */
static bool find_symbol(const char *name, struct symbol *out)
{
	uint64_t n;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(symbols); i++) {
		if (str_eq(symbols[i].name, name)) {
			*out = symbols[i];
			return true;
		}
	}
	if (name[0] != 'f' || !parse_number(name + 1, &n) || n >= FUNCTIONS)
		return false;
	*out = (struct symbol){ name, (void *)function_table[n], function_table[n] };
	return true;
}

void command_call(char *args)
{
	const char *name = next_word(&args);
	struct symbol s;

	if (find_symbol(name, &s))
		print("# call %s result=0x%x\n", name, s.call());
	else
		tap("no such function", "call %s", name);
}

void command_bytes(char *args)
{
	const char *name = next_word(&args);
	struct symbol s;
	const volatile uint8_t *p;

	if (!find_symbol(name, &s)) {
		tap("no such function", "bytes %s", name);
		return;
	}
	p = s.addr;
	print("# bytes %s at=0x%lx %02x%02x%02x%02x%02x%02x%02x%02x\n", name, (uint64_t)p, p[0], p[1],
	      p[2], p[3], p[4], p[5], p[6], p[7]);
}

static size_t parse_bytes(const char *hex, uint8_t *to, size_t max)
{
	char digits[5] = "0x";
	uint64_t v;
	size_t n;

	for (n = 0; n < max && hex[0] && hex[1]; n++, hex += 2) {
		digits[2] = hex[0];
		digits[3] = hex[1];
		if (!parse_number(digits, &v))
			return 0;
		to[n] = (uint8_t)v;
	}
	return n;
}

static bool poke_arguments(char *args, struct symbol *s, uint8_t *bytes, size_t *n)
{
	const char *name = next_word(&args);

	*n = parse_bytes(next_word(&args), bytes, 8);
	if (*n && find_symbol(name, s))
		return true;
	tap("usage: NAME HEX", "poke %s", name);
	return false;
}

void command_poke(char *args)
{
	uint8_t bytes[8];
	struct symbol s;
	size_t n;

	if (poke_arguments(args, &s, bytes, &n))
		tap(text_poke(s.addr, bytes, n), "poke %s", s.name);
}

void command_write(char *args)
{
	uint8_t bytes[8];
	struct symbol s;
	size_t n;

	if (!poke_arguments(args, &s, bytes, &n))
		return;
	text_write(s.addr, bytes, n);
	tap(memcmp(s.addr, bytes, n) ? "does not read back" : NULL, "write %s", s.name);
}

/* As the kernel's function tracer does: the entry's NOP becomes a call, and a NOP again. */
void command_trace(char *args)
{
	const char *name = next_word(&args);
	bool on = str_eq(next_word(&args), "on");
	uint8_t bytes[5] = { 0x0f, 0x1f, 0x44, 0x00, 0x00 };
	struct symbol s;
	int32_t to;

	if (!find_symbol(name, &s)) {
		print("# traced=%lu\n", tracer_calls);
		return;
	}
	if (on) {
		to = (int32_t)((uint64_t)tracer - (uint64_t)s.addr - 5);
		bytes[0] = 0xe8;
		memcpy(bytes + 1, &to, 4);
		tracer_calls = 0;
	}
	tap(text_poke(s.addr, bytes, sizeof(bytes)), "trace %s %s", name, on ? "on" : "off");
}
