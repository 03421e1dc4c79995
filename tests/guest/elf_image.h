/*
 * A tiny static ELF program, made as bytes, to be spoilt: one file, one
 * segment, three instructions that exit with a status.
 *
 *	0	ELF header
 *	64	room for eight program headers
 *	512	the code: li a0, STATUS; li a7, exit_group; ecall
 *	528	the end; the segment maps all of this at IMAGE_BASE
 */
#ifndef GUEST_ELF_IMAGE_H
#define GUEST_ELF_IMAGE_H

#include "files.h"

#include <elf.h>

#define IMAGE_BASE      0x10000UL
#define IMAGE_PHDRS     8
#define IMAGE_CODE      (sizeof(Elf64_Ehdr) + IMAGE_PHDRS * sizeof(Elf64_Phdr))
#define IMAGE_LEN_BYTES 528
#define IMAGE_MAX_BYTES 16384
#define IMAGE_STATUS    42

struct image {
	union {
		unsigned char bytes[IMAGE_MAX_BYTES];
		struct {
			Elf64_Ehdr eh;
			Elf64_Phdr ph[IMAGE_PHDRS];
			unsigned int code[4];
		};
	};
	size_t len_bytes;
};

/* What came of running an image. */
enum {
	/* 0 to 255: it exited with that status */
	IMAGE_REFUSED = 1000, /* plus the errno of execve */
	IMAGE_KILLED = 2000   /* plus the signal */
};

#define IMAGE_HUNG (IMAGE_KILLED + SIGALRM)

/* Longer than any of these programs runs, on the slowest emulator. */
#define IMAGE_PATIENCE_S 5

static inline unsigned int
li(int reg, int value)
{
	return (unsigned int)value << 20 | reg << 7 | 0x13;
}

static inline void
image_make(struct image *im)
{
	memset(im, 0, sizeof(*im));
	memcpy(im->eh.e_ident, ELFMAG, SELFMAG);
	im->eh.e_ident[EI_CLASS] = ELFCLASS64;
	im->eh.e_ident[EI_DATA] = ELFDATA2LSB;
	im->eh.e_ident[EI_VERSION] = EV_CURRENT;
	im->eh.e_type = ET_EXEC;
	im->eh.e_machine = EM_RISCV;
	im->eh.e_version = EV_CURRENT;
	im->eh.e_entry = IMAGE_BASE + IMAGE_CODE;
	im->eh.e_phoff = sizeof(Elf64_Ehdr);
	im->eh.e_ehsize = sizeof(Elf64_Ehdr);
	im->eh.e_phentsize = sizeof(Elf64_Phdr);
	im->eh.e_phnum = 1;
	im->ph[0] = (Elf64_Phdr){.p_type = PT_LOAD,
	    .p_flags = PF_R | PF_X,
	    .p_vaddr = IMAGE_BASE,
	    .p_paddr = IMAGE_BASE,
	    .p_filesz = IMAGE_LEN_BYTES,
	    .p_memsz = IMAGE_LEN_BYTES,
	    .p_align = 4096};
	im->code[0] = li(10, IMAGE_STATUS);   /* a0 */
	im->code[1] = li(17, SYS_exit_group); /* a7 */
	im->code[2] = 0x00000073;             /* ecall */
	im->len_bytes = IMAGE_LEN_BYTES;
}

/* Adds a program header; it may be changed afterwards. */
static inline Elf64_Phdr *
image_add(struct image *im, Elf64_Phdr ph)
{
	im->ph[im->eh.e_phnum] = ph;
	return &im->ph[im->eh.e_phnum++];
}

static inline void
image_write(const struct image *im, const char *path)
{
	int fd = must(open(path, O_CREAT | O_WRONLY | O_TRUNC, 0755));

	ensure(write(fd, im->bytes, im->len_bytes) == (ssize_t)im->len_bytes);
	must(close(fd));
}

/* Runs a file; how that ended, as above. */
static inline int
path_run(const char *path)
{
	char *argv[] = {(char *)path, NULL}, *env[] = {NULL};
	int *failed = must(mmap(NULL, 4096, PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS, -1, 0)),
	    status, err;
	pid_t pid = must(fork());

	if (pid == 0) {
		alarm(IMAGE_PATIENCE_S);
		execve(path, argv, env);
		*failed = errno;
		_exit(255);
	}
	status = wait_status(pid);
	err = *failed;
	munmap(failed, 4096);
	if (WIFSIGNALED(status))
		return IMAGE_KILLED + WTERMSIG(status);
	return err ? IMAGE_REFUSED + err : WEXITSTATUS(status);
}

static inline int
image_run(const struct image *im)
{
	image_write(im, "image");
	return path_run("image");
}

/* Refused by execve, or killed for what it is: not run, and not hung. */
static inline bool
image_failed(int result)
{
	return result > IMAGE_REFUSED && result != IMAGE_HUNG;
}

#endif
