/* SPDX-License-Identifier: Apache-2.0 */
/* Clocks; see time.h. Runs before the guest, so PIT channel 2 and the CMOS index are still ours. */
#include "vmm/log.h"
#include "vmm/time.h"
#include "vmm/x86/asm.h"

#define PIT_HZ	     1193182u
#define PIT_CHANNEL2 0x42
#define PIT_COMMAND  0x43
#define PORT_B	     0x61 /* gate and output of channel 2 */
#define CMOS_INDEX   0x70
#define CMOS_DATA    0x71

#define PORT_B_OUT	 0x20
#define PIT_READS_PER_US 1000u
#define PIT_TRIES	 4
#define CMOS_READS	 1000000u
#define CMOS_TRIES	 16

#define TSC_WAIT_US  1000u
#define CALIBRATIONS 16 /* at most */

static bool pit_stands;
static u64 tsc_start, wall_start;
static u64 ns_per_tsc; /* 32.32 fixed point */
static u64 tsc_per_ms;

/*
 * False: its output does not go up in a time that no reading of a port is short enough for, or it
 * never was down. Many firmwares since Skylake gate the PIT's clock; without a PIT ports read as
 * ones.
 */
static bool wait_by_pit(u32 us)
{
	u32 count = (u32)((u64)us * PIT_HZ / 1000000);
	u64 reads = us * PIT_READS_PER_US;

	outb(PIT_COMMAND, 0xb0); /* channel 2, both bytes, mode 0 */
	outb(PIT_CHANNEL2, (u8)count);
	outb(PIT_CHANNEL2, (u8)(count >> 8));
	if (inb(PORT_B) & PORT_B_OUT)
		return false;
	while (!(inb(PORT_B) & PORT_B_OUT))
		if (!--reads)
			return false;
	return true;
}

/* SDM vol. 3, 19.7.3: by the ratio to the crystal, or the base frequency. 0: not told. */
static u64 told_mhz(void)
{
	u32 last = cpuid(0, 0).eax;
	struct cpuid_regs crystal = {0};

	if (last >= 0x15)
		crystal = cpuid(0x15, 0);
	if (crystal.eax && crystal.ebx && crystal.ecx)
		return (u64)crystal.ecx * crystal.ebx / crystal.eax / 1000000;
	return last >= 0x16 ? cpuid(0x16, 0).eax & 0xffff : 0;
}

static void wait_by_tsc(u32 us)
{
	u64 mhz = told_mhz(), start = rdtsc();

	if (!mhz)
		fatal("no clock to start with: PIT channel 2 does not count and the CPU does not "
		      "tell its "
		      "TSC's frequency; enable the 8254 in the firmware's setup (8254 clock "
		      "gating: off)");
	while (rdtsc() - start < us * mhz)
		__asm__ volatile("pause");
}

void time_wait_us(u32 us)
{
	u8 port_b = inb(PORT_B);

	/* Whoever runs this machine may have let the whole wait pass before the first look. */
	outb(PORT_B, (port_b & 0xfc) | 1);
	for (int i = 0; !pit_stands && i < PIT_TRIES; i++)
		if (wait_by_pit(us)) {
			outb(PORT_B, port_b);
			return;
		}
	outb(PORT_B, port_b);
	pit_stands = true;
	wait_by_tsc(us);
}

/*
 * Whoever runs this machine may run something else in the middle of a measurement (an emulator on a
 * busy host), and only ever makes its result larger.
 */
u64 time_calibrate(u64 (*measure)(void))
{
	u64 least = measure();

	for (int i = 0; i < CALIBRATIONS; i++) {
		u64 more = measure();
		bool agree = more < least + least / 64 && least < more + more / 64;

		if (more < least)
			least = more;
		if (agree)
			break;
	}
	return least;
}

static u32 cmos(u8 index)
{
	outb(CMOS_INDEX, index | 0x80); /* NMI stays off until the guest says otherwise */
	return inb(CMOS_DATA);
}

static u32 from_bcd(u32 v, bool binary)
{
	return binary ? v : (v >> 4) * 10 + (v & 15);
}

/* Days since 1970-01-01 of a date of the Gregorian calendar. */
static u64 days_since_epoch(u64 year, u64 month, u64 day)
{
	static const u16 before[] = {0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334};
	u64 leap_years = (year - 1) / 4 - (year - 1) / 100 + (year - 1) / 400 - 477;
	bool leap = (!(year % 4) && year % 100) || !(year % 400);

	return (year - 1970) * 365 + leap_years + before[(month - 1) % 12] + (leap && month > 2) +
	       day - 1;
}

static u64 read_cmos_clock(void)
{
	u32 now[6], before[6] = {0};
	static const u8 index[6] = {0, 2, 4, 7, 8, 9};
	bool binary, same = false, hours24;
	u32 hour, tries = CMOS_TRIES;

	/* Twice the same: not read in the middle of an update. */
	while (!same && tries--) {
		u32 reads = CMOS_READS;

		while ((cmos(0x0a) & 0x80) && --reads)
			;
		same = reads;
		for (int i = 0; i < 6; i++) {
			now[i] = cmos(index[i]);
			same = same && now[i] == before[i];
			before[i] = now[i];
		}
		if (!reads)
			break;
	}
	if (!same) {
		outb(CMOS_INDEX, 0);
		log_line("no clock in the CMOS: the time of events counts from 1970");
		return 0;
	}
	binary = cmos(0x0b) & 4;
	hours24 = cmos(0x0b) & 2;
	outb(CMOS_INDEX, 0);
	hour = from_bcd(now[2] & 0x7f, binary);
	if (!hours24)
		hour = hour % 12 + (now[2] & 0x80 ? 12 : 0);
	return days_since_epoch(2000 + from_bcd(now[5], binary), from_bcd(now[4], binary),
				from_bcd(now[3], binary)) *
		       86400 +
	       hour * 3600 + from_bcd(now[1], binary) * 60 + from_bcd(now[0], binary);
}

static u64 count_tsc(void)
{
	u64 from = rdtsc();

	time_wait_us(TSC_WAIT_US);
	return rdtsc() - from;
}

void time_init(void)
{
	u64 ticks = time_calibrate(count_tsc);

	if (!ticks)
		fatal("the time-stamp counter does not count");
	ns_per_tsc = (TSC_WAIT_US * 1000ull << 32) / ticks;
	tsc_per_ms = ticks * 1000 / TSC_WAIT_US;
	wall_start = read_cmos_clock() * 1000000000ull;
	tsc_start = rdtsc();
}

u64 tsc_to_ns(u64 tsc)
{
	return (u64)((unsigned __int128)tsc * ns_per_tsc >> 32);
}

u64 time_tsc_per_ms(void)
{
	return tsc_per_ms;
}

u64 time_ns(void)
{
	return tsc_to_ns(rdtsc() - tsc_start);
}

u64 time_wall_ns(void)
{
	return wall_start + time_ns();
}
