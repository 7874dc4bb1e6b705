/* SPDX-License-Identifier: MIT */
/* record_filter.c - the fields that records are filtered by, in SQL. A column that only some tables
 * have is asked for by the filters of those alone. */
#include "domain/record_filter.h"

#include "domain/order.h"
#include "store/sql/records.h"

const struct filter_column record_filter_columns[] = {
    [RFILTER_CREATED_AT] = { .sql = "created_ms" },
    [RFILTER_UPDATED_AT] = { .sql = "updated_ms" },
    [RFILTER_SOURCE_ID] = { .sql = "source_id" },
    [RFILTER_METADATA] = { .sql = "metadata" },
    [RFILTER_NAME] = { .sql = "name" },
    [RFILTER_EMAIL] = { .sql = "email" },
    [RFILTER_PHONE] = { .sql = "phone" },
    [RFILTER_BIRTHDAY] = { .sql = "birthday" },
    [RFILTER_ADDRESS] = { .sql = "address" },
    [RFILTER_STATUS] = { .sql = SQL_ORDER_STATUS },
    [RFILTER_AMOUNT] = { .sql = "amount" },
    [RFILTER_DISCOUNT_AMOUNT] = { .sql = "discount_amount" },
    [RFILTER_ITEMS_DISCOUNT_AMOUNT] = { .of_driver = offsetof(struct db_driver, items_discount) },
    [RFILTER_TOTAL_DISCOUNT_AMOUNT] = { .of_driver = offsetof(struct db_driver, total_discount) },
    [RFILTER_TOTAL_AMOUNT] = { .of_driver = offsetof(struct db_driver, total_amount) },
};

static_assert(ARRAY_LEN(record_filter_columns) == RFILTER_COUNT, "every field has a column");
static_assert(ORDER_CREATED == 1 && ORDER_PAID == 2 && ORDER_CANCELED == 3 && ORDER_FULFILLED == 4,
              "SQL_ORDER_STATUS knows the stored values");
