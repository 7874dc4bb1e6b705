/* SPDX-License-Identifier: MIT */
/*
 * interrupt.h - Ctrl-C as a flag, so that a command can say what goes on without it.
 *
 * Whatever waits (a call, a pause, a read) returns early once the flag is up. A second Ctrl-C ends
 * the process as usual, in case something does not.
 */
#ifndef CLIENT_INTERRUPT_H
#define CLIENT_INTERRUPT_H

#include "base/base.h"

#define INTERRUPT_EXIT 130 /* what shells say of a command that SIGINT has ended */

/* From now on SIGINT raises the flag, unless it was ignored when the process began. */
void interrupt_catch(void);

bool interrupt_seen(void);

/* Sleeps; shorter when SIGINT comes. */
void interrupt_sleep_ms(int64_t ms);

#endif
