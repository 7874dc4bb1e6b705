// SPDX-License-Identifier: MIT
/*
 * records.test.mjs - customers, products, SKUs and orders are imported and updated, and metadata keys purged, twenty kills
 * on the way; in the end each record is there once, as its action says, no purged key is left, and totals agree.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { startServer } from '../support/server.mjs';
import { ask, endedWithin, liveAndDie, listActions, settled } from './lives.mjs';
import { Random, seed } from './model.mjs';

const KILLS = 20;
const FILE_ROWS = 1500, ORDERS = 400;

const deaths = random => random.shuffle([
	...['slice.row', 'slice.before_checkpoint', 'slice.before_commit', 'slice.after_commit', 'commit.before', 'commit.after', 'import.committed']
		.map(place => ({ place, nth: place === 'slice.row' ? random.int(1, 2000) : random.int(1, 8) })),
	{ place: 'members.step', nth: random.int(1, 4) }, { place: 'recovery.claimed', nth: 1 }, { place: 'recovery.restored', nth: 1 },
	...Array.from({ length: KILLS - 10 }, () => ({ afterMs: random.int(10, 300) }))
]);

const rows = (n, line) => Array.from({ length: n }, (_, i) => line(i)).join('\n');

/* What is sent as the n-th of its kind. Every record has the number of its action in its source id. */
const kinds = {
	customers: (s, n) => s.upload('/v1/customers/importCSV', `Source_id,Name,k${n % 3}\n${rows(FILE_ROWS, i => `c${n}-${i},N,v`)}\n`),
	products: (s, n) => s.upload('/v1/products/importCSV', `name,source_id,price\n${rows(FILE_ROWS, i => `P,p${n}-${i},${i}`)}\n`),
	skus: (s, n) => s.upload('/v1/skus/importCSV', `product_id,source_id,price\n${rows(FILE_ROWS, i => `base,s${n}-${i},1.5`)}\n`),
	orders: (s, n) => s.request('POST', '/v1/orders/import', { json: Array.from({ length: ORDERS },
		(_, i) => ({ source_id: `o${n}-${i}`, amount: i, customer: { source_id: `oc${i % 5}` }, metadata: { k: n } })) }),
	bulk: (s, n) => s.request('POST', '/v1/customers/bulk/async', { json: Array.from({ length: 300 },
		(_, i) => ({ source_id: `b${n}-${i}`, name: 'B', metadata: { kb: n } })) }),
	purge: (s, n) => s.request('POST', '/v1/metadata-schemas/customer/purge', { json: { key: `k${n % 3}` } }),
	purgeOrders: s => s.request('POST', '/v1/metadata-schemas/order/purge', { json: { key: 'k' } })
};

/** All of a list, page by page. */
async function all(server, resource) {
	const list = [];
	for (let cursor = ''; ; cursor = `&starting_after=${list.at(-1).id}`) {
		const { status, text, json } = await server.get(`/v1/${resource}?limit=100${cursor}`);
		assert.equal(status, 200, text);
		list.push(...json[resource]);
		if (!json.has_more) {
			assert.equal(json.total, list.length, resource);
			return list;
		}
	}
}

const created = { 'CUSTOMERS.IMPORT_CSV': 'customers', 'CUSTOMERS.BULK_UPDATE': 'customers', 'PRODUCTS.IMPORT_CSV': 'products', 'SKUS.IMPORT_CSV': 'skus', 'ORDERS.IMPORT': 'orders' };

test('records that are written while the server is killed twenty times are there once each', async t => {
	t.diagnostic(`LONGSHORE_TEST_SEED=${seed}`);
	const random = new Random(seed + 17);
	const server = await startServer({ t });
	await server.request('POST', '/v1/products', { json: { source_id: 'base' } });
	await server.kill();

	const known = new Set();
	let n = 0;
	const during = async (s, stopped) => {
		while (!stopped()) {
			const kind = Object.values(kinds)[random.int(0, Object.keys(kinds).length - 1)];
			const number = n++;
			const json = await ask(s, () => kind(s, number));
			if (json !== undefined)
				known.add(json.async_action_id);
			await endedWithin(s, 120);
		}
	};
	const ends = { place: 0, time: 0, drained: 0 };
	for (const death of deaths(random))
		ends[await liveAndDie(server, death, { during: async (s, stopped) => (known.size < 60 ? during(s, stopped) : undefined) })]++;
	await server.start();
	const last = [];
	for (const kind of [0, 1, 2].map(k => s => kinds.purge(s, k)).concat(kinds.purgeOrders))
		last.push((await kind(server)).json.async_action_id);
	await settled(server, 90000);

	const actions = await listActions(server);
	for (const id of known)
		assert.ok(actions.some(a => a.id === id), `the action ${id} was answered and is gone`);
	const reported = { customers: [], products: ['base'], skus: [], orders: [] };
	for (const { id, type } of actions) {
		const action = await server.action(id);
		assert.deepEqual([action.status, action.result.failed_count ?? 0], ['DONE', 0], type);
		if (!(type in created))
			continue;
		const report = (await server.report(id)).slice(1);
		assert.ok(report.every(row => row[2] === 'created'), `${id}: ${JSON.stringify(report.find(row => row[2] !== 'created'))}`);
		assert.equal(action.result.done_count, report.length);
		reported[created[type]].push(...report.map(row => row[1]));
	}
	const stored = { customers: await all(server, 'customers'), products: await all(server, 'products'), orders: await all(server, 'orders') };
	const buyers = stored.customers.filter(c => c.source_id.startsWith('oc')).map(c => c.source_id);
	assert.deepEqual(buyers.sort(), reported.orders.length > 0 ? ['oc0', 'oc1', 'oc2', 'oc3', 'oc4'] : []);
	const ids = { customers: stored.customers.filter(c => !c.source_id.startsWith('oc')), products: stored.products, orders: stored.orders };
	for (const [resource, list] of Object.entries(ids))
		assert.deepEqual(list.map(r => r.source_id).sort(), reported[resource].sort(), resource);
	assert.equal((await server.get('/v1/products/base/skus?limit=1')).json.total, reported.skus.length);
	for (const c of stored.customers)
		assert.ok(!Object.keys(c.metadata ?? {}).some(key => /^k\d$/.test(key)), JSON.stringify(c));
	for (const o of stored.orders)
		assert.ok(!('metadata' in o), JSON.stringify(o));
	t.diagnostic(`${ends.place} kills at places, ${ends.time} at other moments; ${actions.length} actions, ${Object.values(reported).flat().length} records`);
});
