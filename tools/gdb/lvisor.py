# SPDX-License-Identifier: Apache-2.0
"""The vmm and the engine in gdb, by QEMU's gdb stub. docs/testing.md says how.

Start the guest with `build/lvisor run ... -- -s -S`, then `gdb -x tools/gdb/lvisor.py` and

    lvisor attach [HOST:PORT | SOCKET]    connect (default localhost:1234), load the symbols
    lvisor stop                           go on to the next exit from the guest
    lvisor exits [N]                      go on for N exits (10), a line each
    lvisor cpu                            this CPU: its vCPU, what is pending, what it is doing
    lvisor vmcb                           the VMCB, by names; fields that are 0 are left out
    lvisor ring                           the event ring, and the records nobody has read yet
    lvisor engine FUNCTION                stop in a function of the engine, in the domain only

gdb reads memory as the CPU does that stopped: while that is in the guest, the vmm is not to be seen.
"""
import os
import re

import gdb

HERE = os.path.dirname(os.path.realpath(__file__))
BUILD = os.environ.get("LVISOR_BUILD") or os.path.join(HERE, "..", "..", "build")
RING_PAD = 0xFFFFFFFF
NOTE_SIZE = 36  # of .note.gnu.build-id: its header, "GNU", 20 bytes


def fail(text):
    raise gdb.GdbError("lvisor: " + text)


class Program:
    """One of the two ELF files: its symbols, without those of the other."""

    def __init__(self, name):
        self.path = os.path.normpath(os.path.join(BUILD, name))
        if not os.path.exists(self.path):
            fail("there is no %s; build it with make, or set LVISOR_BUILD" % self.path)

    def load(self, command):
        gdb.execute('%s %s' % (command, self.path), to_string=True)
        for objfile in gdb.objfiles():
            if objfile.filename == os.path.realpath(self.path):
                self.objfile = objfile
                return
        fail("gdb did not load %s" % self.path)

    def variable(self, name):
        """Link-time optimization leaves copies of a static variable that have no place: not these."""
        symbols = gdb.lookup_static_symbols(name) + [gdb.lookup_global_symbol(name)]
        for symbol in symbols:
            if symbol and symbol.symtab.objfile == self.objfile and not symbol.value().is_optimized_out:
                return symbol.value()
        fail("%s has no variable %s" % (self.path, name))


class Session:
    vmm = engine = None
    note = None  # the build-id note as it is in the file


def read(address, size):
    return bytes(gdb.selected_inferior().read_memory(address, size))


def register(name):
    return int(gdb.parse_and_eval("$" + name)) & 0xFFFFFFFFFFFFFFFF


def note_address():
    return int(gdb.parse_and_eval("(unsigned long) &image_build_id"))


def in_vmm():
    """Is this CPU in the vmm's address space, or in the domain's, which has the vmm in its upper half?"""
    try:
        return read(note_address(), NOTE_SIZE) == Session.note
    except gdb.MemoryError:
        return False


def need_vmm():
    if Session.vmm is None:
        fail("not attached; lvisor attach connects")
    if not in_vmm():
        fail("this CPU is in the guest; lvisor stop goes on to its next exit "
             "(if that is no help, %s is not the image that runs)" % Session.vmm.path)


def in_ring_3():
    return register("cs") & 3 == 3


def this_cpu():
    base = register("k_gs_base" if in_ring_3() else "gs_base")
    return gdb.Value(base).cast(gdb.lookup_type("struct cpu").pointer()).dereference()


def vmcb_of(cpu):
    vendor = cpu["vcpu"]["vendor"]
    if Session.vmm.variable("vcpu_ops")["name"].string().find("AMD") < 0:
        fail("a VMCS is in the CPU; only AMD's VMCB can be looked at")
    if int(vendor) == 0:
        fail("this CPU has no vCPU yet")
    return vendor.cast(gdb.lookup_type("struct svm_vcpu").pointer())["vmcb"].dereference()


def exit_name(code):
    if 0x40 <= code <= 0x5F:
        return "EXCEPTION %d" % (code - 0x40)
    enum = gdb.lookup_symbol("VMEXIT_CPUID")[0].type
    names = [f.name for f in enum.fields() if f.enumval == code]
    return names[0].replace("VMEXIT_", "") if names else "?"


def print_fields(value, prefix="", skip=("reserved",)):
    """Name and value of each field that is not 0, those of inner structures with a dot."""
    for field in value.type.fields():
        inner = value[field]
        kind = field.type.strip_typedefs()
        if field.name is None:
            print_fields(inner, prefix, skip)
        elif field.name.startswith(skip):
            continue
        elif kind.code == gdb.TYPE_CODE_STRUCT:
            print_fields(inner, prefix + field.name + ".", skip)
        elif kind.code == gdb.TYPE_CODE_ARRAY:
            low, high = kind.range()
            data = read(int(inner.address), kind.sizeof)
            if any(data):
                print("  %-20s %s" % (prefix + field.name, data.hex(" ", kind.sizeof // (high - low + 1))))
        elif int(inner):
            print("  %-20s %x" % (prefix + field.name, int(inner) & (1 << 64) - 1))


def print_exit(cpu):
    vmcb = vmcb_of(cpu)
    code = int(vmcb["exit_code"])
    print("exit: CPU %d %s (%x) rip %x info1 %x info2 %x" % (
        int(cpu["id"]), exit_name(code), code, int(vmcb["rip"]), int(vmcb["exit_info1"]),
        int(vmcb["exit_info2"])))


class Lvisor(gdb.Command):
    __doc__ = __doc__

    def __init__(self):
        super().__init__("lvisor", gdb.COMMAND_USER, prefix=True)

    def invoke(self, argument, from_tty):
        print(__doc__)


class Attach(gdb.Command):
    """lvisor attach [HOST:PORT | SOCKET]: connect to QEMU and load the symbols."""

    def __init__(self):
        super().__init__("lvisor attach", gdb.COMMAND_RUNNING)

    def invoke(self, argument, from_tty):
        vmm, engine = Program("lvisor.elf"), Program("engine")
        gdb.execute("set confirm off")
        gdb.execute("directory %s" % os.path.normpath(os.path.join(HERE, "..", "..")))
        gdb.execute("set pagination off")
        gdb.execute("set architecture i386:x86-64", to_string=True)
        vmm.load("file")
        engine.load("add-symbol-file")
        # The file's own note, before there is a target to read from.
        note = read(note_address(), NOTE_SIZE)
        gdb.execute("target remote " + (argument or "localhost:1234"), to_string=True)
        Session.vmm, Session.engine, Session.note = vmm, engine, note
        print("symbols of %s (build %s) and %s" % (vmm.path, note[-20:].hex(), engine.path))
        print("CPU 0 is in %s" % ("the vmm" if in_vmm() else "the guest, the firmware or the loader"))


class Stop(gdb.Command):
    """lvisor stop: go on to the next exit from the guest."""

    def __init__(self):
        super().__init__("lvisor stop", gdb.COMMAND_RUNNING)

    def invoke(self, argument, from_tty):
        go_to_exit()
        print_exit(this_cpu())


class Exits(gdb.Command):
    """lvisor exits [N]: go on for N exits from the guest (10), and print a line for each."""

    def __init__(self):
        super().__init__("lvisor exits", gdb.COMMAND_RUNNING)

    def invoke(self, argument, from_tty):
        for _ in range(int(argument or "10", 0)):
            go_to_exit()
            print_exit(this_cpu())


def go_to_exit():
    if Session.vmm is None:
        fail("not attached; lvisor attach connects")
    gdb.Breakpoint("svm_exit", temporary=True, internal=True).silent = True
    gdb.execute("continue", to_string=True)
    need_vmm()


class Cpu(gdb.Command):
    """lvisor cpu: the CPU that gdb has selected (see `thread`): its vCPU and what is pending."""

    def __init__(self):
        super().__init__("lvisor cpu", gdb.COMMAND_DATA)

    def invoke(self, argument, from_tty):
        need_vmm()
        cpu = this_cpu()
        vcpu = cpu["vcpu"]
        print("CPU %d of %d, APIC id %d, %s" % (
            int(cpu["id"]), int(Session.vmm.variable("smp_cpus")), int(cpu["apic_id"]),
            "in the domain (ring 3)" if in_ring_3() else "in the vmm"))
        print("  vcpu at %x, %s, step %s" % (int(vcpu.address), Session.vmm.variable("vcpu_ops")["name"].string(),
                                             vcpu["step"]))
        pending = [f for f in ("nmi_pending", "mc_pending", "init_pending", "hold", "waiting", "kicked", "held")
                   if int(cpu[f])]
        print("  pending: %s" % (", ".join(pending) or "nothing"))
        names = [f.name.replace("LVMON_", "").lower() for f in gdb.lookup_type("enum lvmon_reg").fields()]
        for i in range(vcpu["regs"].type.range()[1] + 1):
            print("  %-6s %016x" % (names[i], int(vcpu["regs"][i])), end="\n" if i % 3 == 2 else "")
        print()


class Vmcb(gdb.Command):
    """lvisor vmcb: the fields of this CPU's VMCB that are not 0, by name."""

    def __init__(self):
        super().__init__("lvisor vmcb", gdb.COMMAND_DATA)

    def invoke(self, argument, from_tty):
        need_vmm()
        vmcb = vmcb_of(this_cpu())
        print("VMCB at %x, last exit %s" % (int(vmcb.address), exit_name(int(vmcb["exit_code"]))))
        print_fields(vmcb)


class Ring(gdb.Command):
    """lvisor ring: the event ring, and the records nobody has read yet."""

    def __init__(self):
        super().__init__("lvisor ring", gdb.COMMAND_DATA)

    def invoke(self, argument, from_tty):
        need_vmm()
        ring = Session.vmm.variable("ring")
        if int(ring) == 0:
            fail("there is no ring yet")
        ring = ring.dereference()
        size, head, tail = int(ring["size"]), int(ring["head"]), int(ring["tail"])
        header = gdb.lookup_type("struct lvmon_record")
        data = int(ring["data"].address)
        print("ring at %x: written %d, read %d, dropped %d records" % (
            int(ring.address), head, tail, int(ring["dropped"])))
        if head - tail > size:
            fail("head and tail are damaged")
        count = 0
        while tail < head:
            record = gdb.Value(data + tail % size).cast(header.pointer()).dereference()
            length = int(record["size"])
            if length == RING_PAD:
                tail += size - tail % size
                continue
            text = read(data + tail % size + header.sizeof, length)
            print("  %d: %s" % (int(record["sequence"]), re.sub(r"[^ -~]", "?", text.decode("utf-8", "replace"))))
            tail += (header.sizeof + length + 7) & ~7
            count += 1
        print("%d records pending" % count)


class EngineBreakpoint(gdb.Breakpoint):
    """Programs of the guest have the same addresses: only stops in the domain are meant."""

    def stop(self):
        return in_ring_3() and in_vmm()


class Engine(gdb.Command):
    """lvisor engine FUNCTION: stop in a function of the engine, whenever the domain runs it."""

    def __init__(self):
        super().__init__("lvisor engine", gdb.COMMAND_BREAKPOINTS, gdb.COMPLETE_SYMBOL)

    def invoke(self, argument, from_tty):
        if Session.engine is None:
            fail("not attached; lvisor attach connects")
        if not argument:
            fail("which function of the engine?")
        EngineBreakpoint(argument)


for command in (Lvisor, Attach, Stop, Exits, Cpu, Vmcb, Ring, Engine):
    command()
