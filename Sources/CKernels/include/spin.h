#pragma once

/// Tells the processor that a loop is waiting for another thread.
static inline void trawl_pause(void) {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}
