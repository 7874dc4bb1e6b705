/* SPDX-License-Identifier: MIT */
/* options.c - see options.h. */
#include <stdio.h>

#include "base/str.h"
#include "options.h"

#define NAME_BYTES 64

static void environment_name(const struct option *o, char out[NAME_BYTES])
{
    int n = snprintf(out, NAME_BYTES, "LONGSHORE_%s", o->name);
    for (int i = 0; i < n && i < NAME_BYTES; i++) {
        if (out[i] == '-')
            out[i] = '_';
        else if (out[i] >= 'a' && out[i] <= 'z')
            out[i] = (char)(out[i] - 'a' + 'A');
    }
}

static const char **value_of(const struct option *o, void *values)
{
    return (const char **)(void *)((char *)values + o->offset);
}

static const struct option *find_option(const struct command *c, struct str name)
{
    for (size_t i = 0; i < c->n_options; i++) {
        if (str_is(name, c->options[i].name))
            return &c->options[i];
    }
    return NULL;
}

static void take_defaults(const struct command *c, void *values)
{
    for (size_t i = 0; i < c->n_options; i++) {
        char name[NAME_BYTES];
        environment_name(&c->options[i], name);
        const char *given = getenv(name);
        *value_of(&c->options[i], values) =
            given != NULL && *given != '\0' ? given : c->options[i].fallback;
    }
}

int options_parse(const struct command *c, int argc, char **argv, void *values, struct err *err)
{
    take_defaults(c, values);
    for (int i = 0; i < argc; i++) {
        const struct str arg = str_of(argv[i]);
        if (!str_starts_with(arg, STR("--")))
            return err_set(err, ERR_INVALID_PAYLOAD, "'%s' is not a flag; see longshore %s --help",
                           argv[i], c->name);
        struct str value;
        const struct str name = str_cut((struct str){ arg.p + 2, arg.len - 2 }, '=', &value);
        const struct option *o = find_option(c, name);
        if (o == NULL)
            return err_set(err, ERR_INVALID_PAYLOAD, "unknown flag '%s'; see longshore %s --help",
                           argv[i], c->name);
        if (value.p == NULL) {
            if (i + 1 == argc)
                return err_set(err, ERR_INVALID_PAYLOAD, "--%s needs a value: %s", o->name,
                               o->value);
            value.p = argv[++i];
        }
        *value_of(o, values) = value.p;
    }
    for (size_t i = 0; i < c->n_options; i++) {
        const char *value = *value_of(&c->options[i], values);
        if (c->options[i].required && (value == NULL || *value == '\0'))
            return err_set(err, ERR_INVALID_PAYLOAD, "--%s is missing; see longshore %s --help",
                           c->options[i].name, c->name);
    }
    return 0;
}

void options_print_help(const struct command *c)
{
    printf("usage: longshore %s [flags]\n\n%s\n", c->name, c->summary);
    if (c->details != NULL)
        printf("%s\n", c->details);
    printf("\nflags:\n");
    for (size_t i = 0; i < c->n_options; i++) {
        const struct option *o = &c->options[i];
        char env[NAME_BYTES], left[NAME_BYTES * 2];
        environment_name(o, env);
        snprintf(left, sizeof(left), "--%s %s", o->name, o->value);
        printf("  %-28s %s", left, o->help);
        if (o->required)
            printf(" (required)");
        else if (o->fallback != NULL)
            printf(" (default: %s)", o->fallback);
        printf("\n  %-28s or %s\n", "", env);
    }
}
