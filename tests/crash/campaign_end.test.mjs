// SPDX-License-Identifier: MIT
/*
 * campaign_end.test.mjs - campaigns are changed and deleted, twenty kills on the way; in the end every voucher has what
 * its campaign has, and of deleted campaigns there is nothing left, or a bin full.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { startServer } from '../support/server.mjs';
import { ask, endedWithin, liveAndDie, listActions, settled } from './lives.mjs';
import { Random, seed } from './model.mjs';

const KILLS = 20;
const CODES = 12000;
const USED = 700; // of them were redeemed: they stay as they were
const DOOMED = 3500; // codes of a campaign that will be deleted
const DISCOUNT = { type: 'DISCOUNT_VOUCHER', discount: { type: 'AMOUNT', amount_off: 1000 } };
const CATEGORIES = ['red', 'green', 'blue'];

const deaths = random => random.shuffle([
	...['members.step', 'slice.before_checkpoint', 'slice.before_commit', 'slice.after_commit', 'commit.before', 'commit.after', 'recovery.claimed']
		.map(place => ({ place, nth: place === 'recovery.claimed' ? 1 : random.int(1, place === 'members.step' ? 30 : 6) })),
	...Array.from({ length: KILLS - 7 }, () => random.chance(0.4) ? { place: 'members.step', nth: random.int(1, 40) } : { afterMs: random.int(10, 400) })
]);

async function allVouchers(server, campaign) {
	const vouchers = [];
	for (let cursor = ''; ; cursor = `&starting_after=${vouchers.at(-1).id}`) {
		const { status, text, json } = await server.get(`/v1/vouchers?campaign_id=${campaign}&order=code&limit=100${cursor}`);
		assert.equal(status, 200, text);
		vouchers.push(...json.vouchers);
		if (!json.has_more)
			return vouchers;
	}
}

/** One campaign that is changed again and again, and others that come and go. */
class Load {
	constructor(server, random) {
		this.server = server;
		this.random = random;
		this.n = 0;
		this.doomed = []; // names
	}

	async prepare() {
		const { server } = this;
		const { json } = await server.request('POST', '/v1/campaigns', { json: { name: 'U', voucher: DISCOUNT, metadata: { n: 0 } } });
		this.id = json.id;
		const rows = Array.from({ length: CODES }, (_, i) => `U-${i},${i < USED ? 1 : 0}`);
		const upload = await server.upload('/v1/campaigns/U/importCSV', `Code,Redeemed Quantity\n${rows.join('\n')}\n`);
		await server.waitForAction(upload.json.async_action_id);
	}

	change() {
		const n = ++this.n;
		const json = { start_date: new Date(Date.UTC(2022, 0, 1 + n)).toISOString(), category: this.random.pick(CATEGORIES), metadata: { n } };
		return ask(this.server, () => this.server.request('PUT', '/v1/campaigns/U', { json }));
	}

	/** Its deletion waits for its codes. */
	async remove() {
		const name = `D${this.doomed.length}`;
		this.doomed.push(name);
		const json = { name, voucher: DISCOUNT, category: this.random.pick(CATEGORIES), vouchers_count: DOOMED };
		await ask(this.server, () => this.server.request('POST', '/v1/campaigns', { json }));
		const force = this.random.chance(0.5) ? '?force=true' : '';
		await ask(this.server, () => this.server.request('DELETE', `/v1/campaigns/${name}${force}`));
	}

	async during(server, stopped) {
		for (let i = 0; i < 3 && !stopped(); i++) {
			await (this.random.chance(0.6) ? this.change() : this.remove());
			await endedWithin(server, 60);
		}
	}
}

async function assertUpdated(server, load) {
	const { json: campaign } = await server.get('/v1/campaigns/U');
	assert.deepEqual([campaign.creation_status, campaign.vouchers_count], ['DONE', CODES]);
	for (const v of await allVouchers(server, load.id)) {
		const used = Number(v.code.slice(2)) < USED;
		assert.deepEqual([v.start_date, v.category, v.metadata.n],
			used ? [null, null, 0] : [campaign.start_date, campaign.category, campaign.metadata.n], v.code);
	}
	return campaign.category;
}

/** Those that were not deleted after all, and have their codes: nobody answered, so nothing may have happened. */
async function assertDeleted(server, load, actions) {
	const { json: { campaigns } } = await server.get('/v1/campaigns?limit=100');
	const living = new Set(campaigns.map(c => c.name));
	for (const c of campaigns.filter(c => c.name !== 'U'))
		assert.deepEqual([c.vouchers_count, c.creation_status], [DOOMED, 'DONE'], c.name);
	const { json: { data } } = await server.get('/v1/trash-bin?limit=100');
	const binned = new Set(data.map(entry => entry.resource_name));
	assert.equal(binned.size, data.length);
	const deletions = actions.filter(a => a.type === 'CAMPAIGN.VOUCHERS_DELETE');
	for (const { id } of deletions)
		assert.deepEqual((await server.action(id)).result, { message: `Deleted ${DOOMED} vouchers.`, done_count: DOOMED });
	for (const name of load.doomed) {
		const { status } = await server.get(`/v1/campaigns/${name}`);
		assert.equal(status, living.has(name) ? 200 : 404);
		assert.ok(!(living.has(name) && binned.has(name)), name);
	}
	assert.ok(binned.size <= deletions.length);
	return campaigns.filter(c => c.name !== 'U');
}

test('campaigns that are changed and deleted while the server is killed twenty times', async t => {
	t.diagnostic(`LONGSHORE_TEST_SEED=${seed}`);
	const random = new Random(seed + 13);
	const server = await startServer({ t });
	const load = new Load(server, random);
	await load.prepare();
	await server.kill();
	const ends = { place: 0, time: 0, drained: 0 };
	for (const death of deaths(random))
		ends[await liveAndDie(server, death, { during: (s, stopped) => load.during(s, stopped) })]++;
	await server.start();
	await settled(server, 60000);

	const actions = await listActions(server);
	for (const a of actions.filter(a => a.type === 'CAMPAIGN.VOUCHERS_UPDATE'))
		assert.equal((await server.action(a.id)).result.done_count, CODES - USED);
	const category = await assertUpdated(server, load);
	const left = await assertDeleted(server, load, actions);
	const total = async query => (await server.get(`/v1/vouchers?limit=1${query}`)).json.total;
	assert.equal(await total(''), CODES + left.length * DOOMED);
	for (const c of CATEGORIES)
		assert.equal(await total(`&category=${c}`), (c === category ? CODES - USED : 0) + left.filter(x => x.category === c).length * DOOMED, c);
	t.diagnostic(`${ends.place} kills at places, ${ends.time} at other moments; ${actions.length} actions, ${load.doomed.length} campaigns to delete, ${left.length} of them there`);
});
