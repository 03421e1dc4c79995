/*
 * Other names for the kernel's memcpy and its like, so that lib/string.c can
 * be tested in a program that has libc's as well.  Elsewhere on the host,
 * lib/string.h declares libc's, whose arguments the sanitizer checks.
 */
#ifndef STRING_NAMES_H
#define STRING_NAMES_H

#define memcpy  calf_memcpy
#define memmove calf_memmove
#define memset  calf_memset
#define memcmp  calf_memcmp
#define strlen  calf_strlen
#define strnlen calf_strnlen
#define strcmp  calf_strcmp
#define strncmp calf_strncmp
#define strchr  calf_strchr
#define strrchr calf_strrchr

#endif
