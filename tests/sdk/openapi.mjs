// SPDX-License-Identifier: MIT
/*
 * openapi.mjs - a server's own document, and whether answers are as it says.
 *
 *   const api = await openapi(server);
 *   api.assertAnswer('GET', '/v1/vouchers/A', answer);   // { status, headers, text, json }
 */
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);
const { default: Ajv } = require('ajv/dist/2020.js');
const { default: addFormats } = require('ajv-formats');

/* Objects that keep whatever they were given. */
const OPEN = /\.(discount|loyalty_card|gift)$|^ValidationRule\b/;

export async function openapi(server) {
	const answer = await fetch(`${server.base}/openapi.json`);
	assert.equal(answer.status, 200);
	return new Openapi(await answer.json());
}

export class Openapi {
	#ajv = new Ajv({ strict: false, allErrors: true });
	#checks = new Map();

	constructor(document) {
		this.document = document;
		addFormats(this.#ajv);
		this.#ajv.addSchema({ $id: 'openapi', components: document.components });
		this.routes = Object.entries(document.paths).flatMap(([pattern, methods]) =>
			Object.entries(methods).map(([method, operation]) => ({ pattern, method: method.toUpperCase(), operation })));
	}

	/** What a schema of the document says against a value: '' when nothing. */
	mismatch(schema, value) {
		const key = JSON.stringify(schema);
		if (!this.#checks.has(key))
			this.#checks.set(key, this.#ajv.compile(JSON.parse(key.replaceAll('"#/', '"openapi#/'))));
		const check = this.#checks.get(key);
		return check(value) ? '' : this.#ajv.errorsText(check.errors.slice(0, 5));
	}

	/** The operation of a request; fixed words go before parameters, as the server has it. */
	find(method, path) {
		const segments = path.split('?')[0].split('/');
		const fits = this.routes.filter(r => r.method === method).filter(r => {
			const parts = r.pattern.split('/');
			return parts.length === segments.length &&
				parts.every((part, i) => (part.startsWith('{') ? segments[i] !== '' : part === segments[i]));
		});
		const rank = r => r.pattern.split('/').map(part => (part.startsWith('{') ? '1' : '0')).join('');
		return fits.sort((a, b) => rank(a).localeCompare(rank(b)))[0];
	}

	resolve(node) {
		return node?.$ref === undefined ? node
			: this.resolve(node.$ref.slice(2).split('/').reduce((at, step) => at[step], this.document));
	}

	/** Everything that is wrong with an answer by the document; undefined: nothing. */
	wrong(method, path, { status, headers, text, json }) {
		const route = this.find(method, path);
		if (route === undefined)
			return status === 404 || status === 405 ? undefined : `${method} ${path} is no operation`;
		const response = this.resolve(route.operation.responses[status] ?? (status >= 500 && route.operation.responses.default));
		const at = `${method} ${route.pattern} ${status}`;
		if (!response)
			return `${at} is not among the responses`;
		if (response.content === undefined)
			return text === '' ? undefined : `${at} has a body`;
		const type = (headers.get?.('content-type') ?? headers['content-type']).split(';')[0];
		const content = response.content[type];
		if (content === undefined)
			return `${at} is no ${type}`;
		if (type !== 'application/json')
			return undefined;
		const what = this.mismatch(content.schema, json) || this.unknown(content.schema, json, '').join();
		return what === '' ? undefined : `${at}: ${what}: ${text.slice(0, 2000)}`;
	}

	assertAnswer(method, path, answer) {
		const what = this.wrong(method, path, answer);
		assert.equal(what, undefined);
		return answer.json;
	}

	/** Members that no schema tells of, though it tells of others. */
	unknown(schema, value, at) {
		const node = this.resolve(schema);
		const name = schema.$ref?.split('/').at(-1) ?? at;
		if (node === undefined || value === null || typeof value !== 'object' || OPEN.test(at) || OPEN.test(name))
			return [];
		if (Array.isArray(value))
			return node.items === undefined ? [] : value.flatMap(item => this.unknown(node.items, item, at));
		const known = this.#members(node, value);
		if (Object.keys(known).length === 0)
			return [];
		return Object.entries(value).flatMap(([key, member]) => (key in known
			? this.unknown(known[key], member, `${name}.${key}`) : [`${name}.${key} is not in the document`]));
	}

	/** All members that a schema has for this value, through the parts that it is made of. */
	#members(node, value) {
		let known = { ...node.properties };
		if (typeof node.additionalProperties === 'object')
			for (const key of Object.keys(value))
				known[key] ??= node.additionalProperties;
		for (const part of node.allOf ?? [])
			known = { ...known, ...this.#members(this.resolve(part), value) };
		const one = [...(node.oneOf ?? []), ...(node.anyOf ?? [])].find(part => this.mismatch(part, value) === '');
		return one === undefined ? known : { ...known, ...this.#members(this.resolve(one), value) };
	}
}
