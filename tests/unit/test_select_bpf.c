// SPDX-License-Identifier: Apache-2.0
/*
 * Filters of libpcap and random programs of classic BPF, translated to selectors (bpf.h): on each
 * packet the answer is that of libpcap's own interpreter.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>
#include "tests/unit/bpf.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define PACKET	 256u /* bytes, at most */

static uint64_t random_state = 7;

static uint32_t random_below(uint32_t n)
{
	random_state = random_state * 6364136223846793005ull + 1442695040888963407ull;
	return (uint32_t)(random_state >> 33) % n;
}

static uint32_t translate(const struct bpf_insn *bpf, uint32_t count, struct lvmon_sel *to)
{
	uint32_t length = bpf_translate(bpf, count, to, LVMON_SEL_LENGTH), at;
	const char *wrong = select_verify(to, length, &at);

	if (wrong)
		fail_msg("slot %u of %u: %s", at, length, wrong);
	return length;
}

/* Both answers to a packet, of which all or the first bytes only were caught. */
static uint32_t ask(const struct bpf_insn *bpf, const struct lvmon_sel *program, uint32_t length,
		    const uint8_t *packet, uint32_t caught, uint32_t wire)
{
	/* so that it ends with what can be read */
	gva_t at = HERE + HERE_SIZE - caught;
	uint64_t result;
	u_int expected;

	memcpy(here_memory + (at - HERE), packet, caught);
	here_regs[LVMON_RDI] = at;
	here_regs[LVMON_RSI] = caught;
	here_regs[LVMON_RDX] = wire;
	expected = bpf_filter(bpf, packet, wire, caught);
	assert_true(here_run(program, length, &result));
	if (result != expected)
		fail_msg("%llu, not %u", (unsigned long long)result, expected);
	return expected;
}

/* Packets */

static uint32_t put16(uint8_t *to, uint32_t value)
{
	to[0] = (uint8_t)(value >> 8);
	to[1] = (uint8_t)value;
	return 2;
}

struct kind {
	uint16_t vlan, ethertype;
	uint8_t options; /* words behind IPv4's header */
	uint8_t protocol;
	uint16_t fragment;
	uint16_t ports[2];
	uint8_t flags;
};

static uint32_t make_packet(const struct kind *kind, uint8_t *packet)
{
	static const uint8_t macs[12] = {2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2};
	static const uint8_t hosts[8] = {10, 0, 2, 15, 192, 168, 7, 9};
	uint32_t at = sizeof(macs), ip;

	memset(packet, 0, PACKET);
	memcpy(packet, macs, sizeof(macs));
	if (kind->vlan) {
		at += put16(packet + at, 0x8100);
		at += put16(packet + at, kind->vlan);
	}
	at += put16(packet + at, kind->ethertype);
	ip = at;
	if (kind->ethertype == 0x800) {
		packet[ip] = (uint8_t)(0x45 + kind->options);
		put16(packet + ip + 2, 60);
		put16(packet + ip + 6, kind->fragment);
		packet[ip + 8] = 64;
		packet[ip + 9] = kind->protocol;
		memcpy(packet + ip + 12, hosts, sizeof(hosts));
		at += 20u + 4u * kind->options;
	} else if (kind->ethertype == 0x86dd) {
		packet[ip] = 0x60;
		packet[ip + 6] = kind->protocol;
		packet[ip + 8] = 0xfe;
		packet[ip + 9] = 0x80;
		packet[ip + 23] = packet[ip + 39] = 1;
		at += 40;
	} else {
		memset(packet, 0xff, 6);
		put16(packet + ip, 1);
		put16(packet + ip + 6, 1);
		memcpy(packet + ip + 14, hosts, 4);
		memcpy(packet + ip + 24, hosts + 4, 4);
		return at + 28;
	}
	put16(packet + at, kind->ports[0]);
	put16(packet + at + 2, kind->ports[1]);
	packet[at + 12] = 0x50;
	packet[at + 13] = kind->flags;
	memcpy(packet + at + 20, "GET / HTTP/1.1", 14);
	return at + 34;
}

static const struct kind kinds[] = {
	{.ethertype = 0x800, .protocol = 6, .ports = {40000, 80}, .flags = 2},
	{.ethertype = 0x800, .protocol = 6, .ports = {22, 51000}, .flags = 0x18},
	{.ethertype = 0x800, .protocol = 6, .options = 5, .ports = {4444, 80}, .flags = 0x12},
	{.ethertype = 0x800, .protocol = 6, .fragment = 100, .ports = {80, 80}},
	{.ethertype = 0x800, .protocol = 17, .ports = {53, 53}},
	{.ethertype = 0x800, .protocol = 17, .options = 10, .ports = {1, 53}},
	{.ethertype = 0x800, .protocol = 1, .ports = {0x0800, 0}},
	{.ethertype = 0x86dd, .protocol = 6, .ports = {443, 50000}, .flags = 0x10},
	{.ethertype = 0x86dd, .protocol = 17, .ports = {5353, 5353}},
	{.ethertype = 0x86dd, .protocol = 58},
	{.ethertype = 0x806},
	{.vlan = 42, .ethertype = 0x800, .protocol = 6, .ports = {9, 8080}},
	{.ethertype = 0x88cc},
};

static const char *const filters[] = {
	"ip",
	"arp",
	"tcp port 80",
	"udp port 53 or tcp port 22",
	"host 10.0.2.15",
	"net 192.168.0.0/16 and not tcp",
	"src host 10.0.2.15 and dst portrange 50-90",
	"tcp[tcpflags] & (tcp-syn|tcp-ack) == tcp-syn",
	"tcp port 80 and (((ip[2:2] - ((ip[0]&0xf)<<2)) - ((tcp[12]&0xf0)>>2)) != 0)",
	"tcp[((tcp[12:1] & 0xf0) >> 2):4] = 0x47455420",
	"ip6 and tcp port 443",
	"ip6 host fe80::1",
	"icmp[icmptype] = icmp-echo",
	"ether host 02:00:00:00:00:01",
	"ether broadcast or ether multicast",
	"greater 60",
	"less 40 or ip[8] = 64",
	"vlan 42 and tcp port 8080",
	"ip[6:2] & 0x1fff != 0",
	"len % 7 = 3",
	"ip[8] * 3 - 2 > 100 and ip[9] ^ 5 != 0",
	"not ip and not ip6",
};

static void check_filter(const char *text, const struct bpf_program *bpf)
{
	struct lvmon_sel program[LVMON_SEL_LENGTH];
	uint32_t length = translate(bpf->bf_insns, bpf->bf_len, program);
	uint8_t packet[PACKET];
	uint32_t accepted = 0, rejected = 0;

	for (size_t i = 0; i < COUNT(kinds); i++) {
		uint32_t size = make_packet(&kinds[i], packet);

		for (uint32_t caught = 0; caught <= size; caught++) {
			if (ask(bpf->bf_insns, program, length, packet, caught, size))
				accepted++;
			else
				rejected++;
		}
	}
	if (!accepted || !rejected)
		fail_msg("%s: accepts %u of %u", text, accepted, accepted + rejected);
}

static void filters_of_libpcap(void **state)
{
	pcap_t *pcap = pcap_open_dead(DLT_EN10MB, 65535);

	assert_non_null(pcap);
	for (size_t i = 0; i < COUNT(filters); i++) {
		for (int optimize = 0; optimize < 2; optimize++) {
			struct bpf_program bpf;

			if (pcap_compile(pcap, &bpf, filters[i], optimize, 0xffffff00))
				fail_msg("%s: %s", filters[i], pcap_geterr(pcap));
			check_filter(filters[i], &bpf);
			pcap_freecode(&bpf);
		}
	}
	pcap_close(pcap);
}

/* Random programs */

static uint32_t random_number(void)
{
	switch (random_below(4)) {
	case 0:
		return random_below(8);
	case 1:
		return random_below(PACKET);
	case 2:
		return 1u << random_below(32);
	default:
		return random_below(UINT32_MAX);
	}
}

static struct bpf_insn random_insn(uint32_t left)
{
	static const uint16_t codes[] = {
		BPF_LD | BPF_W | BPF_ABS,
		BPF_LD | BPF_H | BPF_ABS,
		BPF_LD | BPF_B | BPF_ABS,
		BPF_LD | BPF_W | BPF_IND,
		BPF_LD | BPF_H | BPF_IND,
		BPF_LD | BPF_B | BPF_IND,
		BPF_LD | BPF_IMM,
		BPF_LD | BPF_MEM,
		BPF_LD | BPF_W | BPF_LEN,
		BPF_LDX | BPF_W | BPF_IMM,
		BPF_LDX | BPF_W | BPF_MEM,
		BPF_LDX | BPF_W | BPF_LEN,
		BPF_LDX | BPF_B | BPF_MSH,
		BPF_ST,
		BPF_STX,
		BPF_MISC | BPF_TAX,
		BPF_MISC | BPF_TXA,
		BPF_ALU | BPF_NEG,
		BPF_JMP | BPF_JA,
		BPF_RET | BPF_K,
		BPF_RET | BPF_A,
	};
	static const uint16_t by_operand[] = {
		BPF_ALU | BPF_ADD, BPF_ALU | BPF_SUB,  BPF_ALU | BPF_MUL, BPF_ALU | BPF_DIV,
		BPF_ALU | BPF_MOD, BPF_ALU | BPF_AND,  BPF_ALU | BPF_OR,  BPF_ALU | BPF_XOR,
		BPF_ALU | BPF_LSH, BPF_ALU | BPF_RSH,  BPF_JMP | BPF_JEQ, BPF_JMP | BPF_JGT,
		BPF_JMP | BPF_JGE, BPF_JMP | BPF_JSET,
	};
	struct bpf_insn in = {.k = random_number()};
	uint16_t op;

	if (random_below(2))
		in.code = codes[random_below(COUNT(codes))];
	else
		in.code = by_operand[random_below(COUNT(by_operand))] |
			  (random_below(2) ? BPF_X : BPF_K);
	op = BPF_CLASS(in.code) == BPF_ALU ? BPF_OP(in.code) : 0xffff;
	if ((op == BPF_LSH || op == BPF_RSH) && BPF_SRC(in.code) == BPF_K)
		in.k %= 32;
	if ((op == BPF_DIV || op == BPF_MOD) && BPF_SRC(in.code) == BPF_K && !in.k)
		in.k = 3;
	if (BPF_CLASS(in.code) == BPF_ST || BPF_CLASS(in.code) == BPF_STX ||
	    (BPF_CLASS(in.code) <= BPF_LDX && BPF_MODE(in.code) == BPF_MEM))
		in.k %= BPF_MEMWORDS;
	if (BPF_CLASS(in.code) == BPF_JMP) {
		in.jt = (u_char)random_below(left);
		in.jf = (u_char)random_below(left);
		if (BPF_OP(in.code) == BPF_JA)
			in.k = random_below(left);
	}
	return in;
}

/* Instructions that no way leads to are refused in a selector: let each be the next of one. */
static bool all_reached(const struct bpf_insn *bpf, uint32_t count)
{
	bool reached[BPF_MOST] = {true};

	for (uint32_t i = 0; i < count; i++) {
		if (!reached[i])
			return false;
		if (BPF_CLASS(bpf[i].code) == BPF_RET)
			continue;
		if (BPF_CLASS(bpf[i].code) != BPF_JMP) {
			reached[i + 1] = true;
		} else if (BPF_OP(bpf[i].code) == BPF_JA) {
			reached[i + 1 + bpf[i].k] = true;
		} else {
			reached[i + 1 + bpf[i].jt] = true;
			reached[i + 1 + bpf[i].jf] = true;
		}
	}
	return true;
}

static void random_programs(void **state)
{
	struct lvmon_sel program[LVMON_SEL_LENGTH];
	struct bpf_insn bpf[BPF_MOST];
	uint8_t packet[PACKET];
	uint32_t tried = 0, accepted = 0;

	while (tried < 20000) {
		uint32_t count = BPF_MEMWORDS + 2 + random_below(16), length;

		/* libpcap's interpreter does not clear its memory */
		for (uint32_t i = 0; i < BPF_MEMWORDS; i++)
			bpf[i] = (struct bpf_insn){.code = BPF_ST, .k = i};
		for (uint32_t i = BPF_MEMWORDS; i + 1 < count; i++)
			bpf[i] = random_insn(count - 1 - i);
		bpf[count - 1] = (struct bpf_insn){.code = BPF_RET | BPF_A};
		assert_true(bpf_validate(bpf, (int)count));
		if (!all_reached(bpf, count))
			continue;
		length = translate(bpf, count, program);
		for (int i = 0; i < 4; i++) {
			uint32_t caught = random_below(PACKET);

			for (uint32_t k = 0; k < caught; k++)
				packet[k] = (uint8_t)(random_below(3) ? random_below(256) : 0);
			if (ask(bpf, program, length, packet, caught, caught + random_below(9)))
				accepted++;
		}
		tried++;
	}
	assert_true(accepted > 1000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(filters_of_libpcap),
		cmocka_unit_test(random_programs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
