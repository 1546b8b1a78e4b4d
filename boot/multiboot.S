/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Entry from a multiboot (version 1) loader: 32-bit protected mode without paging, at physical
 * 2 MB. Turns on long mode with a temporary address space (identity below 4 GB, and the image at its
 * linked address) and calls boot_multiboot() there.
 */
#define VMM_BASE 0xffffffff80000000
#define PA(symbol) (symbol - VMM_BASE)

#define MB_MAGIC 0x1badb002
#define MB_FLAGS 0x00010003 /* page-aligned modules, memory map, addresses in the header */

	.section .multiboot, "ax"
	.code32
	.balign 4
multiboot_header:
	.long MB_MAGIC
	.long MB_FLAGS
	.long -(MB_MAGIC + MB_FLAGS)
	.long PA(multiboot_header)
	.long PA(image_start)
	.long PA(image_file_end)
	.long PA(image_end)
	.long PA(multiboot_entry)

	.globl multiboot_entry
multiboot_entry:
	cli
	cld
	mov	%eax, %ebp
	mov	%ebx, %esi
	mov	$PA(boot_stack_top), %esp

	mov	$0x80000000, %eax
	cpuid
	cmp	$0x80000001, %eax
	jb	no_long_mode
	mov	$0x80000001, %eax
	cpuid
	test	$(1 << 29), %edx
	jz	no_long_mode

	/* Four directories of 2 MB pages: identity below 4 GB. */
	mov	$PA(boot_directories), %edi
	mov	$0x83, %eax
	xor	%ecx, %ecx
1:	mov	%eax, (%edi, %ecx, 8)
	movl	$0, 4(%edi, %ecx, 8)
	add	$0x200000, %eax
	inc	%ecx
	cmp	$2048, %ecx
	jb	1b

	mov	$PA(boot_directories) + 3, %eax
	mov	$PA(boot_low), %edi
	mov	%eax, (%edi)
	mov	%eax, PA(boot_high) + 510 * 8 /* VMM_BASE: the first GB once more */
	add	$0x1000, %eax
	mov	%eax, 8(%edi)
	add	$0x1000, %eax
	mov	%eax, 16(%edi)
	add	$0x1000, %eax
	mov	%eax, 24(%edi)
	movl	$PA(boot_low) + 3, PA(boot_root)
	movl	$PA(boot_high) + 3, PA(boot_root) + 511 * 8

	mov	%cr4, %eax
	or	$(1 << 5), %eax /* PAE */
	mov	%eax, %cr4
	mov	$PA(boot_root), %eax
	mov	%eax, %cr3
	mov	$0xc0000080, %ecx
	rdmsr
	or	$((1 << 8) | (1 << 11)), %eax /* LME, NXE */
	wrmsr
	mov	%cr0, %eax
	or	$((1 << 31) | (1 << 16) | 1), %eax /* PG, WP, PE */
	mov	%eax, %cr0

	lgdt	PA(boot_gdt_pointer)
	ljmp	$0x08, $PA(long_mode)

no_long_mode:
	mov	$PA(no_long_mode_text), %esi
	mov	$0xe9, %edx
1:	lodsb
	test	%al, %al
	jz	2f
	outb	%al, %dx
	jmp	1b
2:	cli
	hlt
	jmp	2b

	.code64
long_mode:
	mov	$0x10, %eax
	mov	%eax, %ds
	mov	%eax, %es
	mov	%eax, %ss
	xor	%eax, %eax
	mov	%eax, %fs
	mov	%eax, %gs
	movabs	$1f, %rax
	jmp	*%rax
1:	mov	$boot_stack_top, %rsp
	mov	%ebp, %edi
	mov	%esi, %esi
	xor	%ebp, %ebp
	call	boot_multiboot
	ud2

/*
 * void boot_relocate(hpa_t to, u64 size, hpa_t root, const struct boot_info *bi)
 * Copy the image to its final place while it is still mapped here, and go on there: the same
 * addresses, other pages.
 */
	.globl boot_relocate
boot_relocate:
	mov	%rdx, %rax
	mov	%rcx, %rbx
	mov	%rsi, %rcx
	mov	$image_start, %rsi
	cld
	rep movsb
	mov	%rax, %cr3
	mov	%rbx, %rdi
	call	vmm_main
	ud2

	.section .rodata
	.balign 8
boot_gdt:
	.quad 0
	.quad 0x00af9b000000ffff /* 0x08: code, 64 bits, ring 0 */
	.quad 0x00cf93000000ffff /* 0x10: data */
boot_gdt_pointer:
	.word boot_gdt_pointer - boot_gdt - 1
	.long PA(boot_gdt)
	.long 0
no_long_mode_text:
	.asciz "fatal: this CPU has no 64-bit mode; LVisor needs an x86-64 CPU\n"

	.section .bss
	.balign 4096
boot_root:
	.skip 4096
boot_low:
	.skip 4096
boot_high:
	.skip 4096
boot_directories:
	.skip 4 * 4096
boot_stack:
	.skip 16384
boot_stack_top:

	.section .note.GNU-stack, "", @progbits
