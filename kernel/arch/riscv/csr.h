/* Control and status registers, their bits, and access to them. */
#ifndef ARCH_RISCV_CSR_H
#define ARCH_RISCV_CSR_H

/* Not every assembler knows the suffix that C needs. */
#ifdef __ASSEMBLER__
#define CSR_WORD(n) n
#else
#define CSR_WORD(n) n##ul
#endif

#define SSTATUS_SIE        (CSR_WORD(1) << 1)
#define SSTATUS_SPIE       (CSR_WORD(1) << 5)
#define SSTATUS_SPP        (CSR_WORD(1) << 8)
#define SSTATUS_FS         (CSR_WORD(3) << 13)
#define SSTATUS_FS_INITIAL (CSR_WORD(1) << 13)
#define SSTATUS_FS_CLEAN   (CSR_WORD(2) << 13)
#define SSTATUS_FS_DIRTY   (CSR_WORD(3) << 13)
#define SSTATUS_SUM        (CSR_WORD(1) << 18)

#define SIE_SSIE (CSR_WORD(1) << 1)
#define SIE_STIE (CSR_WORD(1) << 5)
#define SIE_SEIE (CSR_WORD(1) << 9)

#define CAUSE_INTERRUPT (CSR_WORD(1) << 63)
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

#define SATP_SV39       (CSR_WORD(8) << 60)
#define SATP_ASID_SHIFT 44
#define SATP_ASID_MASK  CSR_WORD(0xffff)

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
