/* SPDX-License-Identifier: MIT */
/* record_tables.c - what is kept as records, a row each; see records.h. */
#include "domain/customer.h"
#include "store/sql/records.h"

#define CUSTOMER_TEXT(member)                                                                      \
    {                                                                                              \
#member, RECORD_TEXT, offsetof(struct customer, member)                                    \
    }
static const struct record_column customer_columns[] = {
    CUSTOMER_TEXT(name),    CUSTOMER_TEXT(description), CUSTOMER_TEXT(email),
    CUSTOMER_TEXT(phone),   CUSTOMER_TEXT(birthdate),   CUSTOMER_TEXT(birthday),
    CUSTOMER_TEXT(address),
};

static const struct record_table customers = {
    .name = "customers",
    .one = "customer",
    .names = CUSTOMER_COLUMNS,
    .bytes = sizeof(struct customer),
    .queue = QUEUE_CUSTOMERS,
    .id = ID_CUSTOMER,
    .by_key = STATEMENT_CUSTOMER_BY_KEY,
    .by_source = STATEMENT_CUSTOMER_BY_SOURCE,
    .insert = STATEMENT_CUSTOMER_INSERT,
    .update = STATEMENT_CUSTOMER_UPDATE,
    .by_sources = STATEMENT_CUSTOMERS_BY_SOURCES,
    .by_sources_locked = STATEMENT_CUSTOMERS_BY_SOURCES_LOCKED,
    .columns = customer_columns,
    .n_columns = ARRAY_LEN(customer_columns),
    .merge = customer_merge,
};

const struct record_table *record_table_of(enum resource_type resource)
{
    static const struct record_table *const tables[] = { [RESOURCE_CUSTOMER] = &customers };
    return (size_t)resource < ARRAY_LEN(tables) ? tables[resource] : NULL;
}
