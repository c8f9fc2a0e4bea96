/* SPDX-License-Identifier: GPL-2.0-only */
/* Events on their way into the guest: what to inject again, and what two of them become. */
#include "vmm/vmx/vectoring.h"
#include "vmm/x86.h"

#define EVENT_FORMAT	(EVENT_VALID | EVENT_HAS_ERROR | EVENT_TYPE_MASK | EVENT_VECTOR_MASK)

enum exception_class {
	BENIGN,
	CONTRIBUTORY,
	PAGE_FAULT,
	DOUBLE_FAULT,
	CLASSES,
};

/* SDM 3A table "Interrupt and Exception Classes"; all other vectors are benign. */
static const uint8_t class_of[32] = {
	[0] = CONTRIBUTORY,	/* #DE */
	[VECTOR_DF] = DOUBLE_FAULT,
	[10] = CONTRIBUTORY,	/* #TS */
	[11] = CONTRIBUTORY,	/* #NP */
	[12] = CONTRIBUTORY,	/* #SS */
	[13] = CONTRIBUTORY,	/* #GP */
	[14] = PAGE_FAULT,	/* #PF */
	[20] = PAGE_FAULT,	/* #VE */
	[21] = CONTRIBUTORY,	/* #CP */
};

enum outcome { SERIAL, DOUBLE, TRIPLE };

/* SDM 3A table "Conditions for Generating a Double Fault": first, then second. */
static const enum outcome outcomes[CLASSES][CLASSES] = {
			/* BENIGN, CONTRIBUTORY, PAGE_FAULT, DOUBLE_FAULT */
	[BENIGN]	= { SERIAL, SERIAL, SERIAL, SERIAL },
	[CONTRIBUTORY]	= { SERIAL, DOUBLE, SERIAL, SERIAL },
	[PAGE_FAULT]	= { SERIAL, DOUBLE, DOUBLE, SERIAL },
	[DOUBLE_FAULT]	= { SERIAL, TRIPLE, TRIPLE, TRIPLE },
};

/* Vectors 8, 10-14, 17 and 21 */
#define WITH_ERROR	(1u << VECTOR_DF | 0x1fu << 10 | 1u << 17 | 1u << 21)

/* By event type; 1 and 7 are not used in IDT-vectoring information. */
static const struct {
	bool used, error, insn_len, keep;
} types[8] = {
	[EVENT_EXTERNAL >> 8]		= { .used = true, .keep = true },
	[EVENT_NMI >> 8]		= { .used = true, .keep = true },
	[EVENT_HW_EXCEPTION >> 8]	= { .used = true, .error = true },
	[EVENT_SW_INTERRUPT >> 8]	= { .used = true, .insn_len = true },
	[EVENT_PRIV_SW_EXCEPTION >> 8]	= { .used = true, .insn_len = true },
	[EVENT_SW_EXCEPTION >> 8]	= { .used = true, .insn_len = true },
};

static unsigned int type_index(uint32_t info)
{
	return (info & EVENT_TYPE_MASK) >> 8;
}

bool exception_has_error(uint8_t vector)
{
	return vector < 32 && WITH_ERROR >> vector & 1;
}

static struct event hw_exception(uint8_t vector, bool has_error, uint32_t error)
{
	return (struct event){
		.info = EVENT_VALID | EVENT_HW_EXCEPTION | vector |
			(has_error ? EVENT_HAS_ERROR : 0),
		.error = has_error ? error : 0,
	};
}

struct event event_from_vectoring(uint32_t idt_info, uint32_t idt_error, uint32_t insn_len)
{
	struct event e = { 0, 0, 0 };
	unsigned int type = type_index(idt_info);

	if (!(idt_info & EVENT_VALID) || !types[type].used)
		return e;
	e.info = idt_info & EVENT_FORMAT;
	/* VM entry fails if an event that has no error code is to push one. */
	if (!types[type].error)
		e.info &= ~EVENT_HAS_ERROR;
	if (e.info & EVENT_HAS_ERROR)
		e.error = idt_error;
	if (types[type].insn_len)
		e.insn_len = insn_len;
	return e;
}

static enum exception_class class(uint8_t vector)
{
	return vector < 32 ? class_of[vector] : BENIGN;
}

/* INT n with n = 14 is no page fault: only hardware exceptions have a class of their own. */
static enum exception_class first_class(uint32_t info)
{
	return (info & EVENT_TYPE_MASK) == EVENT_HW_EXCEPTION ? class(info & EVENT_VECTOR_MASK) :
		BENIGN;
}

struct event event_merge(struct event first, uint8_t vector, bool has_error, uint32_t error,
			 bool *keep)
{
	bool pending = first.info & EVENT_VALID;
	enum outcome outcome = pending ? outcomes[first_class(first.info)][class(vector)] : SERIAL;

	*keep = pending && types[type_index(first.info)].keep;
	if (outcome == TRIPLE)
		return (struct event){ .info = VECTORING_TRIPLE_FAULT };
	if (outcome == DOUBLE)
		return hw_exception(VECTOR_DF, true, 0);
	return hw_exception(vector, has_error, error);
}
