import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { customResourceDefinitions } from '../../src/api/crd/definitions.ts';
import { readGolden } from './golden.ts';
import { TOPICS } from './topics/all.ts';

const RECORD = 'npx node scripts/record-conversations.ts';

describe('the topics', () => {
  for (const [topic, scripts] of Object.entries(TOPICS)) {
    it(`${topic}: everything that is asked has an answer on record (${RECORD} ${topic})`, () => {
      const asked = readGolden(topic).map(({ title, exchanges }) => ({ title, asks: exchanges.map(({ ask }) => ask) }));
      assert.deepEqual(asked, JSON.parse(JSON.stringify(scripts)));
    });
  }

  it('break every rule of our own kinds', () => {
    const answers = JSON.stringify(readGolden('rules'));
    const unbroken = rulesIn(customResourceDefinitions()).filter((message) => !answers.includes(message));
    assert.deepEqual(unbroken, []);
  });
});

/** The messages of all rules in a document. */
function rulesIn(value: unknown): readonly string[] {
  if (Array.isArray(value)) return value.flatMap(rulesIn);
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, field]) =>
    key === 'x-kubernetes-validations'
      ? (field as readonly { readonly message: string }[]).map(({ message }) => message)
      : rulesIn(field),
  );
}
