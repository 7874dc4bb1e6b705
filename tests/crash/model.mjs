// SPDX-License-Identifier: MIT
/*
 * model.mjs - what an import should have done, by a straight computation over the file; and the
 * comparison of that with everything the server shows and stores.
 *
 * The rules are those of the API reference (3.0, 3.17): rows in file order; a code that is there is
 * updated by the cells that are given, metadata key by key; type and discount type never change; of
 * what two have given, the later one's stands.
 */
import assert from 'node:assert/strict';

/* ---- chance ---- */

/** The seed of this run, told so that a run can be repeated: LONGSHORE_TEST_SEED=… */
export const seed = Number(process.env.LONGSHORE_TEST_SEED || Date.now() % 1000000007);

export class Random {
	constructor(from) {
		this.state = from >>> 0;
	}

	/** mulberry32: [0, 1) */
	next() {
		this.state = (this.state + 0x6d2b79f5) >>> 0;
		let t = this.state;
		t = Math.imul(t ^ (t >>> 15), t | 1);
		t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
		return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
	}

	/** An integer in [least, most]. */
	int(least, most) {
		return least + Math.floor(this.next() * (most - least + 1));
	}

	pick(list) {
		return list[this.int(0, list.length - 1)];
	}

	chance(p) {
		return this.next() < p;
	}

	shuffle(list) {
		for (let i = list.length - 1; i > 0; i--) {
			const j = this.int(0, i);
			[list[i], list[j]] = [list[j], list[i]];
		}
		return list;
	}
}

/* ---- files ---- */

const columns = [
	['code', 'Code'],
	['type', 'Voucher Type'],
	['value', 'Value'],
	['discountType', 'Discount Type'],
	['category', 'Category'],
	['active', 'Active'],
	['limit', 'Redemption Limit'],
	['info', 'Additional Info'],
	['Season', 'Season'],
	['Region', 'Region']
];

function cell(text) {
	return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** Rows (objects of texts) as a CSV file, with the line ends of both worlds, and blank lines at its end. */
export function csvOf(rows) {
	const lines = [columns.map(c => c[1]).join(',')];
	for (const row of rows)
		lines.push(columns.map(c => cell(row[c[0]] ?? '')).join(','));
	return lines.map((line, i) => line + (i % 7 === 3 ? '\r\n' : '\n')).join('') + '\r\n\r\n';
}

/** Some codes of these rows, in any order. */
export function codesOf(random, rows, n) {
	const codes = new Set(rows.map(row => row.code).filter(code => code !== ''));
	return random.shuffle([...codes]).slice(0, n);
}

/** What breaks a row, and what is said about it. */
const flaws = [
	[row => (row.code = ''), 'Code is required'],
	[row => (row.type = ''), 'Voucher Type is required'],
	[row => (row.value = ''), 'Value is required'],
	[row => (row.type = 'DISCOUNT_VOUCHER', row.discountType = ''), 'Discount Type is required'],
	[row => (row.active = 'maybe'), 'Property .active must be boolean']
];

/* The type follows from the number, so that a code that comes again keeps it. */
function makeRow(random, prefix, n) {
	const gift = n % 5 === 0;
	const percent = !gift && n % 3 === 0;
	return {
		code: `${prefix}${n}`,
		type: gift ? 'GIFT_VOUCHER' : 'DISCOUNT_VOUCHER',
		value: String(percent ? random.int(1, 100) : random.int(1, 5000)),
		discountType: gift ? '' : percent ? 'PERCENT' : 'AMOUNT',
		category: random.chance(0.3) ? random.pick(['red', 'green', 'blue']) : '',
		active: random.chance(0.4) ? random.pick(['TRUE', 'false']) : '',
		limit: random.chance(0.3) ? String(random.int(0, 99)) : '',
		info: random.chance(0.1) ? random.pick(['a, b', 'says "hi"', 'two\nlines', 'Zażółć']) : '',
		Season: random.chance(0.3) ? random.pick(['spring', 'summer']) : '',
		Region: random.chance(0.3) ? random.pick(['EU', 'US']) : ''
	};
}

/**
 * A file of `rows` rows. Numbers of codes begin at `from`; `known` is how many codes below that are
 * there already, of which a third of the rows is. Of the rest, some repeat a code of this file.
 */
export function makeFile(random, { prefix, rows, bad = 0, from = 0, known = 0 }) {
	const list = [];
	let fresh = from;
	for (let i = 0; i < rows; i++) {
		const kind = random.next();
		if (known > 0 && kind < 0.33)
			list.push(makeRow(random, prefix, random.int(from - known, from - 1)));
		else if (fresh > from && kind > 0.9)
			list.push(makeRow(random, prefix, random.int(from, fresh - 1)));
		else
			list.push(makeRow(random, prefix, fresh++));
	}
	for (let i = 0; i < bad; i++)
		spoil(random, random.pick(list));
	return { rows: list, csv: csvOf(list), next: fresh };
}

/** Breaks a row; or gives a voucher another discount type, which is seen only when it is applied. */
function spoil(random, row) {
	if (row.reason !== undefined)
		return;
	if (random.chance(0.25)) {
		row.discountType = 'UNIT';
		row.type = 'DISCOUNT_VOUCHER';
		return;
	}
	const [apply, reason] = random.pick(flaws);
	apply(row);
	row.reason = reason;
}

/* ---- what should be ---- */

export const typeNumbers = { DISCOUNT_VOUCHER: 1, GIFT_VOUCHER: 2 };
export const discountNumbers = { AMOUNT: 1, PERCENT: 2, FIXED: 3, UNIT: 4 };

function valueOf(row) {
	const plain = row.discountType === 'PERCENT' || row.discountType === 'UNIT';
	return plain ? Number(row.value) : Number(row.value) * 100;
}

function metadataOf(row) {
	const given = {};
	for (const key of ['Season', 'Region']) {
		if (row[key] !== '')
			given[key] = row[key];
	}
	return given;
}

export class Model {
	constructor() {
		this.vouchers = new Map(); // by code
	}

	/**
	 * Applies a file; returns what became of its rows: [row, code, outcome, reason]. `others`: codes
	 * that single requests have created while it was the newest file.
	 */
	apply(rows, others = new Set()) {
		for (const code of others)
			this.vouchers.set(code, structuredClone(liveStored));
		return rows.map((row, i) => {
			const [outcome, reason] = this.#applyRow(row, others);
			return [String(i + 1), row.code, outcome, reason];
		});
	}

	#applyRow(row, others) {
		if (row.reason !== undefined)
			return ['failed', row.reason];
		const stored = this.vouchers.get(row.code);
		if (others.has(row.code)) // keeps what the later request has given, and gets the rest
			return [this.#update(stored, { ...row, value: '' }) ? 'updated' : 'superseded', ''];
		if (stored === undefined) {
			this.vouchers.set(row.code, this.#created(row));
			return ['created', ''];
		}
		if (stored.type !== typeNumbers[row.type] || stored.discount_type !== (discountNumbers[row.discountType] ?? 0))
			return ['failed', 'It is not possible to change Voucher discount type'];
		return [this.#update(stored, row) ? 'updated' : 'unchanged', ''];
	}

	#created(row) {
		return {
			type: typeNumbers[row.type],
			discount_type: discountNumbers[row.discountType] ?? 0,
			value: valueOf(row),
			active: row.active.toLowerCase() === 'false' ? 0 : 1,
			quantity: row.limit === '' ? null : Number(row.limit),
			category: row.category || null,
			additional_info: row.info || null,
			metadata: metadataOf(row)
		};
	}

	#update(stored, row) {
		const before = JSON.stringify(stored);
		if (row.value !== '')
			stored.value = valueOf(row);
		if (row.active !== '')
			stored.active = row.active.toLowerCase() === 'false' ? 0 : 1;
		if (row.limit !== '')
			stored.quantity = Number(row.limit);
		if (row.category !== '')
			stored.category = row.category;
		if (row.info !== '')
			stored.additional_info = row.info;
		Object.assign(stored.metadata, metadataOf(row));
		return JSON.stringify(stored) !== before;
	}
}

/* ---- single vouchers beside the import ---- */

export const liveBody = {
	type: 'DISCOUNT_VOUCHER',
	discount: { type: 'AMOUNT', amount_off: 4200 },
	start_date: '2020-01-01T00:00:00.000Z' // no file has one: this tells them apart
};

const liveStored = {
	type: 1,
	discount_type: 1,
	value: 4200,
	active: 1,
	quantity: null,
	category: null,
	additional_info: null,
	metadata: {}
};

/**
 * Creates vouchers one by one until told to stop, or until the server is gone. Some codes are those of
 * the import: whoever comes first has it. Their answers are kept: what was acknowledged must be there
 * for ever.
 */
export class LiveWriter {
	constructor(random, contested = []) {
		this.random = random;
		this.contested = contested;
		this.next = 0;
		this.newest = new Map(); // by code: how many files had been accepted when it was sent
		this.files = 0;
		this.acknowledged = new Set();
		this.refused = new Set(); // the code was taken, or the disk full
		this.unknown = new Set(); // no answer: either is right
	}

	/** `pauseMs`: between two of them. Returns when the server does not answer any more. */
	async run(server, stopped, pauseMs = 0) {
		while (!stopped()) {
			const own = this.contested.length === 0 || this.random.chance(0.7);
			const code = own ? `LIVE-${this.next++}` : this.contested.pop();
			this.unknown.add(code);
			this.newest.set(code, this.files);
			let answer;
			try {
				answer = await server.post(`/v1/vouchers/${code}`, liveBody);
			} catch {
				return;
			}
			if (answer.status === 503)
				return; // it is stopping
			this.unknown.delete(code);
			assert.ok([200, 409, 507].includes(answer.status), answer.text);
			(answer.status === 200 ? this.acknowledged : this.refused).add(code);
			if (pauseMs > 0)
				await new Promise(resolve => setTimeout(resolve, pauseMs));
		}
	}

	/**
	 * Its vouchers that are there, by how many files had been accepted before; `stored`: rows of the
	 * table. Checks that it is what was answered.
	 */
	settle(stored) {
		const byFile = new Map();
		const there = new Set(stored.filter(v => v.start_ms !== null).map(v => v.code));
		for (const code of this.acknowledged)
			assert.ok(there.has(code), `voucher ${code} was acknowledged and is not there`);
		for (const code of this.refused)
			assert.ok(!there.has(code), `voucher ${code} was refused and is there`);
		for (const code of there) {
			assert.ok(this.acknowledged.has(code) || this.unknown.has(code), code);
			const n = this.newest.get(code);
			byFile.set(n, (byFile.get(n) ?? new Set()).add(code));
		}
		return byFile;
	}
}

/* ---- the comparison ---- */

const outcomes = ['created', 'updated', 'unchanged', 'superseded', 'failed'];

function countOutcomes(rows) {
	const counts = Object.fromEntries(outcomes.map(o => [o, 0]));
	for (const row of rows)
		counts[row[2]]++;
	return counts;
}

/** Long lists: the first difference says more than all of both. */
export function assertSameRows(got, want, what) {
	for (let i = 0; i < Math.max(got.length, want.length); i++) {
		if (JSON.stringify(got[i]) !== JSON.stringify(want[i]))
			assert.deepEqual(got[i], want[i], `${what}: row ${i} of ${got.length} (wanted ${want.length})`);
	}
}

/** What a client sees of a finished action, the object and the report; and the stored counters. */
async function assertAction(server, id, expected) {
	const action = await server.action(id);
	const counts = countOutcomes(expected);
	const failed = expected.filter(row => row[2] === 'failed');
	const done = expected.length - failed.length;
	assert.equal(action.status, 'DONE');
	assert.equal(action.operation_status, 'SUCCESS');
	assert.equal(action.progress, 100);
	assert.equal(action.result.message, `${done} voucher(s) imported successfully, ${failed.length} failed.`);
	assert.equal(action.result.done_count, done);
	assert.equal(action.result.failed_count, failed.length);
	const shown = action.result.failed.map(f => [String(f.row), f.code, 'failed', f.reason]);
	assertSameRows(shown, failed, `failures of ${id}`);
	const [headers, ...rows] = await server.report(id);
	assert.deepEqual(headers, ['row', 'code', 'outcome', 'reason']);
	assertSameRows(rows, expected, `report of ${id}`);
	const stored = await server.sql(
		`SELECT ${outcomes.join(', ')} FROM actions WHERE request_id = '${action.request_id}'`
	);
	assert.deepEqual(stored, [counts], `counters of ${id}`);
}

const voucherQuery =
	'SELECT code, type, discount_type, value, active, quantity, category, additional_info, metadata, start_ms FROM vouchers';

/** Rows of the vouchers table, metadata parsed. For a stopped server. */
export async function storedVouchers(server) {
	const rows = await server.sql(voucherQuery);
	for (const row of rows)
		row.metadata = typeof row.metadata === 'string' ? JSON.parse(row.metadata) : row.metadata ?? {};
	return rows;
}

function sameMetadata(got, want) {
	const keys = Object.keys(want);
	const same = key => got[key] === want[key] || JSON.stringify(got[key]) === JSON.stringify(want[key]);
	return Object.keys(got).length === keys.length && keys.every(same);
}

/** `stored`: of storedVouchers(). */
export function assertVouchers(stored, model) {
	const seen = new Set();
	for (const { code, start_ms: _, ...values } of stored) {
		assert.ok(!seen.has(code), `voucher ${code} is there twice`);
		seen.add(code);
		const want = model.vouchers.get(code);
		assert.ok(want !== undefined, `voucher ${code} is there and should not`);
		const same =
			Object.keys(want).every(k => k === 'metadata' || want[k] === values[k]) &&
			sameMetadata(values.metadata, want.metadata);
		if (!same)
			assert.deepEqual(values, want, `voucher ${code}`);
	}
	assert.equal(seen.size, model.vouchers.size, 'number of vouchers');
}

/** Every counter once more, from what it counts: queries of `got` and `want`. */
export const counterChecks = [
	['totals', "SELECT coalesce(sum(n), 0) AS got, (SELECT count(*) FROM vouchers) AS want FROM totals WHERE resource = 'voucher'"],
	[
		'keys of vouchers are below the next one',
		`SELECT count(*) AS got, 0 AS want FROM vouchers v, sequences s
		  WHERE s.name = 'voucher' AND s.project_id = v.project_id AND v.id - (v.project_id << 40) >= s.next`
	],
	[
		'rows of outcomes',
		`SELECT created + updated + unchanged + superseded + failed AS got,
		        (SELECT coalesce(sum(n_rows), 0) FROM outcomes o WHERE o.action_seq = a.seq) AS want
		   FROM actions a WHERE status = 2`
	],
	[
		'failed',
		'SELECT failed AS got, (SELECT count(*) FROM failures f WHERE f.action_seq = a.seq) AS want FROM actions a'
	],
	[
		'no voucher was written by an action to come',
		"SELECT count(*) AS got, 0 AS want FROM vouchers WHERE version >= (SELECT next FROM sequences WHERE name = 'seq')"
	]
];

/** `checks`: as counterChecks. For a stopped server. */
export async function assertCounters(server, checks = counterChecks) {
	for (const [what, query] of checks) {
		for (const { got, want } of await server.sql(query))
			assert.equal(got, want, what);
	}
}

/**
 * Everything, exactly. `files`: [{ id, rows }] in the order in which they were applied; `live`: the
 * single writer, if there was one. The server runs before and is stopped after.
 */
export async function assertExact(server, files, live = new LiveWriter(new Random(0))) {
	const model = new Model();
	assert.deepEqual(await server.stop(), { code: 0, signal: null });
	await server.assertIntegrity();
	const stored = await storedVouchers(server);
	const others = live.settle(stored);
	model.apply([], others.get(0));
	const expected = files.map((file, i) => model.apply(file.rows, others.get(i + 1)));
	assertVouchers(stored, model);
	await assertCounters(server);
	const inputs = await server.sql('SELECT input FROM actions ORDER BY input');
	assert.deepEqual(await server.spoolFiles(), inputs.map(row => `${row.input}.in`).sort(), 'files in the spool');
	assert.equal(inputs.length, files.length, 'number of actions');

	await server.start();
	for (const [i, file] of files.entries())
		await assertAction(server, file.id, expected[i]);
	const list = await server.get('/v1/vouchers?limit=1');
	assert.equal(list.json.total, model.vouchers.size);
	await assertSample(server, model);
	assert.deepEqual(await server.stop(), { code: 0, signal: null });
}

/** A few vouchers as a client sees them. */
async function assertSample(server, model) {
	const codes = [...model.vouchers.keys()];
	for (let i = 0; i < codes.length; i += Math.ceil(codes.length / 20)) {
		const { json } = await server.get(`/v1/vouchers/${encodeURIComponent(codes[i])}`);
		const want = model.vouchers.get(codes[i]);
		assert.equal(json.code, codes[i]);
		assert.equal(json.active, want.active === 1);
		assert.equal(json.category ?? null, want.category);
		assert.equal(json.additional_info ?? null, want.additional_info);
		assert.deepEqual(json.metadata, want.metadata);
		const value = json.gift?.amount ?? json.discount.amount_off ?? json.discount.percent_off ?? json.discount.unit_off;
		assert.equal(value, want.value);
	}
}

