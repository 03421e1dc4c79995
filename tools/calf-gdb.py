"""What GDB should know about calf: `calf ps`, `calf tree PID VA`, `calf frames`.

Loaded by `./calf debug`.  Everything is read from the stopped machine's memory
by the kernel's own structures; nothing in the guest is called or changed.
"""

import gdb
import struct

PAGE_SHIFT = 12
DIRECT_BASE = 0xFFFFFFC000000000  # mm/layout.h: where all memory is seen
USER_HALF_END = 0x4000000000

# arch/riscv/pt.h: the bits of a page-table word.
PTE_BITS = "VRWXUGAD"
PTE_V, PTE_W = 1 << 0, 1 << 2
PTE_RWX = 0xE
PTE_COLD, PTE_HIDDEN = 1 << 8, 1 << 9
PTE_PFN = ((1 << 44) - 1) << 10
LEVELS, INDEX_BITS = 3, 9


def enum_name(enum, prefix, value):
    """The name of a number that a small field keeps of an enum."""
    for field in gdb.lookup_type("enum " + enum).fields():
        if field.enumval == int(value):
            return field.name[len(prefix):].lower()
    return str(int(value))


def enum_count(enum):
    return len(gdb.lookup_type("enum " + enum).fields())


def list_items(head, type_name, member):
    """The structures of a struct list, by the member that links them."""
    kind = gdb.lookup_type(type_name)
    offset = next(f for f in kind.fields() if f.name == member).bitpos // 8
    link = head["next"]
    while link != head.address:
        yield gdb.Value(int(link) - offset).cast(kind.pointer()).dereference()
        link = link["next"]


def read_words(address, count):
    data = gdb.selected_inferior().read_memory(address, count * 8)
    return struct.unpack("<%dQ" % count, data.tobytes())


def processes():
    head = gdb.parse_and_eval("proc_all")
    if int(head["next"]) == 0:
        raise gdb.GdbError("there are no processes yet")
    return list_items(head, "struct proc", "all")


def find_process(pid):
    for proc in processes():
        if int(proc["nr"]) == pid:
            return proc
    raise gdb.GdbError("there is no process %d" % pid)


def page_of(pfn):
    """The struct page of a frame, or None for what is no RAM of ours."""
    index = pfn - int(gdb.parse_and_eval("page_first"))
    if not 0 <= index < int(gdb.parse_and_eval("page_count")):
        return None
    return gdb.parse_and_eval("page_array")[index]


class Calf(gdb.Command):
    """What the kernel knows: calf ps, calf tree PID VA, calf frames."""

    def __init__(self):
        super().__init__("calf", gdb.COMMAND_DATA, prefix=True)


class CalfPs(gdb.Command):
    """Processes, and below each its threads: state, hart, what it waits for."""

    def __init__(self):
        super().__init__("calf ps", gdb.COMMAND_DATA)

    def invoke(self, argument, from_tty):
        print("%7s %7s  %-8s %-16s" % ("PID", "PARENT", "STATE", "NAME"))
        for proc in processes():
            self.show(proc)

    @staticmethod
    def show(proc):
        tasks = list(list_items(proc["tasks"], "struct task", "link"))
        parent = int(proc["parent"]["nr"]) if int(proc["parent"]) else 0
        name = tasks[0]["comm"].string() if tasks else ""
        state = enum_name("proc_state", "PROC_", proc["state"])
        print("%7d %7d  %-8s %-16s" % (proc["nr"], parent, state, name))
        for task in tasks:
            thread = task["thread"]
            state = enum_name("thread_state", "THREAD_", thread["state"])
            line = "%7s %7d  %-8s hart %d" % (
                "", task["tid"], state, thread["hart"])
            if state == "parked" and int(thread["wait_what"]):
                line += ", waits for " + thread["wait_what"].string()
            print(line)


class CalfTree(gdb.Command):
    """calf tree PID VA: the nodes on the way to a user address.

For each level: the word in the table above (its bits, or that it is cold), and
of the node that it leads to the frame, the kind, the count, and whether it is
frozen."""

    def __init__(self):
        super().__init__("calf tree", gdb.COMMAND_DATA)

    def invoke(self, argument, from_tty):
        words = gdb.string_to_argv(argument)
        if len(words) != 2:
            raise gdb.GdbError("usage: calf tree PID VA")
        proc = find_process(int(words[0], 0))
        va = int(gdb.parse_and_eval(words[1]))
        if not 0 <= va < USER_HALF_END:
            raise gdb.GdbError("%#x is no user address" % va)
        if not int(proc["mm"]):
            raise gdb.GdbError("the process has no memory any more")
        self.walk(int(proc["mm"]["space"]["root"]["val"]), va)

    @classmethod
    def walk(cls, pfn, va):
        cls.node("root", pfn)
        for level in range(LEVELS - 1, -1, -1):
            shift = PAGE_SHIFT + INDEX_BITS * level
            index = va >> shift & (1 << INDEX_BITS) - 1
            table = DIRECT_BASE + (pfn << PAGE_SHIFT)
            word = read_words(table + index * 8, 1)[0]
            print("  [%3d] %#018x %s" % (index, word, cls.meaning(word)))
            if word == 0:
                return
            pfn = (word & PTE_PFN) >> 10
            if word & (PTE_V | PTE_RWX) != PTE_V and not word & PTE_COLD:
                break
            cls.node("table", pfn)
        cls.node("page", pfn)

    @staticmethod
    def meaning(word):
        if word == 0:
            return "empty"
        if not word & PTE_V:
            return "cold" if word & PTE_COLD else "hidden"
        bits = "".join(
            bit if word & 1 << i else "-" for i, bit in enumerate(PTE_BITS))
        return ("leaf " if word & PTE_RWX else "link ") + bits

    @staticmethod
    def node(what, pfn):
        page = page_of(pfn)
        if page is None:
            print("%-5s frame %#x, not of this machine's RAM" % (what, pfn))
            return
        kind = enum_name("page_kind", "PAGE_", page["kind"])
        line = "%-5s frame %#x, %s, count %d" % (
            what, pfn, kind, count_of(page["refs"]))
        if kind == "table":
            line += ", level %d" % page["level"]
            line += ", frozen" if int(page["frozen"]) else ""
        print(line)


def count_of(refs):
    """The number in a struct refcount, whose only field it is."""
    return int(refs[refs.type.fields()[0]])


class CalfFrames(gdb.Command):
    """How many frames of each kind there are, by a look at every one."""

    def __init__(self):
        super().__init__("calf frames", gdb.COMMAND_DATA)

    def invoke(self, argument, from_tty):
        array = gdb.parse_and_eval("page_array")
        total = int(gdb.parse_and_eval("page_count"))
        if total == 0:
            raise gdb.GdbError("memory is not known yet")
        kind = gdb.lookup_type("struct page")
        offset = next(f for f in kind.fields() if f.name == "kind").bitpos // 8
        counts = [0] * enum_count("page_kind")
        inferior = gdb.selected_inferior()
        chunk = 1 << 15
        for at in range(0, total, chunk):
            size = min(chunk, total - at) * kind.sizeof
            data = inferior.read_memory(int(array) + at * kind.sizeof, size)
            for value in data.tobytes()[offset::kind.sizeof]:
                counts[value] += 1
        for number, count in enumerate(counts[:-1]):
            name = enum_name("page_kind", "PAGE_", number)
            print("%-9s %9d  %9d KiB" % (name, count, count * 4))
        print("%-9s %9d  %9d KiB" % ("all", total, total * 4))


Calf()
CalfPs()
CalfTree()
CalfFrames()
