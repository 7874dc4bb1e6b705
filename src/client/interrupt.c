/* SPDX-License-Identifier: MIT */
/* interrupt.c - see interrupt.h. */
#include <signal.h>

#include "client/interrupt.h"

static volatile sig_atomic_t seen;

static void on_interrupt(int signal_number)
{
    (void)signal_number;
    seen = 1;
}

void interrupt_catch(void)
{
    struct sigaction before;
    /* No SA_RESTART: a read that waits for input is to return. */
    struct sigaction action = { .sa_handler = on_interrupt, .sa_flags = (int)SA_RESETHAND };
    sigemptyset(&action.sa_mask);
    if (sigaction(SIGINT, NULL, &before) == 0 && before.sa_handler != SIG_IGN)
        sigaction(SIGINT, &action, NULL);
}

bool interrupt_seen(void)
{
    return seen != 0;
}

void interrupt_sleep_ms(int64_t ms)
{
    const struct timespec pause = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 };
    if (!interrupt_seen())
        nanosleep(&pause, NULL); /* a signal cuts it short, and that is what it is for */
}
