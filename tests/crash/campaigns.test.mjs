// SPDX-License-Identifier: MIT
/*
 * campaigns.test.mjs - codes are generated and imported, twenty kills on the way; in the end each campaign has exactly
 * the codes that were asked for, each once, and reports and counters say so.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { startServer } from '../support/server.mjs';
import { ask, endedWithin, liveAndDie, listActions, settled } from './lives.mjs';
import { Random, seed } from './model.mjs';

const KILLS = 20;
const DISCOUNT = { type: 'DISCOUNT_VOUCHER', discount: { type: 'AMOUNT', amount_off: 1000 } };
const dense = { ...DISCOUNT, code_config: { pattern: 'D-#####', charset: '0123456789' } };

const deaths = random => random.shuffle([
	...['slice.row', 'slice.before_checkpoint', 'slice.before_commit', 'slice.after_commit', 'commit.before', 'commit.after', 'import.committed']
		.map(place => ({ place, nth: place === 'slice.row' ? random.int(1, 3000) : random.int(1, 8) })),
	{ place: 'slice.after_commit', nth: random.int(3, 6) }, { place: 'recovery.claimed', nth: 1 }, { place: 'recovery.restored', nth: 1 },
	...Array.from({ length: KILLS - 10 }, () => ({ afterMs: random.int(10, 300) }))
]);

/** Every code of a campaign, page by page. */
async function codesOf(server, campaign) {
	const codes = [];
	for (let cursor = ''; ; ) {
		const { status, text, json } = await server.get(`/v1/vouchers?campaign_id=${campaign}&order=code&limit=100${cursor}`);
		assert.equal(status, 200, text);
		codes.push(...json.vouchers.map(v => v.code));
		if (!json.has_more)
			return codes;
		cursor = `&starting_after=${json.vouchers.at(-1).id}`;
	}
}

test('campaigns that are filled while the server is killed twenty times have exactly their codes', async t => {
	t.diagnostic(`LONGSHORE_TEST_SEED=${seed}`);
	const random = new Random(seed + 11);
	const server = await startServer({ t });
	const made = [];
	for (const [name, voucher] of [['Dense', dense], ['Wide', DISCOUNT], ['Files', DISCOUNT], ['Items', DISCOUNT]]) {
		const { json } = await server.request('POST', '/v1/campaigns', { json: { name, voucher } });
		made.push(json.id);
	}
	const [denseId, wideId, filesId, itemsId] = made;
	await server.kill();

	const known = new Set(); // actions that were answered with 202
	let files = 0;
	const during = async (s, stopped) => {
		while (!stopped()) {
			const roll = random.int(0, 3);
			const json = await ask(s, () => {
				if (roll === 2) {
					const rows = Array.from({ length: 2000 }, (_, i) => `F${files}-${i}`);
					files++;
					return s.upload(`/v1/campaigns/${filesId}/importCSV`, `Code\n${rows.join('\n')}\n`);
				}
				if (roll === 3) {
					files++;
					return s.request('POST', `/v1/campaigns/${itemsId}/import`, { json: Array.from({ length: 1500 }, (_, i) => ({ code: `J${files}-${i}` })) });
				}
				return s.request('POST', `/v1/campaigns/${roll === 0 ? denseId : wideId}/vouchers?vouchers_count=${roll === 0 ? 2500 : 4000}`, { json: {} });
			});
			if (json !== undefined)
				known.add(json.async_action_id);
			await endedWithin(s, 120);
		}
	};
	const ends = { place: 0, time: 0, drained: 0 };
	for (const death of deaths(random))
		ends[await liveAndDie(server, death, { during: async (s, stopped) => (known.size < 40 ? during(s, stopped) : undefined) })]++;
	await server.start();
	await settled(server, 60000);

	const actions = await listActions(server);
	for (const id of known)
		assert.ok(actions.some(a => a.id === id), `the action ${id} was answered and is gone`);
	const reported = { [denseId]: [], [wideId]: [], [filesId]: [], [itemsId]: [] };
	const owner = { D: denseId, F: filesId, J: itemsId };
	for (const { id } of actions) {
		const action = await server.action(id);
		const rows = (await server.report(id)).slice(1);
		const codes = rows.map(row => row[1]);
		assert.ok(rows.every(row => row[2] === 'created'), `${id}: ${JSON.stringify(rows.find(row => row[2] !== 'created'))}`);
		assert.equal(action.result.done_count, codes.length);
		assert.ok([1500, 2000, 2500, 4000].includes(codes.length), `${codes.length} codes`);
		reported[codes[0].includes('-') ? owner[codes[0][0]] : wideId].push(...codes); // random ones have no hyphen
	}
	for (const id of made) {
		const codes = await codesOf(server, id);
		const { json } = await server.get(`/v1/campaigns/${id}`);
		assert.deepEqual([...codes].sort(), reported[id].sort());
		assert.equal(new Set(codes).size, codes.length);
		assert.deepEqual([json.vouchers_count, json.vouchers_generation_status], [codes.length, 'DONE']);
	}
	assert.equal((await server.get('/v1/vouchers?limit=1')).json.total, Object.values(reported).flat().length);
	t.diagnostic(`${ends.place} kills at places, ${ends.time} at other moments; ${actions.length} actions, ${Object.values(reported).flat().length} codes`);
});
