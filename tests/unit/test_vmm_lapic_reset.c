// SPDX-License-Identifier: Apache-2.0
/* What INIT leaves of the local APIC, by one that does what EOI does. Included, for its page. */
#include "tests/unit/vmm_host.h"
#include "vmm/memory.h"
#include "vmm/x86/asm.h"

/* Each access asks where the page is: what was written before it takes effect here. */
#undef FIXED_LAPIC
#define FIXED_LAPIC apic_page()
static u64 apic_page(void);

#include "vmm/x86/lapic.c"

#define UNTOUCHED 0x11111111u

static u32 apic[1024];
static u32 ended;
static bool stuck;

static u64 apic_page(void)
{
	if (apic[APIC_EOI / 4] != UNTOUCHED) {
		assert_int_equal(apic[APIC_EOI / 4], 0);
		apic[APIC_EOI / 4] = UNTOUCHED;
		ended++;
		for (u32 i = 8; i-- && !stuck;) {
			u32 *bits = &apic[APIC_ISR / 4 + i * 4];

			if (*bits) {
				*bits &= ~(1u << (31 - __builtin_clz(*bits)));
				break;
			}
		}
	}
	return (u64)apic;
}

void time_wait_us(u32 us)
{
	(void)us;
}

u64 time_tsc_per_ms(void)
{
	return 1000;
}

u64 time_calibrate(u64 (*measure)(void))
{
	return measure();
}

static void make(const u32 in_service[8])
{
	for (size_t i = 0; i < ARRAY_SIZE(apic); i++)
		apic[i] = UNTOUCHED;
	for (u32 i = 0; i < 8; i++)
		apic[APIC_ISR / 4 + i * 4] = in_service[i];
	host_msr_set(MSR_APIC_BASE, 0xfee00000 | APIC_BASE_ENABLE);
	ended = 0;
	stuck = false;
}

/* A handler that INIT interrupts never writes EOI, and handlers may be nested. */
static void nothing_in_service(void **state)
{
	static const u32 cases[][8] = {
		{0},
		{[7] = 1u << 12},
		{[1] = 1, [3] = 0x80000000, [7] = 0x00010001},
		{0xffff0000, UINT32_MAX, UINT32_MAX, UINT32_MAX, UINT32_MAX, UINT32_MAX, UINT32_MAX,
		 UINT32_MAX},
	};

	for (size_t n = 0; n < ARRAY_SIZE(cases) * 2; n++) {
		const u32 *in_service = cases[n / 2];
		u32 count = 0;

		make(in_service);
		lapic_reset(n & 1);
		for (u32 i = 0; i < 8; i++) {
			count += (u32)__builtin_popcount(in_service[i]);
			assert_int_equal(apic[APIC_ISR / 4 + i * 4], 0);
			assert_int_equal(apic[APIC_IRR / 4 + i * 4], UNTOUCHED);
		}
		assert_int_equal(ended, count); /* one more could end what comes next */
		assert_int_equal(host_msr(MSR_APIC_BASE), 0xfee00000 | APIC_BASE_ENABLE);
	}
}

/* An APIC that does not do as it should: the CPU is not lost in it. */
static void bounded(void **state)
{
	make((u32[8]){[2] = 1});
	stuck = true;
	lapic_reset(false);
	assert_int_equal(ended, 256);
}

/* The guest has switched it off: an IPI goes nowhere, and we go on. */
static void switched_off(void **state)
{
	make((u32[8]){0});
	apic[APIC_ICR / 4] = UINT32_MAX;
	lapic_send_nmi(3);
	assert_int_equal(apic[APIC_ICR / 4], ICR_NMI | ICR_ASSERT);
}

/* SDM vol. 3, 11.4.7.1; enabled, for a CPU of ours that waits: but able to take WAKE_VECTOR. */
static void registers(void **state)
{
	for (int enabled = 0; enabled < 2; enabled++) {
		make((u32[8]){0});
		lapic_reset(enabled);
		for (u32 reg = APIC_LVT_TIMER; reg <= 0x370; reg += 0x10)
			assert_int_equal(apic[reg / 4], LVT_MASKED);
		assert_int_equal(apic[APIC_INITIAL / 4], 0);
		assert_int_equal(apic[APIC_DIVIDE / 4], 0);
		assert_int_equal(apic[APIC_DFR / 4], UINT32_MAX);
		assert_int_equal(apic[APIC_LDR / 4], 0);
		assert_int_equal(apic[APIC_TPR / 4], enabled ? 0x10 : 0);
		assert_int_equal(apic[APIC_SVR / 4], enabled ? 0x1ff : 0xff);
	}
}

static u32 ends;

static bool x2apic_refused(u32 msr, u64 value)
{
	ends += msr == MSR_X2APIC_FIRST + (APIC_EOI >> 4);
	/* Locked; and registers that x2APIC mode lacks, or has read-only. */
	return msr == MSR_APIC_BASE || msr == MSR_X2APIC_FIRST + (APIC_DFR >> 4) ||
	       msr == MSR_X2APIC_FIRST + (APIC_LDR >> 4) || value >> 32;
}

/* INIT leaves the mode alone: SDM vol. 3, 11.12.5.1. */
static void x2apic(void **state)
{
	make((u32[8]){0});
	host_msr_set(MSR_APIC_BASE, 0xfee00000 | APIC_BASE_ENABLE | APIC_BASE_X2APIC);
	host_msr_set(MSR_X2APIC_FIRST + (APIC_ISR >> 4) + 2, 1);
	host_msr_refused = x2apic_refused;
	lapic_reset(true);
	host_msr_refused = NULL;
	assert_int_equal(ends, 256); /* this one is never done */
	assert_int_equal(host_msr(MSR_APIC_BASE), 0xfee00000 | APIC_BASE_ENABLE | APIC_BASE_X2APIC);
	assert_int_equal(host_msr(MSR_X2APIC_FIRST + (APIC_LVT_LINT0 >> 4)), LVT_MASKED);
	assert_int_equal(host_msr(MSR_X2APIC_FIRST + (APIC_TPR >> 4)), 0x10);
	assert_int_equal(host_msr(MSR_X2APIC_FIRST + (APIC_SVR >> 4)), 0x1ff);
	for (size_t i = 0; i < ARRAY_SIZE(apic); i++)
		if (i < APIC_ISR / 4 || i >= APIC_ISR / 4 + 32)
			assert_int_equal(apic[i], UNTOUCHED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_in_service), cmocka_unit_test(bounded),
		cmocka_unit_test(registers),	      cmocka_unit_test(x2apic),
		cmocka_unit_test(switched_off),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
