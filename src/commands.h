/* SPDX-License-Identifier: MIT */
/* commands.h - the commands behind main's table, and the values of their flags. */
#ifndef COMMANDS_H
#define COMMANDS_H

#define STORE_DEFAULT "sqlite:./data/longshore.db"

struct serve_options {
    const char *listen;
    const char *store;
    const char *spool; /* NULL: beside the database */
    const char *log_level;
};
int serve_run(const void *values); /* exit status: 0 after a signal, 1 when it could not start, 2
                                      wrong flags */

struct project_create_options {
    const char *name;
    const char *app_id; /* NULL: made */
    const char *app_token;
    const char *store;
};
int project_create_run(const void *values);

#endif
