/* SPDX-License-Identifier: MIT */
/* options.c - see options.h. */
#include "commands/options.h"
#include "base/str.h"

bool option_env(const struct option *o, char out[OPTION_ENV_BYTES])
{
    out[0] = '\0';
    if (o->kind != OPTION_VALUE || o->no_env)
        return false;
    const int n = snprintf(out, OPTION_ENV_BYTES, "LONGSHORE_%s", o->name);
    for (int i = 0; i < n && i < OPTION_ENV_BYTES; i++) {
        if (out[i] == '-')
            out[i] = '_';
        else if (out[i] >= 'a' && out[i] <= 'z')
            out[i] = (char)(out[i] - 'a' + 'A');
    }
    return true;
}

bool command_begins_with(const struct command *c, const char *word)
{
    struct str rest;
    return str_is(str_cut(str_of(c->name), ' ', &rest), word);
}

/* ---- parsing ---- */

struct parser {
    const struct command *c;
    int argc, at; /* argv[at] is the next word */
    char **argv;
    void *values;
    bool no_more_flags; /* after `--` */
    struct err *err;
};

static const char **text_of(const struct option *o, void *values)
{
    return (const char **)(void *)((char *)values + o->offset);
}

static void take_defaults(const struct command *c, void *values)
{
    for (size_t i = 0; i < c->n_options; i++) {
        const struct option *o = &c->options[i];
        char name[OPTION_ENV_BYTES];
        if (o->kind == OPTION_SWITCH) {
            *(bool *)((char *)values + o->offset) = false;
            continue;
        }
        const char *given = option_env(o, name) ? getenv(name) : NULL;
        *text_of(o, values) = given != NULL && *given != '\0' ? given : o->fallback;
    }
}

static const struct option *find_flag(const struct command *c, struct str name)
{
    for (size_t i = 0; i < c->n_options; i++) {
        if (c->options[i].kind != OPTION_ARGUMENT && str_is(name, c->options[i].name))
            return &c->options[i];
    }
    return NULL;
}

static int take_switch(struct parser *p, const struct option *o, struct str value)
{
    if (value.p != NULL)
        return err_set(p->err, ERR_INVALID_PAYLOAD, "--%s takes no value", o->name);
    *(bool *)((char *)p->values + o->offset) = true;
    return 0;
}

/* `word` is argv[at - 1]. */
static int take_flag(struct parser *p, const char *word)
{
    struct str value;
    const struct str name = str_cut(str_of(word + 2), '=', &value);
    const struct option *o = word[1] == '-' ? find_flag(p->c, name) : NULL;
    if (o == NULL)
        return err_set(p->err, ERR_INVALID_PAYLOAD, "unknown flag '%.*s'; see longshore %s --help",
                       (int)strcspn(word, "="), word, p->c->name); /* its value may be a secret */
    if (o->kind == OPTION_SWITCH)
        return take_switch(p, o, value);
    if (value.p == NULL) {
        if (p->at == p->argc)
            return err_set(p->err, ERR_INVALID_PAYLOAD, "--%s needs a value: %s", o->name,
                           o->value);
        value.p = p->argv[p->at++];
    }
    *text_of(o, p->values) = value.p;
    return 0;
}

static int take_argument(struct parser *p, size_t nth, const char *word)
{
    for (size_t i = 0; i < p->c->n_options; i++) {
        if (p->c->options[i].kind == OPTION_ARGUMENT && nth-- == 0) {
            *text_of(&p->c->options[i], p->values) = word;
            return 0;
        }
    }
    return err_set(p->err, ERR_INVALID_PAYLOAD,
                   "'%s' is neither a flag nor expected here; see longshore %s --help", word,
                   p->c->name);
}

static int check_required(const struct command *c, void *values, struct err *err)
{
    for (size_t i = 0; i < c->n_options; i++) {
        const struct option *o = &c->options[i];
        char env[OPTION_ENV_BYTES];
        if (!o->required || (*text_of(o, values) != NULL && **text_of(o, values) != '\0'))
            continue;
        const char *dashes = o->kind == OPTION_ARGUMENT ? "" : "--";
        if (option_env(o, env))
            return err_set(err, ERR_INVALID_PAYLOAD,
                           "%s%s is missing; see longshore %s --help, or set %s", dashes, o->name,
                           c->name, env);
        return err_set(err, ERR_INVALID_PAYLOAD, "%s%s is missing (%s); see longshore %s --help",
                       dashes, o->name, o->help, c->name);
    }
    return 0;
}

int options_parse(const struct command *c, int argc, char **argv, void *values, struct err *err)
{
    struct parser p = { .c = c, .argc = argc, .argv = argv, .values = values, .err = err };
    size_t n_arguments = 0;
    take_defaults(c, values);
    while (p.at < argc) {
        const char *word = argv[p.at++];
        int rc = 0;
        if (!p.no_more_flags && str_is(str_of(word), "--"))
            p.no_more_flags = true;
        else if (!p.no_more_flags && word[0] == '-' && word[1] != '\0')
            rc = take_flag(&p, word);
        else
            rc = take_argument(&p, n_arguments++, word);
        if (rc < 0)
            return -1;
    }
    return check_required(c, values, err);
}

/* ---- help ---- */

#define LEFT_COLUMN  28
#define LINE_COLUMNS 100

int options_print_synopsis(const struct command *c, FILE *out)
{
    int columns = fprintf(out, "%s", c->name);
    for (size_t i = 0; i < c->n_options; i++) {
        if (c->options[i].kind == OPTION_ARGUMENT)
            columns += fprintf(out, c->options[i].required ? " %s" : " [%s]", c->options[i].name);
    }
    return columns;
}

static void print_option(const struct option *o)
{
    char env[OPTION_ENV_BYTES], left[OPTION_ENV_BYTES * 2];
    if (o->kind == OPTION_ARGUMENT)
        snprintf(left, sizeof(left), "%s", o->name);
    else
        snprintf(left, sizeof(left), "--%s %s", o->name, o->kind == OPTION_VALUE ? o->value : "");
    printf("  %-*s %s", LEFT_COLUMN, left, o->help);
    if (o->required && o->kind == OPTION_VALUE)
        printf(" (required)");
    else if (o->fallback != NULL)
        printf(" (default: %s)", o->fallback);
    putchar('\n');
    if (option_env(o, env))
        printf("  %-*s or %s\n", LEFT_COLUMN, "", env);
}

static void print_options(const struct command *c, const char *heading, bool arguments)
{
    bool any = false;
    for (size_t i = 0; i < c->n_options; i++) {
        if ((c->options[i].kind == OPTION_ARGUMENT) != arguments)
            continue;
        if (!any)
            printf("\n%s:\n", heading);
        any = true;
        print_option(&c->options[i]);
    }
}

/* Lines of at most LINE_COLUMNS, broken between words; the first one has begun at `column`. */
static void print_wrapped(FILE *out, struct str text, int column)
{
    int at = column;
    while (text.len > 0) {
        const struct str word = str_cut(text, ' ', &text);
        if (at > column && at + 1 + (int)word.len > LINE_COLUMNS) {
            fprintf(out, "\n%*s", column, "");
            at = column;
        }
        at += fprintf(out, "%s%.*s", at > column ? " " : "", STR_FMT(word));
    }
    fputc('\n', out);
}

void options_print_notes(const struct command *c, FILE *out)
{
    const struct command_notes *notes = c->notes;
    struct note note;
    int width = 0;
    for (size_t i = 0; notes != NULL && notes->row(c->notes_of, i, &note); i++)
        width = (int)strlen(note.name) > width ? (int)strlen(note.name) : width;
    if (width == 0)
        return;
    fprintf(out, "\n%s of %s:\n", notes->heading, c->name);
    for (size_t i = 0; notes->row(c->notes_of, i, &note); i++) {
        fprintf(out, "  %-*s  ", width, note.name);
        print_wrapped(out, str_of(note.text), width + 4);
    }
    if (notes->end != NULL)
        fprintf(out, "  %s\n", notes->end);
}

void options_print_help(const struct command *c)
{
    printf("usage: longshore ");
    options_print_synopsis(c, stdout);
    printf(" [flags]\n\n%s\n", c->summary);
    if (c->details != NULL)
        printf("\n%s\n", c->details);
    print_options(c, "arguments", true);
    print_options(c, "flags", false);
    options_print_notes(c, stdout);
    if (c->n_exits > 0)
        printf("\nexit status:\n");
    for (size_t i = 0; i < c->n_exits; i++)
        printf("  %-4s %s\n", c->exits[i].status, c->exits[i].meaning);
    if (c->example != NULL)
        printf("\nexample:\n  %s\n", c->example);
}
