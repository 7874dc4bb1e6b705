/* SPDX-License-Identifier: MIT */
/*
 * code_draw.h - the codes of a config in a random order, each by its place: the same key gives the
 * same codes again, so nothing has to be stored to go on after a crash or to print a report.
 *
 * The order is a pseudorandom permutation of all codes of the config. So no code comes twice, the
 * last one is found as fast as the first, and any number of them is a sample without bias.
 * (A config with 2^62 codes or more is drawn with replacement: two alike are as likely as by
 * chance.)
 */
#ifndef DOMAIN_CODE_DRAW_H
#define DOMAIN_CODE_DRAW_H

#include "domain/code_config.h"

#define CODE_DRAW_KEY_BYTES 32

struct code_draw {
    const struct code_config *config;
    unsigned char key[CODE_DRAW_KEY_BYTES];
    int64_t space; /* how many codes there are; INT64_MAX: with replacement */
    unsigned half_bits;
};

/* The config must live as long. The key must be secret and random: who knows it knows all codes. */
void code_draw_init(struct code_draw *d, const struct code_config *config,
                    const unsigned char key[CODE_DRAW_KEY_BYTES]);

/* The code at this place, 0 to space - 1. {NULL,0}: out of memory. */
struct str code_draw_at(const struct code_draw *d, int64_t place, struct arena *a) MUST_CHECK;

#endif
