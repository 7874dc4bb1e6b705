/* SPDX-License-Identifier: MIT */
/*
 * embed.c - a build step: writes files as C string constants.
 *
 * embed OUT SYMBOL FILE…: OUT gets `static const char *const SYMBOL[] = {…}`, one text a file, in
 * the order given.
 */
#include <stdio.h>

/* As numbers: a literal may be no longer than 4,095 bytes by the standard. */
static int put_file(FILE *out, const char *symbol, int nth, const char *path)
{
    FILE *in = fopen(path, "r");
    if (in == NULL) {
        perror(path);
        return -1;
    }
    fprintf(out, "static const char %s_%d[] = {", symbol, nth);
    for (int c = getc(in), n = 0; c != EOF; c = getc(in), n++)
        fprintf(out, "%s%d,", n % 24 == 0 ? "\n    " : "", c);
    fputs("0\n};\n", out);
    fclose(in);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc < 4) {
        fputs("usage: embed OUT SYMBOL FILE...\n", stderr);
        return 2;
    }
    FILE *out = fopen(argv[1], "w");
    if (out == NULL) {
        perror(argv[1]);
        return 1;
    }
    fputs("/* Made by tools/embed.c; do not edit. */\n", out);
    for (int i = 3; i < argc; i++) {
        if (put_file(out, argv[2], i - 3, argv[i]) < 0)
            return 1;
    }
    fprintf(out, "static const char *const %s[] = {", argv[2]);
    for (int i = 3; i < argc; i++)
        fprintf(out, " %s_%d,", argv[2], i - 3);
    fputs(" };\n", out);
    return fclose(out) == 0 ? 0 : 1;
}
