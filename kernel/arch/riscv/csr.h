/* Control and status registers, their bits, and access to them. */
#ifndef ARCH_RISCV_CSR_H
#define ARCH_RISCV_CSR_H

#define SSTATUS_SIE        (1ul << 1)
#define SSTATUS_SPIE       (1ul << 5)
#define SSTATUS_SPP        (1ul << 8)
#define SSTATUS_FS         (3ul << 13)
#define SSTATUS_FS_INITIAL (1ul << 13)
#define SSTATUS_FS_CLEAN   (2ul << 13)
#define SSTATUS_FS_DIRTY   (3ul << 13)
#define SSTATUS_SUM        (1ul << 18)

#define SIE_SSIE (1ul << 1)
#define SIE_STIE (1ul << 5)
#define SIE_SEIE (1ul << 9)

#define CAUSE_INTERRUPT (1ul << 63)
#define IRQ_S_SOFT      1
#define IRQ_S_TIMER     5
#define IRQ_S_EXTERNAL  9

#define CAUSE_FETCH_MISALIGNED 0
#define CAUSE_FETCH_ACCESS     1
#define CAUSE_ILLEGAL          2
#define CAUSE_BREAKPOINT       3
#define CAUSE_LOAD_MISALIGNED  4
#define CAUSE_LOAD_ACCESS      5
#define CAUSE_STORE_MISALIGNED 6
#define CAUSE_STORE_ACCESS     7
#define CAUSE_USER_ECALL       8
#define CAUSE_FETCH_PAGE       12
#define CAUSE_LOAD_PAGE        13
#define CAUSE_STORE_PAGE       15

#define SATP_SV39       (8ul << 60)
#define SATP_ASID_SHIFT 44
#define SATP_ASID_MASK  0xfffful

/* Sstc's own comparator, by number: older assemblers lack its name. */
#define CSR_STIMECMP 0x14d

#ifndef __ASSEMBLER__

#define csr_read(name)                                                         \
	({                                                                     \
		unsigned long csr_val;                                         \
		__asm__ volatile("csrr %0, " #name : "=r"(csr_val)::"memory"); \
		csr_val;                                                       \
	})

#define csr_write(name, val)                                                   \
	__asm__ volatile("csrw " #name ", %0" ::"rK"(val) : "memory")

#define csr_set(name, bits)                                                    \
	__asm__ volatile("csrs " #name ", %0" ::"rK"(bits) : "memory")

#define csr_clear(name, bits)                                                  \
	__asm__ volatile("csrc " #name ", %0" ::"rK"(bits) : "memory")

#define csr_read_clear(name, bits)                                             \
	({                                                                     \
		unsigned long csr_val;                                         \
		__asm__ volatile("csrrc %0, " #name ", %1"                     \
				 : "=r"(csr_val)                               \
				 : "rK"(bits)                                  \
				 : "memory");                                  \
		csr_val;                                                       \
	})

#endif
#endif
