/* SPDX-License-Identifier: MIT */
/* test_options.c - the command line: flags, switches, arguments, environment. */
#include "commands/options.h"
#include "support/unit.h"

#define AT(field) offsetof(struct values, field)

struct values {
    const char *url, *key, *file, *other;
    bool fast;
};

static const struct option rows[] = {
    { .name = "FILE",
      .kind = OPTION_ARGUMENT,
      .required = true,
      .offset = AT(file),
      .help = "a file" },
    { .name = "OTHER", .kind = OPTION_ARGUMENT, .offset = AT(other), .help = "another" },
    { .name = "base-url", .value = "URL", .fallback = "here", .offset = AT(url), .help = "where" },
    { .name = "key", .value = "KEY", .no_env = true, .offset = AT(key), .help = "a key" },
    { .name = "fast", .kind = OPTION_SWITCH, .offset = AT(fast), .help = "hurry" },
};

static const struct command command = { .name = "do it",
                                        .options = rows,
                                        .n_options = ARRAY_LEN(rows) };

#define WORDS_MAX 8

static int parse(const char *const *words, struct values *v, struct err *err)
{
    static char room[WORDS_MAX][64];
    char *argv[WORDS_MAX];
    int n = 0;
    for (; words[n] != NULL; n++) {
        snprintf(room[n], sizeof(room[n]), "%s", words[n]);
        argv[n] = room[n];
    }
    return options_parse(&command, n, argv, v, err);
}

static void assert_text(const char *got, const char *want)
{
    if (want == NULL)
        assert_null(got);
    else
        assert_string_equal(got, want);
}

static void words_find_their_places(void **state)
{
    static const struct {
        const char *label;
        const char *words[WORDS_MAX];
        struct values want;
    } cases[] = {
        { "only what is needed", { "f" }, { .url = "here", .file = "f" } },
        { "all, in any order",
          { "--fast", "f", "--key", "k", "o", "--base-url=there" },
          { .url = "there", .key = "k", .file = "f", .other = "o", .fast = true } },
        { "a dash alone is an argument", { "-" }, { .url = "here", .file = "-" } },
        { "behind -- nothing is a flag",
          { "--", "--fast", "--" },
          { .url = "here", .file = "--fast", .other = "--" } },
        { "a value may begin with dashes",
          { "f", "--key", "--fast" },
          { .url = "here", .key = "--fast", .file = "f" } },
        { "a value may be empty", { "f", "--key=" }, { .url = "here", .key = "", .file = "f" } },
        { "the last one counts",
          { "f", "--key=1", "--key=2" },
          { .url = "here", .key = "2", .file = "f" } },
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct values v;
        print_message("  %s\n", cases[i].label);
        memset(&v, 0xFF, sizeof(v));
        MUST(parse(cases[i].words, &v, must));
        assert_text(v.url, cases[i].want.url);
        assert_text(v.key, cases[i].want.key);
        assert_text(v.file, cases[i].want.file);
        assert_text(v.other, cases[i].want.other);
        assert_int_equal(v.fast, cases[i].want.fast);
    }
}

static void a_wrong_line_is_told_what_is_wrong(void **state)
{
    static const struct {
        const char *words[WORDS_MAX];
        const char *want;
    } cases[] = {
        { { NULL }, "FILE is missing (a file); see longshore do it --help" },
        { { "" }, "FILE is missing (a file); see longshore do it --help" },
        { { "f", "--fats" }, "unknown flag '--fats'; see longshore do it --help" },
        { { "f", "--kye=SECRET" }, "unknown flag '--kye'; see longshore do it --help" },
        { { "f", "-x" }, "unknown flag '-x'; see longshore do it --help" },
        { { "f", "--FILE", "x" }, "unknown flag '--FILE'; see longshore do it --help" },
        { { "f", "--key" }, "--key needs a value: KEY" },
        { { "f", "--fast=yes" }, "--fast takes no value" },
        { { "f", "o", "x" },
          "'x' is neither a flag nor expected here; see longshore do it --help" },
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct values v;
        struct err err = { 0 };
        print_message("  %s\n", cases[i].want);
        assert_int_equal(parse(cases[i].words, &v, &err), -1);
        assert_int_equal(err.code, ERR_INVALID_PAYLOAD);
        assert_string_equal(err.msg, cases[i].want);
    }
}

/* Only a setting comes from there: what one call is about does not. */
static void the_environment_stands_between_the_line_and_the_default(void **state)
{
    static const char *const bare[] = { "f", NULL };
    static const char *const given[] = { "f", "--base-url=line", NULL };
    struct values v;
    (void)state;
    setenv("LONGSHORE_BASE_URL", "environment", 1);
    setenv("LONGSHORE_KEY", "k", 1);
    setenv("LONGSHORE_FAST", "1", 1);
    setenv("LONGSHORE_FILE", "g", 1);
    setenv("LONGSHORE_OTHER", "o", 1);
    MUST(parse(bare, &v, must));
    assert_string_equal(v.url, "environment");
    assert_null(v.key);
    assert_false(v.fast);
    assert_string_equal(v.file, "f");
    assert_null(v.other);
    MUST(parse(given, &v, must));
    assert_string_equal(v.url, "line");
    setenv("LONGSHORE_BASE_URL", "", 1);
    MUST(parse(bare, &v, must));
    assert_string_equal(v.url, "here");
}

static bool note_row(int of, size_t i, struct note *out)
{
    static const struct note notes[] = {
        { "Code", "text" },
        { "Effect or Other", "one of A_LONG_NAME_OF_SOMETHING, ANOTHER_LONG_NAME_OF_SOMETHING, "
                             "YET_ANOTHER_NAME_OF_SOMETHING" },
    };
    if (of != 7 || i >= ARRAY_LEN(notes))
        return false;
    *out = notes[i];
    return true;
}

static void notes_stand_in_two_columns_and_long_ones_are_broken(void **state)
{
    static const struct command_notes notes = { "columns", note_row, "and no more" };
    const struct command noted = { .name = "do it", .notes = &notes, .notes_of = 7 };
    const struct command empty = { .name = "do it", .notes = &notes, .notes_of = 8 };
    char *text = NULL;
    size_t n = 0;
    FILE *out = open_memstream(&text, &n);
    (void)state;
    assert_non_null(out);
    options_print_notes(&command, out); /* it has none */
    options_print_notes(&empty, out);
    options_print_notes(&noted, out);
    fclose(out);
    assert_string_equal(
        text,
        "\ncolumns of do it:\n"
        "  Code             text\n"
        "  Effect or Other  one of A_LONG_NAME_OF_SOMETHING, ANOTHER_LONG_NAME_OF_SOMETHING,\n"
        "                   YET_ANOTHER_NAME_OF_SOMETHING\n"
        "  and no more\n");
    free(text);
}

static void a_command_begins_with_its_first_word(void **state)
{
    (void)state;
    assert_true(command_begins_with(&command, "do"));
    assert_false(command_begins_with(&command, "d"));
    assert_false(command_begins_with(&command, "do it"));
    assert_false(command_begins_with(&command, "it"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_find_their_places),
        cmocka_unit_test(a_wrong_line_is_told_what_is_wrong),
        cmocka_unit_test(the_environment_stands_between_the_line_and_the_default),
        cmocka_unit_test(notes_stand_in_two_columns_and_long_ones_are_broken),
        cmocka_unit_test(a_command_begins_with_its_first_word),
    };
    return cmocka_run_group_tests_name("options", tests, NULL, NULL);
}
