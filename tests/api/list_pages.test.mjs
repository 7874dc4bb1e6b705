// SPDX-License-Identifier: MIT
/*
 * list_pages.test.mjs - a long list, page by page along starting_after: every voucher once, in every
 * order, with and without filters, and the totals that go with it.
 */
import assert from 'node:assert/strict';
import { before, test } from 'node:test';

import { apiServer, newProject } from '../support/api.mjs';

const ROWS = 30000;
const server = await apiServer();
let p;

/* Codes in an order of their own; a third changed later, in two files; a hundred in one category. */
const code = i => `${'ABC'[i % 3]}${String((i * 7919) % ROWS).padStart(5, '0')}`;

before(async () => {
	p = await newProject(server);
	const q = await newProject(server); // between the keys and codes of the others
	const file = (from, to, value) => {
		const lines = ['Code,Voucher Type,Value,Category,n'];
		for (let i = from; i < to; i++)
			lines.push(`${code(i)},GIFT_VOUCHER,${value},${i % 300 === 0 ? 'rare' : ''},${i}`);
		return `${lines.join('\n')}\n`;
	};
	await p.load(file(0, ROWS / 2, 1));
	await q.load(file(0, 1000, 1));
	await p.load(file(ROWS / 2, ROWS, 1));
	await p.load(file(5000, 10000, 2));
	await p.load(file(20000, 25000, 3));
});

/** All vouchers, along the cursor. */
async function walk(query) {
	const all = [];
	for (let cursor = ''; ; cursor = `&starting_after=${all.at(-1).id}`) {
		const { status, text, json } = await p.get(`/v1/vouchers?limit=100&${query}${cursor}`);
		assert.equal(status, 200, text);
		all.push(...json.vouchers);
		if (!json.has_more)
			return { all, total: json.total };
		assert.equal(json.vouchers.length, 100);
	}
}

const changed = v => v.updated_at ?? v.created_at;
const orders = {
	created_at: (a, b) => a.created_at <= b.created_at,
	'-created_at': (a, b) => a.created_at >= b.created_at,
	updated_at: (a, b) => changed(a) <= changed(b),
	'-updated_at': (a, b) => changed(a) >= changed(b),
	code: (a, b) => a.code < b.code,
	'-code': (a, b) => a.code > b.code
};

function assertOnceInOrder(all, rows, order) {
	assert.equal(all.length, rows);
	assert.equal(new Set(all.map(v => v.code)).size, rows);
	for (let i = 1; i < all.length; i++)
		assert.ok(orders[order](all[i - 1], all[i]), `${order}: ${all[i - 1].code} before ${all[i].code}`);
}

for (const order of Object.keys(orders)) {
	test(`starting_after by ${order}: ${ROWS} vouchers, each exactly once`, async () => {
		const { all, total } = await walk(`order=${order}`);
		assertOnceInOrder(all, ROWS, order);
		assert.equal(total, ROWS);
	});

	test(`starting_after by ${order} with filters: exactly those that fit`, async () => {
		const filters = {
			'filters[code][conditions][$starts_with]=B0': v => v.code.startsWith('B0'),
			'filters[metadata.n][conditions][$less_than]=777': v => Number(v.metadata.n) < 777,
			'category=rare': v => v.category === 'rare'
		};
		const numbers = Array.from({ length: ROWS }, (_, i) =>
			({ code: code(i), metadata: { n: String(i) }, category: i % 300 === 0 ? 'rare' : null }));
		for (const [query, fits] of Object.entries(filters)) {
			const want = numbers.filter(fits).map(v => v.code).sort();
			const { all, total } = await walk(`order=${order}&${query}`);
			assertOnceInOrder(all, want.length, order);
			assert.deepEqual(all.map(v => v.code).sort(), want);
			assert.equal(total, want.length);
		}
	});
}

test('a page of a category ends where the category does', async () => {
	const sizes = [];
	for (let page = 1; page <= 4; page++) {
		const { json } = await p.get(`/v1/vouchers?category=rare&limit=40&page=${page}`);
		sizes.push([json.vouchers.length, json.total, json.has_more]);
	}
	assert.deepEqual(sizes, [[40, 100, true], [40, 100, true], [20, 100, false], [0, 100, false]]);
});

test('many lists with filters at once are all answered', async () => {
	const answers = await Promise.all(Array.from({ length: 24 }, (_, i) =>
		p.get(`/v1/vouchers?limit=1&filters[metadata.n][conditions][$is]=${i * 1000}&order=updated_at`)));
	for (const [i, { status, text, json }] of answers.entries()) {
		assert.equal(status, 200, text);
		assert.equal(json.total, 1);
		assert.equal(json.vouchers[0].code, code(i * 1000));
	}
});
