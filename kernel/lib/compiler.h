/*
 * What differs between gcc and clang, and between the kernel and the host, is
 * named here, so that no other file needs an #if.
 */
#ifndef LIB_COMPILER_H
#define LIB_COMPILER_H

#ifndef CONFIG_DEBUG
#define CONFIG_DEBUG 0
#endif

#define MUST_CHECK    __attribute__((warn_unused_result))
#define PRINTF(f, a)  __attribute__((format(printf, f, a)))
#define ALIGNED(n)    __attribute__((aligned(n)))
#define PACKED        __attribute__((packed))
#define SECTION(name) __attribute__((section(name)))
#define USED          __attribute__((used))
#define UNUSED        __attribute__((unused))
#define NORETURN      _Noreturn
#define NOINLINE      __attribute__((noinline))
#define ALWAYS_INLINE inline __attribute__((always_inline))
#define FALLTHROUGH   __attribute__((fallthrough))

#define likely(x)   __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)

/*
 * At the head of a file: gcc is not to turn loops into calls of memset and its
 * like, for this is where they are defined.  clang does not when freestanding.
 */
#ifdef __clang__
#define KEEP_LOOPS
#else
#define KEEP_LOOPS _Pragma("GCC optimize \"no-tree-loop-distribute-patterns\"")
#endif

/* Before a loop that is worth its repetition in code. */
#ifdef __clang__
#define UNROLL(n) _Pragma("unroll")
#else
#define UNROLL(n)            UNROLL_PRAGMA(GCC unroll n)
#define UNROLL_PRAGMA(words) _Pragma(#words)
#endif

/* Lock contracts: clang checks them with -Wthread-safety, gcc sees nothing. */
#ifdef __clang__
#define LOCK_ATTR(x) __attribute__((x))
#else
#define LOCK_ATTR(x)
#endif
#define CAPABILITY(name) LOCK_ATTR(capability(name))
#define MUST_HOLD(l)     LOCK_ATTR(requires_capability(l))
#define MUST_NOT_HOLD(l) LOCK_ATTR(locks_excluded(l))
#define ACQUIRES(l)      LOCK_ATTR(acquire_capability(l))
#define TRY_ACQUIRES(l)  LOCK_ATTR(try_acquire_capability(true, l))
#define RELEASES(l)      LOCK_ATTR(release_capability(l))
#define ASSERTS_HELD(l)  LOCK_ATTR(assert_capability(l))
#define NO_LOCK_CHECK    LOCK_ATTR(no_thread_safety_analysis)

#endif
