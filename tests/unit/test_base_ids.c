/* SPDX-License-Identifier: MIT */
/* test_base_ids.c - public ids: there and back, and nothing else back. */
#include "base/ids.h"
#include "base/time_iso.h"
#include "support/unit.h"

static const char base62[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
static const struct id_secret secret = { "0123456789abcdef0123456789abcde" };
static const struct id_secret other_secret = { "0123456789abcdef0123456789abcdX" };

static const int64_t keys[] = { 0,        1, 2, 61, 62, 12345678, (int64_t)1 << 40, INT64_MAX - 1,
                                INT64_MAX };

static void id_of_a_voucher_has_the_references_form(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
        char id[ID_MAX_LEN];
        id_encode(&secret, ID_VOUCHER, keys[i], id);
        assert_int_equal(strlen(id), 34);
        assert_memory_equal(id, "v_", 2);
        assert_int_equal(strspn(id + 2, base62), 32);
    }
}

static void id_reads_back(void **state)
{
    (void)state;
    struct unit_random r = { 3 };
    for (int i = 0; i < 50000; i++) {
        const int64_t key = (size_t)i < ARRAY_LEN(keys) ? keys[i] : (int64_t)(unit_random(&r) >> 1);
        char id[ID_MAX_LEN];
        int64_t back = -1;
        id_encode(&secret, ID_VOUCHER, key, id);
        assert_true(id_decode(&secret, ID_VOUCHER, str_of(id), &back));
        assert_true(back == key);
    }
}

static void id_tells_nothing_of_its_neighbour(void **state)
{
    (void)state;
    char a[ID_MAX_LEN], b[ID_MAX_LEN];
    for (int64_t key = 0; key < 1000; key++) {
        size_t same = 0;
        id_encode(&secret, ID_VOUCHER, key, a);
        id_encode(&secret, ID_VOUCHER, key + 1, b);
        for (size_t i = 2; i < 34; i++)
            same += a[i] == b[i];
        assert_true(same < 12);
    }
}

static void id_with_any_character_changed_is_refused(void **state)
{
    (void)state;
    char id[ID_MAX_LEN];
    int64_t key;
    id_encode(&secret, ID_VOUCHER, 77, id);
    for (size_t i = 0; i < 34; i++) {
        const char was = id[i];
        for (const char *c = base62; *c != '\0'; c++) {
            id[i] = *c;
            assert_int_equal(id_decode(&secret, ID_VOUCHER, str_of(id), &key), *c == was);
        }
        id[i] = was;
    }
    assert_false(id_decode(&other_secret, ID_VOUCHER, str_of(id), &key));
}

static void id_of_another_length_or_alphabet_is_refused(void **state)
{
    (void)state;
    static const char *const cases[] = { "",
                                         "v_",
                                         "v_short",
                                         "SUMMER-2026",
                                         "v_00000000000000000000000000000000",
                                         "v_zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz",
                                         "v_000000000000000000000000000000000",
                                         "v_0000000000000000-000000000000000" };
    int64_t key;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        assert_false(id_decode(&secret, ID_VOUCHER, str_of(cases[i]), &key));
    assert_false(id_decode(&secret, ID_VOUCHER, (struct str){ 0 }, &key));
}

/* 22 characters hold more than 128 bits: the same number plus 2^128 must not be the same id. */
static bool add_2_to_128(char *digits, size_t n)
{
    static const char amount[] = "7n42DGM5Tflk9n8mt7Fhc8"; /* 2^128 in base62 */
    unsigned carry = 0;
    for (size_t i = n; i-- > 0;) {
        const unsigned sum = (unsigned)(strchr(base62, digits[i]) - base62) +
                             (unsigned)(strchr(base62, amount[i]) - base62) + carry;
        digits[i] = base62[sum % 62];
        carry = sum / 62;
    }
    return carry == 0;
}

static void id_has_one_spelling(void **state)
{
    (void)state;
    size_t aliases = 0;
    for (int64_t k = 0; k < 100; k++) {
        char id[ID_MAX_LEN];
        int64_t key;
        id_encode(&secret, ID_VOUCHER, k, id);
        while (add_2_to_128(id + 2, 22)) {
            assert_false(id_decode(&secret, ID_VOUCHER, str_of(id), &key));
            aliases++;
        }
    }
    assert_true(aliases > 100);
}

static void id_of_an_action_reads_back_and_sorts_by_time(void **state)
{
    (void)state;
    const int64_t from_ms = INT64_C(1655983305578); /* 2022-06-23 */
    char before[ID_MAX_LEN] = "";
    for (int64_t seq = 1; seq < 5000; seq++) {
        char id[ID_MAX_LEN];
        uint32_t low = 0;
        int64_t ms = 0;
        id_encode_action(&secret, seq + ((int64_t)1 << 33), from_ms + seq, id);
        assert_int_equal(strlen(id), 21);
        assert_memory_equal(id, "aa_", 3);
        assert_int_equal(strspn(id + 3, "0123456789abcdef"), 18);
        assert_true(id_decode_action(&secret, str_of(id), &low, &ms));
        assert_int_equal(low, seq);
        assert_true(ms == from_ms + seq);
        assert_true(strcmp(before, id) < 0);
        memcpy(before, id, sizeof(before));
    }
}

static void id_of_an_action_is_hex_of_one_length(void **state)
{
    (void)state;
    static const char *const cases[] = { "",
                                         "aa_",
                                         "aa_0adad13d6f057f088",
                                         "aa_0adad13d6f057f088e1",
                                         "aa_0adad13d6f057f088g",
                                         "aa_0ADAD13D6F057F088E",
                                         "ab_0adad13d6f057f088e",
                                         "0adad13d6f057f088e" };
    uint32_t low;
    int64_t ms;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        assert_false(id_decode_action(&secret, str_of(cases[i]), &low, &ms));
    assert_true(id_decode_action(&secret, STR("aa_0adad13d6f057f088e"), &low, &ms));
}

static void id_of_a_request_has_the_references_form(void **state)
{
    (void)state;
    char a[ID_MAX_LEN], b[ID_MAX_LEN];
    id_new_request(a);
    id_new_request(b);
    assert_int_equal(strlen(a), 20);
    assert_memory_equal(a, "v-", 2);
    assert_int_equal(strspn(a + 2, "0123456789abcdef"), 18);
    assert_string_not_equal(a, b);
}

static void id_random_text_uses_the_whole_alphabet_evenly(void **state)
{
    (void)state;
    enum { CHARS = 62000 };
    static char text[CHARS + 1];
    size_t counts[256] = { 0 };
    id_random_base62(text, CHARS);
    assert_int_equal(strlen(text), CHARS);
    assert_int_equal(strspn(text, base62), CHARS);
    for (size_t i = 0; i < CHARS; i++)
        counts[(unsigned char)text[i]]++;
    for (const char *c = base62; *c != '\0'; c++) /* 1000 expected, 31.6 the standard deviation */
        assert_in_range(counts[(unsigned char)*c], 750, 1250);
}

static void id_uuid_is_of_version_four(void **state)
{
    (void)state;
    for (int n = 0; n < 100; n++) {
        char id[37];
        id_random_uuid(id);
        assert_int_equal(strlen(id), 36);
        assert_int_equal(strspn(id, "0123456789abcdef-"), 36);
        assert_true(id[8] == '-' && id[13] == '-' && id[18] == '-' && id[23] == '-');
        assert_true(id[14] == '4' && strchr("89ab", id[19]) != NULL);
    }
}

static void id_token_hash_is_blake2b_256(void **state)
{
    (void)state;
    static const unsigned char of_nothing[ID_HASH_BYTES] = {
        0x0e, 0x57, 0x51, 0xc0, 0x26, 0xe5, 0x43, 0xb2, 0xe8, 0xab, 0x2e,
        0xb0, 0x60, 0x99, 0xda, 0xa1, 0xd1, 0xe5, 0xdf, 0x47, 0x77, 0x8f,
        0x77, 0x87, 0xfa, 0xab, 0x45, 0xcd, 0xf1, 0x2f, 0xe3, 0xa8
    };
    unsigned char a[ID_HASH_BYTES], b[ID_HASH_BYTES];
    id_hash_token(STR(""), a);
    assert_memory_equal(a, of_nothing, ID_HASH_BYTES);
    id_hash_token(STR("token"), b);
    assert_false(id_hash_equal(a, b));
    assert_true(id_hash_equal(b, b));
}

static void id_digest_is_the_same_hash_in_pieces(void **state)
{
    (void)state;
    const struct str text = STR("what comes in pieces");
    struct {
        unsigned char shift[64];
        struct id_digest d;
    } at[2];
    unsigned char whole[ID_HASH_BYTES], pieces[ID_HASH_BYTES];
    id_hash_token(text, whole);
    for (size_t i = 0; i < text.len; i++) {
        struct id_digest *d = (void *)((unsigned char *)&at[0].d + i); /* at any address */
        id_digest_begin(d);
        id_digest_add(d, text.p, i);
        id_digest_add(d, NULL, 0);
        id_digest_add(d, text.p + i, text.len - i);
        id_digest_end(d, pieces);
        assert_memory_equal(pieces, whole, ID_HASH_BYTES);
    }
}

static void id_digest_tells_lists_of_texts_apart(void **state)
{
    (void)state;
    const struct str lists[][2] = { { STR("ab"), STR("c") },
                                    { STR("a"), STR("bc") },
                                    { STR("abc"), STR("") } };
    unsigned char hashes[ARRAY_LEN(lists)][ID_HASH_BYTES];
    for (size_t i = 0; i < ARRAY_LEN(lists); i++) {
        struct id_digest d;
        id_digest_begin(&d);
        id_digest_add_text(&d, lists[i][0]);
        id_digest_add_text(&d, lists[i][1]);
        id_digest_end(&d, hashes[i]);
        for (size_t k = 0; k < i; k++)
            assert_false(id_hash_equal(hashes[i], hashes[k]));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(id_of_a_voucher_has_the_references_form),
        cmocka_unit_test(id_reads_back),
        cmocka_unit_test(id_tells_nothing_of_its_neighbour),
        cmocka_unit_test(id_with_any_character_changed_is_refused),
        cmocka_unit_test(id_of_another_length_or_alphabet_is_refused),
        cmocka_unit_test(id_has_one_spelling),
        cmocka_unit_test(id_of_an_action_reads_back_and_sorts_by_time),
        cmocka_unit_test(id_of_an_action_is_hex_of_one_length),
        cmocka_unit_test(id_of_a_request_has_the_references_form),
        cmocka_unit_test(id_random_text_uses_the_whole_alphabet_evenly),
        cmocka_unit_test(id_uuid_is_of_version_four),
        cmocka_unit_test(id_token_hash_is_blake2b_256),
        cmocka_unit_test(id_digest_is_the_same_hash_in_pieces),
        cmocka_unit_test(id_digest_tells_lists_of_texts_apart),
    };
    return cmocka_run_group_tests_name("base/ids", tests, NULL, NULL);
}
