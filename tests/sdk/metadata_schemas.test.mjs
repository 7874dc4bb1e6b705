// SPDX-License-Identifier: MIT
/* Metadata schemas as a user of the official SDK meets them. It reads them only; what its suite asks of the
 * management API (tests 11.01 to 11.04) it asks by plain requests, and so do we. */
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { apiServer } from '../support/api.mjs';
import { newClient, notFound } from './sdk.mjs';

const server = await apiServer();

function manages(project) {
	const { management_id, management_token } = project.keys;
	return async (method, path, json) => {
		const answer = await server.request(method, `/management/v1/projects${path}`, {
			json, project: null, headers: { 'X-Management-Id': management_id, 'X-Management-Token': management_token }
		});
		assert.ok(answer.status < 300, answer.text);
		return answer.json;
	};
}

test('a project is found, and its schemas are made, changed, read and deleted', async () => {
	const { project, client } = await newClient(server);
	const manage = manages(project);
	const { data: [{ id, name }] } = await manage('GET', '');
	assert.equal(id, project.keys.project_id);
	assert.equal(typeof name, 'string');
	const at = `/${id}/metadata-schemas`;
	const made = await manage('POST', at, {
		related_object: 'publication', allow_defined_only: false, properties: { year: { type: 'number', array: false, optional: true, gte: 1 } }
	});
	assert.ok(Array.isArray((await manage('GET', at)).data));
	assert.equal((await manage('GET', `${at}/${made.id}`)).id, made.id);
	await manage('PUT', `${at}/${made.id}`, { allow_defined_only: true, properties: { note: { type: 'string', array: false, optional: true, min_length: 2 } } });

	const { schemas, total } = await client.metadataSchemas.list();
	assert.equal(total, 1);
	const schema = await client.metadataSchemas.get('publication');
	assert.deepEqual(schemas, [schema]);
	assert.equal(schema.allow_defined_only, true);
	assert.deepEqual(schema.properties, {
		year: { type: 'number', array: false, optional: true, objectType: null, gte: 1 },
		note: { type: 'string', array: false, optional: true, objectType: null, minLength: 2 }
	});
	await manage('DELETE', `${at}/${made.id}`);
	await assert.rejects(client.metadataSchemas.get('publication'), notFound('metadata schema', 'publication'));
});
