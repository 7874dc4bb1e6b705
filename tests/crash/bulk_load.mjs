// SPDX-License-Identifier: MIT
/*
 * bulk_load.mjs - clients of all four voucher types at once, who know what they have sent and what
 * they were told; and try again, by Idempotency-Key, what was not answered.
 *
 * What becomes of their rows must not depend on luck, so:
 *   - an import has codes of its own; or it goes on where one has ended that it can see is DONE, and
 *     then it meets some of that one's vouchers again;
 *   - updates speak of codes whose import was there before: it was answered, or never will be. One
 *     that may be sent once more could come behind them.
 */
import assert from 'node:assert/strict';
import { sleep } from '../support/server.mjs';
import { kinds } from './bulk_model.mjs';
import { csvOf, discountNumbers, makeFile, Model, typeNumbers } from './model.mjs';

const KEYED = 0.3; // of all requests
const DRY = 0.1;
const UNKNOWN = 0.04; // of an update's codes
const FLAWED = 0.04; // of all items

/** A CSV import, and those that go on with its codes. */
class Family {
	constructor(prefix) {
		this.prefix = prefix;
		this.next = 0; // number of the first code that it has not used
		this.model = new Model(); // its vouchers, by its own files alone
		this.last = undefined; // request
	}

	/** The rows of the next file, and the codes that it creates. */
	grow(random, rows, bad) {
		const file = makeFile(random, { prefix: this.prefix, rows, bad, from: this.next, known: this.next });
		const created = this.model.apply(file.rows).filter(row => row[2] === 'created').map(row => row[1]);
		this.next = file.next;
		return { records: file.rows, codes: created };
	}

	codes() {
		return [...this.model.vouchers.keys()];
	}

	/** Some rows that change its vouchers. */
	again(random, rows) {
		const file = makeFile(random, { prefix: this.prefix, rows: 3 * rows, from: this.next, known: this.next });
		return file.rows.filter(row => {
			const there = this.model.vouchers.get(row.code);
			return there?.type === typeNumbers[row.type] && there.discount_type === (discountNumbers[row.discountType] ?? 0);
		});
	}
}

export class Load {
	constructor(random) {
		this.random = random;
		this.requests = []; // all of them, in the order in which they were made
		this.sources = []; // lists of codes that updates speak of
		this.certain = []; // lists of codes that are there
		this.families = [];
		this.ballast = new Family('BALLAST-');
		this.marks = 0;
	}

	/* ---- requests ---- */

	/** `codes`: those that it creates, if it is let. */
	#request(kind, { records, metadata, codes = [] }, { dry = this.random.chance(DRY) } = {}) {
		const n = this.requests.length;
		const request = { kind, records, metadata, dry };
		request.key = this.random.chance(KEYED) ? `key-${n}` : undefined;
		request.codes = dry ? [] : codes;
		request.offered = false; // to updates
		request.refused = false; // by a server that is going
		request.id = undefined; // of the action, once answered
		request.done = false; // it is known to have ended well
		request.cancelled = undefined; // the answer to a cancel; null: there was none
		this.requests.push(request);
		return request;
	}

	#post(server, { kind, records, metadata, dry, key }) {
		const path = kinds[kind].path + (dry ? '?dry_run=true' : '');
		const headers = key === undefined ? {} : { 'Idempotency-Key': key };
		if (kind === 'csv')
			return server.upload(path, csvOf(records), { headers });
		return server.post(path, kind === 'metadata' ? { codes: records, metadata } : records, { headers });
	}

	/** Sends it, once more perhaps. True: it was answered. False: the server is gone, or going. */
	async send(server, request) {
		const known = request.id;
		let answer;
		try {
			answer = await this.#post(server, request);
		} catch {
			answer = undefined;
		}
		const accepted = answer !== undefined && answer.status !== 503;
		request.refused = answer?.status === 503;
		if (accepted) {
			assert.equal(answer.status, 202, answer.text);
			request.id ??= answer.json.async_action_id;
			assert.equal(answer.json.async_action_id, request.id, `${request.key} is one action`);
			if (known !== undefined)
				assert.equal(answer.headers.get('Idempotent-Replayed'), 'true');
		}
		if (accepted || request.key === undefined)
			this.#offer(request);
		return accepted;
	}

	/** From now on updates may speak of its codes. */
	#offer(request) {
		if (!request.offered && request.codes.length > 0)
			this.sources.push(request.codes);
		request.offered = true;
	}

	async #isDone(server, request) {
		if (request.done || request.id === undefined)
			return request.done;
		try {
			request.done = (await server.action(request.id)).status === 'DONE';
		} catch {
			return false;
		}
		if (request.done && request.kind === 'csv')
			this.certain.push(request.codes);
		return request.done;
	}

	/* ---- what they say ---- */

	#mark() {
		return `${++this.marks}`;
	}

	#code() {
		const { random } = this;
		if (random.chance(UNKNOWN))
			return `NONE-${random.int(1, 50)}`;
		return random.pick(random.chance(0.4) ? this.sources.at(-1) : random.pick(this.sources));
	}

	/** Season and Region are given by imports as well. */
	#metadata() {
		const { random } = this;
		const given = {};
		for (const key of ['k0', 'k1', 'says "k"']) {
			if (random.chance(0.4))
				given[key] = random.pick([0, 1, 2.5, '', 'says "hi"', true, null, { deep: [1, null] }, {}]);
		}
		for (const key of ['Season', 'Region']) {
			if (random.chance(0.25))
				given[key] = random.pick(['spring', 'autumn', 'EU']);
		}
		return given;
	}

	#updateItem() {
		const { random } = this;
		const item = { code: this.#code(), metadata: this.#metadata() };
		if (!random.chance(FLAWED))
			return item;
		return random.pick([{ metadata: item.metadata }, { code: item.code }, { ...item, code: '' }]);
	}

	#importItem(code) {
		const { random } = this;
		const worth = random.pick([
			{ type: 'GIFT_VOUCHER', gift: { amount: random.int(1, 5000) } },
			{ type: 'DISCOUNT_VOUCHER', discount: { type: 'AMOUNT', amount_off: random.int(1, 5000) } },
			{ discount: { type: 'PERCENT', percent_off: random.int(1, 100) } }
		]);
		const item = { code, ...worth };
		if (random.chance(0.3))
			item.category = random.pick(['red', 'green', 'blue']);
		if (random.chance(0.3))
			item.active = random.chance(0.5);
		if (random.chance(0.3))
			item.redemption = { quantity: random.int(0, 99) };
		if (random.chance(0.3))
			item.additional_info = random.pick(['a, b', 'says "hi"', 'two\nlines']);
		if (random.chance(0.5))
			item.metadata = this.#metadata();
		return random.chance(FLAWED) ? this.#spoiled(item) : item;
	}

	#spoiled({ code, ...item }) {
		return this.random.pick([
			item,
			{ code },
			{ code, type: 'GIFT_VOUCHER' },
			{ code, discount: { type: 'PERCENT', percent_off: 120 } }
		]);
	}

	#update(n, options) {
		const records = [{ code: this.#code(), metadata: { mark: this.#mark() } }];
		while (records.length < n)
			records.push(this.#updateItem());
		return this.#request('update', { records }, options);
	}

	#metadataUpdate(n, options) {
		const records = Array.from({ length: n }, () => (this.random.chance(0.01) ? '' : this.#code()));
		return this.#request('metadata', { records, metadata: { ...this.#metadata(), mark: this.#mark() } }, options);
	}

	/** Some of a large one are there already, and fail. */
	#import(n, options) {
		const { random } = this;
		const taken = random.pick(this.certain);
		const prefix = `J${this.#mark()}-`;
		const records = [];
		for (let i = 0; i < n; i++)
			records.push(this.#importItem(`${prefix}${random.chance(0.1) ? random.int(0, i) : i}`));
		for (let i = 0; i < Math.floor(n / 20); i++)
			records.push(this.#importItem(random.pick(taken)));
		const codes = Array.from({ length: n }, (_, i) => `${prefix}${i}`);
		return this.#request('import', { records, codes }, options);
	}

	#growth(family, rows) {
		family.last = this.#request('csv', family.grow(this.random, rows, 3), { dry: false });
		return family.last;
	}

	/** Of codes of its own, and some that are there. */
	#dryCsv(rows, family) {
		const { records } = new Family(`D${this.#mark()}-`).grow(this.random, rows, 3);
		return this.#request('csv', { records: [...records, ...family.again(this.random, 50)] }, { dry: true });
	}

	#small() {
		const { random } = this;
		const kind = random.next();
		if (kind < 0.6)
			return this.#update(random.int(1, 5));
		return kind < 0.85 ? this.#metadataUpdate(random.int(1, 8)) : this.#import(random.int(1, 5));
	}

	/* ---- the clients ---- */

	/** Where can imports go on? 'ready', 'waiting' (for its last one to end), or 'over'. */
	async #stateOf(server, { last }) {
		if (last === undefined || (await this.#isDone(server, last)))
			return 'ready';
		const mayEnd = last.cancelled === undefined && (last.id !== undefined || last.key !== undefined);
		return mayEnd ? 'waiting' : 'over';
	}

	/** A family with vouchers that are there for certain, or undefined. */
	async #readyFamily(server) {
		for (const family of this.random.shuffle([...this.families])) {
			if (family.last !== undefined && (await this.#stateOf(server, family)) === 'ready')
				return family;
		}
	}

	async #cancel(server, request) {
		request.cancelled = null;
		const pause = this.random.int(-10, 20);
		if (pause > 0)
			await sleep(pause);
		try {
			const answer = await server.request('POST', `/v1/async-actions/${request.id}/cancel`);
			assert.ok([200, 409, 503].includes(answer.status), answer.text);
			request.cancelled = answer;
		} catch (e) {
			if (e instanceof assert.AssertionError)
				throw e;
		}
	}

	/** As send(); `chance`: of a cancel soon after. */
	async #sendAndCancel(server, request, chance) {
		const cancels = this.random.chance(chance);
		const answered = await this.send(server, request);
		if (answered && cancels)
			await this.#cancel(server, request);
		return answered;
	}

	/** What former lives have not answered; and some of what they have. */
	async #retries(server, past) {
		const open = past.filter(request => request.key !== undefined && request.id === undefined);
		const answered = past.filter(request => request.key !== undefined && request.id !== undefined);
		const again = answered.length > 0 ? [this.random.pick(answered), answered.at(-1)] : [];
		await Promise.all([...open, ...new Set(again)].map(request => this.send(server, request)));
	}

	async #singles(server) {
		for (let i = 0; i < 8; i++) {
			if (!(await this.send(server, this.#small())))
				return;
		}
	}

	async #bursts(server) {
		for (let i = 0; i < 2; i++) {
			const burst = Array.from({ length: 12 }, () => this.#small());
			const answers = await Promise.all(burst.map(request => this.#sendAndCancel(server, request, 0.08)));
			if (answers.includes(false))
				return;
		}
	}

	async #largeOne(server) {
		const { random } = this;
		const kind = random.next();
		if (kind < 0.4)
			await this.#sendAndCancel(server, this.#update(random.int(1500, 2500)), 0.3);
		else if (kind < 0.7)
			await this.#sendAndCancel(server, this.#metadataUpdate(random.int(2000, 3000)), 0.3);
		else
			await this.#sendAndCancel(server, this.#import(random.int(600, 1200)), 0.3);
	}

	/** Updates that wait, and behind them an import that changes what they are about. */
	async #contest(server, family) {
		const known = new Set(family.codes());
		const growth = this.#growth(family, 300);
		const codes = [...new Set(growth.records.map(row => row.code).filter(code => known.has(code)))];
		const updates = [
			this.#request('metadata', { records: codes, metadata: { Season: 'winter', mark: this.#mark() } }),
			this.#request('metadata', { records: codes.slice(0, 50), metadata: { Region: `M${this.#mark()}` } }),
			this.#request('update', {
				records: codes.map(code => ({ code, metadata: { ...this.#metadata(), Region: `U${this.#mark()}` } }))
			})
		];
		for (const request of [...updates, growth]) {
			if (!(await this.send(server, request)))
				return;
		}
	}

	/** The only client who goes on with a family: nobody else makes it grow meanwhile. */
	async #csvs(server) {
		const { random } = this;
		const family = await this.#readyFamily(server);
		if (family === undefined) {
			this.families.push(new Family(`C${this.#mark()}-`));
			await this.#sendAndCancel(server, this.#growth(this.families.at(-1), random.int(300, 800)), 0.3);
		} else if (random.chance(0.2)) {
			await this.send(server, this.#dryCsv(200, family));
		} else {
			await this.#contest(server, family);
		}
	}

	/** There is always something large to do, that others wait for. */
	async #ballastFirst(server) {
		const state = await this.#stateOf(server, this.ballast);
		if (state === 'waiting')
			return;
		if (state === 'over')
			this.ballast = new Family(`B${this.#mark()}-`);
		await this.#sendAndCancel(server, this.#growth(this.ballast, this.random.int(6000, 10000)), 0.1);
	}

	/** A first import, so that updates have something to speak of. */
	async begin(server) {
		const family = new Family('FIRST-');
		this.families.push(family);
		assert.ok(await this.send(server, this.#growth(family, 3000)));
		await server.waitForAction(family.last.id);
		assert.ok(await this.#isDone(server, family.last));
	}

	/** Ids of actions that have not ended. */
	async #open(server) {
		const ids = [];
		for (const status of ['IN_PROGRESS', 'ENQUEUED']) {
			const { json } = await server.get(`/v1/async-actions?limit=100&status=${status}`);
			ids.push(...(json.async_actions ?? []).map(action => action.id));
		}
		return ids;
	}

	/** One of those that former lives have left. */
	async #cancels(server) {
		if (!this.random.chance(0.4))
			return;
		const open = new Set(await this.#open(server).catch(() => []));
		const left = this.requests.filter(({ id, cancelled }) => open.has(id) && cancelled === undefined);
		if (left.length > 0)
			await this.#cancel(server, this.random.pick(left));
	}

	/** All clients, until they have said what they have to say, or the server is gone. */
	async run(server) {
		const past = [...this.requests];
		await Promise.all([
			this.#ballastFirst(server).then(() => this.#csvs(server)), this.#retries(server, past),
			this.#singles(server), this.#bursts(server), this.#largeOne(server), this.#cancels(server)
		]);
	}

	/** To a server that lives: nothing that can be asked again stays open. */
	async finish(server) {
		await this.#retries(server, this.requests);
		for (const { key, id } of this.requests)
			assert.ok(key === undefined || id !== undefined, `${key} was not answered`);
	}

	/** What was answered is there: of all requests from this one on. */
	async assertKept(server, from) {
		for (const { id } of this.requests.slice(from)) {
			if (id !== undefined)
				await server.action(id);
		}
	}
}
