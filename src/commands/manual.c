/* SPDX-License-Identifier: MIT */
/*
 * manual.c - see manual.h.
 *
 * The page is printed by the built program and not kept as a file: a flag that exists is in it, and
 * one that is gone is not. What belongs to no command stands in the tables here.
 */
#include "commands/manual.h"
#include "base/str.h"

#define SYNOPSIS_COLUMN 34

struct entry {
    const char *name, *text;
};

static const struct entry variables[] = {
    { "NO_COLOR", "When set, the live line is not coloured." },
    { "TERM", "When \"dumb\" or not set, plain lines take the place of the live line." },
    { "COLUMNS", "The width of a terminal that does not tell its own." },
    { "http_proxy, https_proxy, no_proxy",
      "As usual, for servers elsewhere. Requests to this machine itself never take a proxy." },
};

static const struct entry files[] = {
    { "./data/longshore.db", "The database, unless --store names another one." },
    { "./data/longshore.db-spool/", "Uploaded files, unless --spool names another directory." },
    { "./data/longshore.db-serve.lock", "Held by the process that serves the database." },
    { "FILE.part", "What has come of a report that is to be FILE (actions report --output)." },
};

/* ---- usage ---- */

void manual_print_line(FILE *out, const struct command *c)
{
    fprintf(out, "  ");
    const int used = options_print_synopsis(c, out);
    fprintf(out, "%*s%s\n", used < SYNOPSIS_COLUMN ? SYNOPSIS_COLUMN - used : 1, "", c->summary);
}

void manual_print_usage(FILE *out, const struct command *commands, size_t n)
{
    const char *group = "";
    fprintf(out,
            "longshore %s - bulk actions on promotion data\n\nusage: longshore COMMAND [flags]\n",
            LONGSHORE_VERSION);
    for (size_t i = 0; i < n; i++) {
        if (commands[i].group != group)
            fprintf(out, "\n%s:\n", commands[i].group);
        group = commands[i].group;
        manual_print_line(out, &commands[i]);
    }
    fprintf(out,
            "\nlongshore COMMAND --help tells the flags of a command, man longshore all of them;\n"
            "longshore --version tells the version.\n");
}

bool manual_print_group(FILE *out, const struct command *commands, size_t n, const char *word)
{
    bool any = false;
    for (size_t i = 0; i < n; i++) {
        if (!command_begins_with(&commands[i], word))
            continue;
        if (!any)
            fprintf(out, "usage: longshore COMMAND [flags]\n\n");
        any = true;
        manual_print_line(out, &commands[i]);
    }
    for (size_t i = 0; i < n; i++) {
        if (command_begins_with(&commands[i], word))
            options_print_notes(&commands[i], out);
    }
    if (any)
        fprintf(out, "\nlongshore COMMAND --help tells the flags of a command.\n");
    return any;
}

/* ---- roff ---- */

/* A text of ours as roff's: nothing in it is an escape or, at the start of a line, a request. */
static void put(FILE *out, const char *text)
{
    bool at_start = true;
    for (; *text != '\0'; text++) {
        if (at_start && (*text == '.' || *text == '\''))
            fputs("\\&", out);
        if (*text == '-')
            fputs("\\-", out); /* a plain one would become a hyphen, which no shell knows */
        else if (*text == '\\')
            fputs("\\e", out);
        else if (*text == '\'')
            fputs("\\(aq", out);
        else if (*text == '`')
            fputs("\\(ga", out);
        else
            putc(*text, out);
        at_start = *text == '\n';
    }
}

static void put_line(FILE *out, const char *before, const char *text, const char *after)
{
    fputs(before, out);
    put(out, text);
    fputs(after, out);
}

static void put_entries(FILE *out, const struct entry *e, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        put_line(out, ".TP\n.B ", e[i].name, "\n");
        put_line(out, "", e[i].text, "\n");
    }
}

static void put_synopsis(FILE *out, const struct command *c)
{
    put_line(out, ".B longshore ", c->name, "\n");
    for (size_t i = 0; i < c->n_options; i++) {
        const struct option *o = &c->options[i];
        if (o->kind == OPTION_ARGUMENT)
            put_line(out, o->required ? ".I " : ".RI [ ", o->name, o->required ? "\n" : " ]\n");
    }
    fputs(".RI [ flags ]\n.br\n", out);
}

static void put_option(FILE *out, const struct option *o)
{
    char env[OPTION_ENV_BYTES];
    fputs(".TP\n", out);
    if (o->kind == OPTION_ARGUMENT)
        put_line(out, ".I ", o->name, "\n");
    else if (o->kind == OPTION_SWITCH)
        put_line(out, ".B \\-\\-", o->name, "\n");
    else {
        put_line(out, ".BI \\-\\-", o->name, " \" ");
        put_line(out, "", o->value, "\"\n");
    }
    put(out, o->help);
    if (o->required && o->kind == OPTION_VALUE)
        fputs(" (required)", out);
    else if (o->fallback != NULL)
        put_line(out, " (default: ", o->fallback, ")");
    fputs(".\n", out);
    if (option_env(o, env))
        put_line(out, "Or ", env, " in the environment.\n");
}

static void put_notes(FILE *out, const struct command *c)
{
    struct note note;
    size_t i = 0;
    for (; c->notes != NULL && c->notes->row(c->notes_of, i, &note); i++) {
        if (i == 0)
            put_line(out, ".PP\n", c->notes->heading, ":\n");
        put_line(out, ".TP\n.I \"", note.name, "\"\n");
        put_line(out, "", note.text, ".\n");
    }
    if (i > 0 && c->notes->end != NULL)
        put_line(out, ".PP\n", c->notes->end, "\n");
}

static void put_command(FILE *out, const struct command *c)
{
    put_line(out, ".SS \"", c->name, "\"\n");
    put_line(out, "", c->summary, "\n");
    if (c->details != NULL)
        put_line(out, ".PP\n", c->details, "\n");
    for (size_t i = 0; i < c->n_options; i++)
        put_option(out, &c->options[i]);
    put_notes(out, c);
}

/* Commands that share their meanings share an entry. */
static void put_exits(FILE *out, const struct command *commands, size_t n, size_t first)
{
    const struct command *c = &commands[first];
    for (size_t i = 0; i < first; i++) {
        if (commands[i].exits == c->exits)
            return;
    }
    fputs(".SS \"", out);
    for (size_t i = first; i < n; i++) {
        if (commands[i].exits == c->exits)
            put_line(out, i > first ? ", " : "", commands[i].name, "");
    }
    fputs("\"\n", out);
    for (size_t i = 0; i < c->n_exits; i++) {
        put_line(out, ".TP\n.B ", c->exits[i].status, "\n");
        put_line(out, "", c->exits[i].meaning, ".\n");
    }
}

/* Whether a flag of this command can be given as this variable. */
static bool takes(const struct command *c, const char *variable)
{
    char env[OPTION_ENV_BYTES];
    for (size_t i = 0; i < c->n_options; i++) {
        if (option_env(&c->options[i], env) && str_is(str_of(env), variable))
            return true;
    }
    return false;
}

/* Which commands take what commands[first] takes as `o`; nothing when an earlier one takes it, too.
 */
static void put_variable(FILE *out, const struct command *commands, size_t n, size_t first,
                         const struct option *o)
{
    char env[OPTION_ENV_BYTES];
    if (!option_env(o, env))
        return;
    for (size_t i = 0; i < first; i++) {
        if (takes(&commands[i], env))
            return;
    }
    put_line(out, ".TP\n.B ", env, "\n");
    put_line(out, "The flag \\-\\-", o->name, " of ");
    for (size_t i = first; i < n; i++) {
        if (takes(&commands[i], env))
            put_line(out, i > first ? ",\n" : "", commands[i].name, "");
    }
    fputs(".\n", out);
}

static void put_environment(FILE *out, const struct command *commands, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        for (size_t k = 0; k < commands[i].n_options; k++)
            put_variable(out, commands, n, i, &commands[i].options[k]);
    }
    put_entries(out, variables, ARRAY_LEN(variables));
}

static void put_commands(FILE *out, const struct command *commands, size_t n)
{
    fputs(
        ".SH COMMANDS\n"
        "A flag is given as \\-\\-name VALUE or \\-\\-name=VALUE. The command line wins over the\n"
        "environment, which wins over the default. What follows \\-\\- is never a flag.\n",
        out);
    for (size_t i = 0; i < n; i++)
        put_command(out, &commands[i]);
}

static void put_examples(FILE *out, const struct command *commands, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (commands[i].example == NULL)
            continue;
        put_line(out, ".PP\n", commands[i].summary, "\n");
        put_line(out, ".PP\n.RS 4\n.EX\n", commands[i].example, "\n.EE\n.RE\n");
    }
}

void manual_print_roff(FILE *out, const struct command *commands, size_t n)
{
    put_line(out, ".TH LONGSHORE 1 \"\" \"longshore ", LONGSHORE_VERSION, "\" \"User Commands\"\n");
    fputs(".nh\n.ad l\n" /* a name that is broken in two cannot be searched for */
          ".SH NAME\nlongshore \\- bulk actions on promotion data\n.SH SYNOPSIS\n",
          out);
    for (size_t i = 0; i < n; i++)
        put_synopsis(out, &commands[i]);
    fputs(".SH DESCRIPTION\n"
          "A self-hosted server for bulk actions on promotion data, wire-compatible with the "
          "Voucherify\n"
          "API, and its client. It takes files of any size, answers with the id of an action, and "
          "works\n"
          "the file off durably in the background. The commands that speak to a server need its\n"
          "address and the keys of a project, which\n"
          ".B longshore project create\n"
          "prints.\n",
          out);
    put_commands(out, commands, n);
    fputs(".SH \"EXIT STATUS\"\n", out);
    for (size_t i = 0; i < n; i++)
        put_exits(out, commands, n, i);
    fputs(".SH ENVIRONMENT\n", out);
    put_environment(out, commands, n);
    fputs(".SH FILES\n", out);
    put_entries(out, files, ARRAY_LEN(files));
    fputs(".SH EXAMPLES\n", out);
    put_examples(out, commands, n);
}
