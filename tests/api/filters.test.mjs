// SPDX-License-Identifier: MIT
/*
 * filters.test.mjs - GET /v1/vouchers with everything that narrows it (reference 1.5, 4.3.4).
 *
 * What a condition means is written down twice: in the server, and here as a predicate over the
 * vouchers as the API prints them. Each condition is asked for in every spelling that a client has.
 */
import assert from 'node:assert/strict';
import { before, test } from 'node:test';

import { apiServer, assertInvalidQuery, csv, encode, newProject } from '../support/api.mjs';

const server = await apiServer();

const DAY = 24 * 3600 * 1000;
const iso = ms => new Date(ms).toISOString();

/* ---- a project with one of everything ---- */

let p; // the project
let vouchers; // as printed, newest first
let first, second; // categories

const amount = n => ({ type: 'AMOUNT', amount_off: n });

async function create(code, body) {
	const answer = await p.post(`/v1/vouchers/${encode(code)}`, { discount: amount(100), ...body });
	assert.equal(answer.status, 200, answer.text);
	return answer.json;
}

async function category(name) {
	const answer = await p.post('/v1/categories', { name, hierarchy: 1 });
	assert.equal(answer.status, 200, answer.text);
	return answer.json;
}

before(async () => {
	p = await newProject(server);
	const other = await newProject(server); // has the same, and must never be seen
	await other.load(csv('Code,Voucher Type,Value,Category', 'ALPHA,GIFT_VOUCHER,1,First', 'X,GIFT_VOUCHER,1,tag'));
	first = await category('First');
	second = await category("Sec'ond, [x]");
	await p.load(csv(
		'Code,Voucher Type,Discount Type,Value,Category,Active,Start Date,Expiration Date,Redemption Limit,Redeemed Quantity,seq_number,Region',
		'ALPHA,GIFT_VOUCHER,,1,First,TRUE,,,,,1,EU',
		'alpha,GIFT_VOUCHER,,2,tag,TRUE,,,5,0,2,eu',
		'ALPHA%2,DISCOUNT_VOUCHER,PERCENT,3,tag,FALSE,2020-01-01,2021-01-01,5,5,3,US',
		'BETA_1,DISCOUNT_VOUCHER,AMOUNT,4,,TRUE,2020-01-01,2999-01-01,5,3,10,',
		'BETAX1,DISCOUNT_VOUCHER,UNIT,4,,TRUE,2998-01-01,,1,1,7.5,"E""U"',
		"GAMMA ['x'],DISCOUNT_VOUCHER,AMOUNT,4,\"Sec'ond, [x]\",FALSE,,2999-01-01,1,0,,"
	));
	await create('typed', { metadata: { seq_number: 1, flag: true, list: ['red', 'blue', 3], when: '2024-05-01' } });
	await create('typed2', { metadata: { seq_number: 1.5, flag: false, list: [], when: '2024-06-01T12:00:00Z', gone: null } });
	await create('typed3', { metadata: { 'a.b': 'dots', 'a b': 'blanks', "a'\"b": 'quotes', 'a]b[': 'brackets', ä: 'ö' } });
	await create('typed4', { metadata: { seq_number: '01', flag: 'true', list: 'red', nested: { seq_number: 1 } } });
	await create('timed', {
		start_date: '2020-01-01T00:00:00Z', validity_day_of_week: [1, 3],
		validity_timeframe: { interval: 'P2D', duration: 'PT1H' }, category_id: first.id
	});
	await create('timed2', { start_date: '2020-01-01T00:00:00Z', validity_day_of_week: [0] });
	await create('ended', { expiration_date: iso(Date.now() - 3 * DAY), active: false });
	await create('recent', { start_date: iso(Date.now() - 2 * DAY), expiration_date: iso(Date.now() + 2 * DAY) });
	await create('ümläut', {});
	await create('binned', { metadata: { seq_number: 1 }, category: 'tag' });
	assert.equal((await p.request('DELETE', '/v1/vouchers/binned')).status, 204);
	for (const code of ['alpha', 'typed2', 'timed'])
		assert.equal((await p.request('PUT', `/v1/vouchers/${code}`, { json: { metadata: { changed: 1 } } })).status, 200);
	const answer = await p.get('/v1/vouchers?limit=100');
	vouchers = answer.json.vouchers;
	assert.equal(vouchers.length, 15);
	assert.equal(answer.json.total, 15);
});

/** The list for a query; follows all pages. Its total is always that of the whole. */
async function list(query, { limit = 7 } = {}) {
	const all = [];
	let total;
	for (let page = 1; ; page++) {
		const answer = await p.raw({ path: `/v1/vouchers?limit=${limit}&page=${page}&${query}` });
		assert.equal(answer.status, 200, `${query}: ${answer.text}`);
		all.push(...answer.json.vouchers);
		total ??= answer.json.total;
		assert.equal(answer.json.total, total, query);
		if (!answer.json.has_more)
			break;
	}
	assert.equal(total, all.length, query);
	return all;
}

const codes = list => list.map(v => v.code);

/* ---- spellings ---- */

const plain = s => encodeURIComponent(s);

const spellings = {
	js: (field, op, values) => values.map((v, i) =>
		`${plain(`filters[${field}][conditions][${op}][${i}]`)}=${plain(v)}`),
	guide: (field, op, values) => values.map((v, i) =>
		`[filters][${plain(field)}][conditions][${op}]${values.length > 1 ? `[${i}]` : ''}=${plain(v)}`),
	php: (field, op, values) => values.map((v, i) =>
		`filters[${plain(field)}][conditions][${op}]${values.length > 1 ? `[${i}]` : ''}=${plain(v)}`),
	repeated: (field, op, values) => values.map(v => `filters[${plain(field)}][conditions][${op}]=${plain(v)}`),
	empty: (field, op, values) => values.map(v => `filters[${plain(field)}][conditions][${op}][]=${plain(v)}`),
	python: (field, op, values) =>
		[`${plain(`filters[${field}][conditions][${op}]`)}=${plain(pythonList(values))}`]
};

/** repr() of a list of texts. */
function pythonList(values) {
	const repr = v => {
		const quote = v.includes("'") && !v.includes('"') ? '"' : "'";
		return quote + v.replaceAll('\\', '\\\\').replaceAll(quote, `\\${quote}`) + quote;
	};
	return `[${values.map(repr).join(', ')}]`;
}

/** Asks in every spelling; the codes must be those of the vouchers that `want` is true for. */
async function assertFilter(field, op, values, want) {
	const expected = codes(vouchers.filter(want));
	for (const [name, spell] of Object.entries(spellings)) {
		if (name === 'python' && values.length === 1 && values[0] === '')
			continue; // of a condition without a value
		const got = codes(await list(spell(field, op, values).join('&')));
		assert.deepEqual(got, expected, `${name}: ${field} ${op} ${JSON.stringify(values)}`);
	}
}

/* ---- conditions, by the kind of their field ---- */

const texts = {
	$is: (v, [x]) => v === x,
	$in: (v, xs) => xs.includes(v),
	$contains: (v, xs) => typeof v === 'string' && xs.some(x => v.includes(x)),
	$starts_with: (v, xs) => typeof v === 'string' && xs.some(x => v.startsWith(x)),
	$ends_with: (v, xs) => typeof v === 'string' && xs.some(x => v.endsWith(x))
};
const negations = { $is_not: '$is', $not_in: '$in', $not_contain: '$contains' };
const known = v => v !== null && v !== undefined;

const textFields = {
	code: [
		v => v.code,
		['ALPHA', 'alpha', 'A', 'a', '1', '_1', '%2', 'ALPHA%', 'x', "GAMMA ['x']", "['", 'ümläut', 'üm', 'ut', 'nothing', '*', '']
	],
	category: [v => v.category, ['First', 'tag', "Sec'ond, [x]", 'F', 'ag', 'first', ', [x]']],
	categories: [v => v.category, ['First', 'tag']],
	type: [v => v.type, ['GIFT_VOUCHER', 'DISCOUNT_VOUCHER', 'GIFT', 'VOUCHER', 'LOYALTY_CARD']],
	campaign: [v => v.campaign, ['Summer']]
};

for (const [field, [of, values]] of Object.entries(textFields)) {
	test(`${field}: every condition of a text`, async () => {
		for (const value of values) {
			for (const op of Object.keys(texts))
				await assertFilter(field, op, [value], v => texts[op](of(v), [value]));
			for (const [op, opposite] of Object.entries(negations))
				await assertFilter(field, op, [value], v => !texts[opposite](of(v), [value]));
		}
		for (const op of ['$in', '$contains', '$starts_with', '$ends_with'])
			await assertFilter(field, op, values, v => texts[op](of(v), values));
		await assertFilter(field, '$not_in', values, v => !texts.$in(of(v), values));
		await assertFilter(field, '$not_contain', values, v => !texts.$contains(of(v), values));
		await assertFilter(field, '$has_value', [''], v => known(of(v)));
		await assertFilter(field, '$is_unknown', [''], v => !known(of(v)));
	});
}

test('ids are compared as such; a voucher is known by its code as well', async () => {
	const ids = vouchers.slice(2, 5).map(v => v.id);
	const cases = [
		[['vouchers', 'id'], v => [v.id, v.code], [...ids, 'alpha', 'nope', 'v_nope'], 15],
		[['category_ids', 'category_id'], v => [v.category_id], [first.id, 'cat_000000000000000000'], 3],
		[['campaign_ids', 'campaign_id'], v => [v.campaign_id], ['camp_nothing'], 0],
		[['holder_id', 'published_for_customer_id'], v => [v.holder_id], ['cust_nothing'], 0]
	];
	for (const [fields, of, values, withOne] of cases) {
		for (const field of fields) {
			for (const value of values) {
				await assertFilter(field, '$is', [value], v => of(v).includes(value));
				await assertFilter(field, '$is_not', [value], v => !of(v).includes(value));
			}
			await assertFilter(field, '$in', values, v => of(v).some(x => values.includes(x)));
			await assertFilter(field, '$not_in', values, v => !of(v).some(x => values.includes(x)));
			await assertFilter(field, '$has_value', [''], v => known(of(v)[0]));
			await assertFilter(field, '$is_unknown', [''], v => !known(of(v)[0]));
			assert.equal((await list(`filters[${field}][conditions][$has_value]=`)).length, withOne);
		}
	}
});

const numbers = {
	$is: (v, x) => v === x,
	$in: (v, x) => v === x,
	$more_than: (v, x) => known(v) && v > x,
	$less_than: (v, x) => known(v) && v < x,
	$more_than_equal: (v, x) => known(v) && v >= x,
	$less_than_equal: (v, x) => known(v) && v <= x
};

test('numbers: every condition', async () => {
	const fields = {
		'redemption.redeemed_quantity': v => v.redemption.redeemed_quantity,
		'redemption.quantity': v => v.redemption.quantity,
		'redemption.redeemed_amount': v => v.redemption.redeemed_amount ?? 0
	};
	for (const [field, of] of Object.entries(fields)) {
		for (const value of ['0', '1', '3', '5', '2.5', '-1', '1e1']) {
			for (const op of Object.keys(numbers))
				await assertFilter(field, op, [value], v => numbers[op](of(v), Number(value)));
			await assertFilter(field, '$is_not', [value], v => of(v) !== Number(value));
		}
		await assertFilter(field, '$in', ['0', '3'], v => [0, 3].includes(of(v)));
		await assertFilter(field, '$not_in', ['0', '3'], v => ![0, 3].includes(of(v)));
		await assertFilter(field, '$has_value', [''], v => known(of(v)));
		await assertFilter(field, '$is_unknown', [''], v => !known(of(v)));
	}
});

test('times: every condition', async () => {
	const fields = {
		created_at: v => v.created_at, created_date: v => v.created_at, updated_at: v => v.updated_at,
		start_date: v => v.start_date, expiration_date: v => v.expiration_date
	};
	for (const [field, of] of Object.entries(fields)) {
		const ms = v => (known(of(v)) ? Date.parse(of(v)) : null);
		const some = [...new Set(vouchers.map(of).filter(known))];
		for (const value of [some[0], some.at(-1), '2020-01-01', '2500-01-01T00:00:00+02:00']) {
			const at = Date.parse(value);
			await assertFilter(field, '$is', [value], v => ms(v) === at);
			await assertFilter(field, '$is_not', [value], v => ms(v) !== at);
			await assertFilter(field, '$after', [value], v => known(ms(v)) && ms(v) > at);
			await assertFilter(field, '$before', [value], v => known(ms(v)) && ms(v) < at);
		}
		await assertFilter(field, '$in', some, v => known(of(v)));
		await assertFilter(field, '$not_in', some, v => !known(of(v)));
		await assertFilter(field, '$has_value', [''], v => known(of(v)));
		await assertFilter(field, '$is_unknown', [''], v => !known(of(v)));
		for (const days of [1, 1000]) { // nothing here is near these borders
			const border = Date.now() - days * DAY;
			await assertFilter(field, '$more_than', [String(days)], v => known(ms(v)) && ms(v) < border);
			await assertFilter(field, '$less_than', [String(days)],
				v => known(ms(v)) && ms(v) > border && ms(v) <= Date.now());
		}
	}
});

test('active: a flag, and what it amounts to', async () => {
	const now = Date.now();
	const begun = v => !known(v.start_date) || Date.parse(v.start_date) <= now;
	const ended = v => known(v.expiration_date) && Date.parse(v.expiration_date) < now;
	for (const value of ['', 'true', 'TRUE', '{}']) {
		await assertFilter('active', '$active', [value], v => v.active && begun(v) && !ended(v));
		await assertFilter('active', '$enabled', [value], v => v.active);
		await assertFilter('active', '$disabled', [value], v => !v.active);
		await assertFilter('active', '$expired', [value], ended);
	}
	await assertFilter('active', '$is', ['true'], v => v.active);
	await assertFilter('active', '$is', ['FALSE'], v => !v.active);
	await assertFilter('active', '$is_not', ['true'], v => !v.active);
	await assertFilter('active', '$in', ['true', 'false'], () => true);
	await assertFilter('active', '$has_value', [''], () => true);
});

test('is_referral_code: there are none yet', async () => {
	await assertFilter('is_referral_code', '$is', ['FALSE'], () => true);
	await assertFilter('is_referral_code', '$is', ['true'], () => false);
	await assertFilter('is_referral_code', '$is_not', ['true'], () => true);
	await assertFilter('is_referral_code', '$has_value', [''], () => true);
});

test('redemption_status: redeemed at least once, never, or as often as may be', async () => {
	const meanings = {
		redeemed: v => v.redemption.redeemed_quantity > 0,
		not_redeemed: v => v.redemption.redeemed_quantity === 0,
		fully_redeemed: v => known(v.redemption.quantity) && v.redemption.redeemed_quantity >= v.redemption.quantity
	};
	for (const [value, want] of Object.entries(meanings)) {
		await assertFilter('redemption_status', '$is', [value.toUpperCase()], want);
		await assertFilter('redemption_status', '$is_not', [value], v => !want(v));
		assert.ok(vouchers.some(want) && !vouchers.every(want));
	}
	await assertFilter('redemption_status', '$in', ['not_redeemed', 'fully_redeemed'],
		v => meanings.not_redeemed(v) || meanings.fully_redeemed(v));
	await assertFilter('redemption_status', '$has_value', [''], () => true);
});

test('validity: which days, and whether there is a timeframe', async () => {
	const days = v => v.validity_day_of_week ?? [];
	await assertFilter('validity_day_of_week', '$is', ['3'], v => days(v).includes(3));
	await assertFilter('validity_day_of_week', '$in', ['0', '3'], v => days(v).some(d => d === 0 || d === 3));
	await assertFilter('validity_day_of_week', '$is_not', ['3'], v => !days(v).includes(3));
	await assertFilter('validity_day_of_week', '$more_than', ['0'], v => days(v).some(d => d > 0));
	for (const field of ['validity_day_of_week', 'validity_timeframe']) {
		await assertFilter(field, '$has_value', [''], v => known(v[field]));
		await assertFilter(field, '$is_unknown', [''], v => !known(v[field]));
		assert.ok(vouchers.some(v => known(v[field])));
	}
});

/* ---- metadata ---- */

const scalar = v => ['string', 'number', 'boolean'].includes(typeof v);
const elements = v => (Array.isArray(v) ? v : [v]).filter(scalar);
const isNumber = s => /^-?(0|[1-9]\d*)(\.\d+)?$/.test(String(s)); // as JSON has them

const anything = {
	$is: (v, x) => elements(v).some(e => String(e) === x || (typeof e === 'number' && isNumber(x) && e === Number(x))),
	$in: (v, x) => anything.$is(v, x),
	$contains: (v, x) => elements(v).some(e => String(e).includes(x)),
	$starts_with: (v, x) => elements(v).some(e => String(e).startsWith(x)),
	$ends_with: (v, x) => elements(v).some(e => String(e).endsWith(x)),
	$more_than: (v, x) => compared(v).some(e => e > Number(x)),
	$less_than: (v, x) => compared(v).some(e => e < Number(x)),
	$more_than_equal: (v, x) => compared(v).some(e => e >= Number(x)),
	$less_than_equal: (v, x) => compared(v).some(e => e <= Number(x))
};
const compared = v => elements(v)
	.filter(e => typeof e === 'number' || (typeof e === 'string' && isNumber(e)))
	.map(Number);

test('metadata: every condition means the same for text, number, boolean and lists', async () => {
	const values = {
		seq_number: ['1', '1.5', '7.5', '2', '10', '01', '1.0'],
		flag: ['true', 'false', 'ru'],
		list: ['red', 'blue', '3', 're'],
		Region: ['EU', 'eu', 'E"U', 'E'],
		nested: ['1'], gone: ['null'], changed: ['1'], nothing: ['x']
	};
	for (const [key, some] of Object.entries(values)) {
		const of = v => v.metadata[key];
		for (const value of some) {
			for (const op of Object.keys(anything)) {
				if (/than/.test(op) && !isNumber(value))
					continue;
				await assertFilter(`metadata.${key}`, op, [value], v => anything[op](of(v), value));
			}
			for (const [op, opposite] of Object.entries(negations))
				await assertFilter(`metadata.${key}`, op, [value], v => !anything[opposite](of(v), value));
		}
		await assertFilter(`metadata.${key}`, '$in', some, v => some.some(x => anything.$is(of(v), x)));
		await assertFilter(`metadata.${key}`, '$not_in', some, v => !some.some(x => anything.$is(of(v), x)));
		await assertFilter(`metadata.${key}`, '$has_value', [''], v => known(of(v)));
		await assertFilter(`metadata.${key}`, '$is_unknown', [''], v => !known(of(v)));
	}
	assert.deepEqual(codes(await list('filters[metadata.seq_number][conditions][$is]=1')), ['typed', 'ALPHA']);
});

test('metadata: dates are before and after', async () => {
	await assertFilter('metadata.when', '$after', ['2024-05-01T00:00:00.000Z'], v => v.code === 'typed2');
	await assertFilter('metadata.when', '$before', ['2024-06-01'], v => v.code === 'typed');
	await assertFilter('metadata.Region', '$after', ['2000-01-01'], () => false);
});

test('metadata: a key may hold dots, blanks, quotes and brackets', async () => {
	for (const key of ['a.b', 'a b', "a'\"b", 'a]b[', 'ä']) {
		await assertFilter(`metadata.${key}`, '$has_value', [''], v => v.code === 'typed3');
		const value = vouchers.find(v => v.code === 'typed3').metadata[key];
		await assertFilter(`metadata.${key}`, '$is', [value], v => v.code === 'typed3');
	}
});

/* ---- several conditions ---- */

test('junction: all by default, one is enough with "or", in any case', async () => {
	const conditions = [
		'filters[code][conditions][$starts_with]=ALPHA',
		'filters[code][conditions][$ends_with]=2',
		'filters[active][conditions][$disabled]='
	];
	const tests = [v => v.code.startsWith('ALPHA'), v => v.code.endsWith('2'), v => !v.active];
	const and = codes(vouchers.filter(v => tests.every(t => t(v))));
	const or = codes(vouchers.filter(v => tests.some(t => t(v))));
	assert.ok(and.length > 0 && or.length > and.length);
	for (const [junction, want] of [
		[[], and], [['filters[junction]=and'], and], [['[filters][junction]=AND'], and],
		[['filters[junction]=or'], or], [['filters%5Bjunction%5D=OR'], or], [['[filters][junction]=Or'], or]
	]) {
		assert.deepEqual(codes(await list([...conditions, ...junction].join('&'))), want);
		assert.deepEqual(codes(await list([...junction, ...conditions].join('&'))), want);
	}
	assert.equal((await list('filters[junction]=or')).length, 15);
	assert.equal((await list('filters=')).length, 15);
});

test('parameters of their own hold beside an "or"', async () => {
	const or = 'filters[junction]=or&filters[code][conditions][$is]=ALPHA&filters[code][conditions][$is_not]=ALPHA';
	assert.equal((await list(or)).length, 15);
	assert.deepEqual(codes(await list(`${or}&category=tag`)).sort(), ['ALPHA%2', 'alpha']);
	assert.deepEqual(codes(await list(`${or}&category=tag&code=alpha`)), ['alpha']);
});

test('the filter of the JavaScript suite', async () => {
	// qs.stringify({ filters: { junction: 'OR', campaign_ids: …, code: … } }), as it goes over the wire
	const answer = await p.raw({
		path: '/v1/vouchers?filters%5Bjunction%5D=OR&filters%5Bcampaign_ids%5D%5Bconditions%5D%5B%24in%5D%5B0%5D=' +
			'does-not-exist&filters%5Bcode%5D%5Bconditions%5D%5B%24is%5D=ALPHA'
	});
	assert.equal(answer.status, 200);
	assert.deepEqual(codes(answer.json.vouchers), ['ALPHA']);
	assert.equal(answer.json.total, 1);
});

/* ---- the other parameters ---- */

test('code is one code, to the letter', async () => {
	assert.deepEqual(codes(await list('code=ALPHA')), ['ALPHA']);
	assert.deepEqual(codes(await list('code=alpha')), ['alpha']);
	assert.deepEqual(codes(await list('code=ALPHA%252')), ['ALPHA%2']);
	assert.deepEqual(codes(await list('code=')), []);
	assert.deepEqual(codes(await list('code=binned')), []);
});

test('category is the name of a category, or a tag', async () => {
	assert.deepEqual(codes(await list('category=First')), ['timed', 'ALPHA']);
	assert.deepEqual(codes(await list('category=First', { limit: 1 })), ['timed', 'ALPHA']);
	assert.deepEqual(codes(await list('category=First&order=code')), ['ALPHA', 'timed']);
	assert.deepEqual(codes(await list('category=tag')), ['alpha', 'ALPHA%2']);
	assert.deepEqual(codes(await list(`category=${plain(second.name)}`)), ["GAMMA ['x']"]);
	assert.deepEqual(codes(await list('category=first')), []);
	assert.deepEqual(codes(await list('category=First&code=timed')), ['timed']);
});

test('campaign, campaign_id and customer match nothing yet', async () => {
	for (const name of ['campaign', 'campaign_id', 'customer'])
		assert.deepEqual(await list(`${name}=x`), []);
});

test('ids come in every spelling; codes will do', async () => {
	const wanted = [vouchers[1], vouchers[4], vouchers[9]];
	const values = [wanted[0].id, wanted[1].code, wanted[2].id, 'nope'];
	const queries = [
		values.map((v, i) => `ids[${i}]=${plain(v)}`), values.map((v, i) => `ids%5B${i}%5D=${plain(v)}`),
		values.map(v => `ids=${plain(v)}`), values.map(v => `ids[]=${plain(v)}`),
		values.map((v, i) => `[ids][${i}]=${plain(v)}`), [`ids=${plain(pythonList(values))}`],
		[`ids=${plain(JSON.stringify(values))}`]
	];
	for (const query of queries)
		assert.deepEqual(codes(await list(query.join('&'))), codes(wanted), query.join('&'));
	assert.deepEqual(codes(await list(`ids=${wanted[0].id}`)), codes([wanted[0]]));
	assert.deepEqual(codes(await list(`ids=${wanted[0].id}&code=${plain(wanted[0].code)}`)), codes([wanted[0]]));
	assert.deepEqual(codes(await list(`ids=${wanted[0].id}&code=ALPHA`)), []);
});

test('ids of another project, and of what is in the bin, are nobody', async () => {
	const q = await newProject(server);
	await q.load(csv('Code,Voucher Type,Value', 'MINE,GIFT_VOUCHER,1'));
	const { id } = await q.voucher('MINE');
	assert.deepEqual(await list(`ids[0]=${id}&ids[1]=binned`), []);
	assert.deepEqual(await list(`filters[vouchers][conditions][$is]=${id}`), []);
});

test('a code that is a list as Python prints it can be asked for by an index', async () => {
	const code = "['x']";
	await create(code, {});
	const query = `${plain('filters[code][conditions][$is]')}`;
	assert.deepEqual(codes(await list(`${query}[0]=${plain(code)}`)), [code]);
	assert.deepEqual(codes(await list(`${query}=${plain(code)}`)), []); // the list of x
	assert.equal((await p.request('DELETE', `/v1/vouchers/${encode(code)}?force=true`)).status, 204);
});

test('created_at and updated_at have a before and an after', async () => {
	const at = vouchers[5].created_at;
	const changed = vouchers.find(v => v.code === 'typed2').updated_at;
	for (const [open, close] of [['', ''], ['[', ']']]) {
		const name = n => `${open}${n}${close}`;
		assert.deepEqual(codes(await list(`${name('created_at')}[after]=${at}`)), codes(vouchers.filter(v => v.created_at > at)));
		assert.deepEqual(codes(await list(`${name('created_at')}[before]=${at}`)), codes(vouchers.filter(v => v.created_at < at)));
		assert.deepEqual(codes(await list(`${name('updated_at')}[after]=${changed}`)),
			codes(vouchers.filter(v => known(v.updated_at) && v.updated_at > changed)));
		assert.deepEqual(codes(await list(`${name('updated_at')}%5Bbefore%5D=${changed}&${name('created_at')}[after]=2020-01-01`)),
			codes(vouchers.filter(v => known(v.updated_at) && v.updated_at < changed)));
	}
});

test('a number beyond any double is compared with nothing, and breaks no list', async () => {
	const own = await newProject(server);
	const metadata = '{"n":1e400,"m":-1e400,"list":[1e400,7]}';
	const answer = await own.request('POST', '/v1/vouchers/HUGE', {
		body: `{"type":"GIFT_VOUCHER","gift":{"amount":1},"metadata":${metadata}}`,
		headers: { 'Content-Type': 'application/json' }
	});
	assert.equal(answer.status, 200, answer.text);
	const total = async (key, op, value) => {
		const list = await own.get(`/v1/vouchers?filters[metadata.${key}][conditions][$${op}][0]=${value}`);
		assert.equal(list.status, 200, list.text);
		return list.json.total;
	};
	for (const key of ['n', 'm']) {
		for (const op of ['is', 'more_than', 'less_than', 'more_than_equal', 'less_than_equal'])
			assert.equal(await total(key, op, 5), 0, `${key} ${op}`);
	}
	assert.equal(await total('list', 'is', 7), 1);
	assert.equal(await total('n', 'is_not', 5), 1);
});

test('every order, with and without a filter', async () => {
	const changed = v => Date.parse(v.updated_at ?? v.created_at);
	const age = new Map(vouchers.map((v, i) => [v.code, vouchers.length - i]));
	const bytes = (a, b) => Buffer.compare(Buffer.from(a.code), Buffer.from(b.code));
	const orders = {
		created_at: (a, b) => age.get(a.code) - age.get(b.code),
		updated_at: (a, b) => changed(a) - changed(b) || age.get(a.code) - age.get(b.code),
		code: bytes
	};
	for (const [name, compare] of Object.entries(orders)) {
		const up = [...vouchers].sort(compare);
		for (const [order, want] of [[name, up], [`-${name}`, [...up].reverse()]]) {
			assert.deepEqual(codes(await list(`order=${order}`, { limit: 4 })), codes(want), order);
			assert.deepEqual(codes(await list(`order=${order}&filters[active][conditions][$enabled]`, { limit: 4 })),
				codes(want.filter(v => v.active)), order);
			assert.deepEqual(codes(await list(`order=${order}&filters[code][conditions][$starts_with]=t`, { limit: 2 })),
				codes(want.filter(v => v.code.startsWith('t'))), order);
		}
	}
});

/* ---- what is refused ---- */

const SHAPE = 'Property .filters should match either `filters[${field}][conditions][${condition}][${index}]` or ' +
	'`filters[${field}][conditions][${condition}]` format, not';

test('nothing that narrows a list is ever ignored', async () => {
	const of = (field, op) => `Property .filters.${field}.conditions.${op}`;
	const cases = [
		['filters=x', `${SHAPE} \`filters\``],
		['filters[code]=x', `${SHAPE} \`filters[code]\``],
		['filters[code][conditions]=x', `${SHAPE} \`filters[code][conditions]\``],
		['filters[code][$is]=x', `${SHAPE} \`filters[code][$is]\``],
		['filters[code][conditions][$is][x]=x', `${SHAPE} \`filters[code][conditions][$is][x]\``],
		['filters[code][conditions][$is][0][1]=x', `${SHAPE} \`filters[code][conditions][$is][0][1]\``],
		['filters[][conditions][$is]=x', `${SHAPE} \`filters[][conditions][$is]\``],
		['filters[code][conditions][]=x', `${SHAPE} \`filters[code][conditions][]\``],
		['[filters]code][conditions][$is]=x', undefined], // no parameter of this name
		['filters[junction]=xor', 'Property .filters.junction must be equal to one of the allowed values [ and, or ]'],
		['filters[nope][conditions][$is]=x', 'Property .filters.nope is not supported'],
		['filters[metadata][conditions][$is]=x', 'Property .filters.metadata is not supported'],
		['filters[redemption.nope][conditions][$is]=1', 'Property .filters.redemption.nope is not supported'],
		['filters[code][conditions][$nope]=x', `${of('code', '$nope')} is not supported, condition must be one of: $is, ` +
			'$is_not, $in, $not_in, $contains, $not_contain, $starts_with, $ends_with, $has_value, $is_unknown'],
		['filters[created_at][conditions][$this_week]=', `${of('created_at', '$this_week')} is not supported, condition ` +
			'must be one of: $is, $is_not, $in, $not_in, $has_value, $is_unknown, $more_than, $less_than, $after, $before'],
		['filters[code][conditions][$more_than]=1', `${of('code', '$more_than')} is not supported, condition must be one ` +
			'of: $is, $is_not, $in, $not_in, $contains, $not_contain, $starts_with, $ends_with, $has_value, $is_unknown'],
		['filters[active][conditions][$redeemed]=', `${of('active', '$redeemed')} is not supported, condition must be one ` +
			'of: $is, $is_not, $in, $not_in, $has_value, $is_unknown, $active, $enabled, $disabled, $expired'],
		['filters[validity_timeframe][conditions][$is]=x', `${of('validity_timeframe', '$is')} is not supported, ` +
			'condition must be one of: $has_value, $is_unknown'],
		['filters[active][conditions][$active]=false', `${of('active', '$active')} must be empty or true`],
		['filters[code][conditions][$has_value]=no', `${of('code', '$has_value')} must be empty or true`],
		['filters[code][conditions][$is][0]=a&filters[code][conditions][$is][1]=b', `${of('code', '$is')} must have exactly one value`],
		['filters[code][conditions][$in]=[]', `${of('code', '$in')} must have at least one value`],
		['filters[redemption.quantity][conditions][$is]=many', `${of('redemption.quantity', '$is')} must be number`],
		['filters[metadata.x][conditions][$less_than]=many', `${of('metadata.x', '$less_than')} must be number`],
		['filters[start_date][conditions][$after]=soon', `${of('start_date', '$after')} cannot be recognized as a ISO-8601 compliant date`],
		['filters[start_date][conditions][$more_than]=2.5', `${of('start_date', '$more_than')} must be integer`],
		['filters[active][conditions][$is]=2', `${of('active', '$is')} must be boolean`],
		['filters[redemption_status][conditions][$is]=maybe', `${of('redemption_status', '$is')} must be equal to one of ` +
			'the allowed values [ redeemed, not_redeemed, fully_redeemed ]'],
		['filters[code][conditions][$is]=%FF', `${of('code', '$is')} must be UTF-8 text without NUL`],
		['filters[code][conditions][$is]=a%00b', `${of('code', '$is')} must be UTF-8 text without NUL`],
		['created_at[before]=soon', 'Property .created_at.before cannot be recognized as a ISO-8601 compliant date'],
		['[updated_at][after]=', 'Property .updated_at.after cannot be recognized as a ISO-8601 compliant date'],
		['created_at=2020-01-01', 'Property .created_at should be `created_at[before]` or `created_at[after]`'],
		['updated_at[since]=2020-01-01', 'Property .updated_at should be `updated_at[before]` or `updated_at[after]`'],
		['ids[x]=1', 'Property .ids must be array'],
		['ids=[]', 'Property .ids must NOT have fewer than 1 items'],
		['order=value', 'Property .order must be equal to one of the allowed values [ created_at, -created_at, ' +
			'updated_at, -updated_at, code, -code ]'],
		['limit=101', 'Property .limit must be <= 100'],
		['limit=0', 'Property .limit must be >= 1'],
		['page=100', 'Property .page must be <= 99']
	];
	for (const [query, details] of cases) {
		const answer = await p.raw({ path: `/v1/vouchers?${query}` });
		if (details === undefined)
			assert.equal(answer.status, 200, query);
		else
			assertInvalidQuery(answer, details);
	}
});

test('parameters that are none of ours are ignored', async () => {
	assert.equal((await list('created_atx[before]=x&filter[code][conditions][$is]=x&codes=x&xids[0]=1')).length, 15);
});

test('a text that nearly is a list of Python is a text', async () => {
	for (const text of ["['a'", "['a' 'b']", "['a'],", '[a]', "['a\\x41']", '[', "[']", '[None]', "['a',"]) {
		const answer = await p.raw({ path: `/v1/vouchers?code=ALPHA&filters[code][conditions][$not_in]=${plain(text)}` });
		assert.equal(answer.status, 200, answer.text);
		assert.deepEqual(codes(answer.json.vouchers), ['ALPHA'], text);
	}
	assert.deepEqual(codes(await list('filters[redemption.redeemed_quantity][conditions][$in]=[3,%205]')),
		codes(vouchers.filter(v => [3, 5].includes(v.redemption.redeemed_quantity))));
	assert.deepEqual(codes(await list('filters[active][conditions][$in]=[True]')), codes(vouchers.filter(v => v.active)));
	assert.deepEqual(codes(await list(`filters[code][conditions][$in]=${plain(`["ALPHA", 'al\\x70ha', 'x\\'y']`)}`)), []);
	assert.deepEqual(codes(await list(`filters[code][conditions][$in]=${plain(`["ALPHA" , 'alpha']`)}`)), ['alpha', 'ALPHA']);
});
