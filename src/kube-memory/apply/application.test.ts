import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import type { KubeObject, ManagedFieldsEntry } from '../../api/kube-object.ts';
import { builtinResources } from '../builtin/registry.ts';
import { isObject } from '../json-value.ts';
import { apiVersionOf } from '../object-json.ts';
import type { ResourceDefinition } from '../resource.ts';
import { wholeSchema } from '../schema/object-meta.ts';
import { ApiError } from '../status-error.ts';
import { applyConfiguration } from './application.ts';
import { trackUpdate } from './managed-fields.ts';
import { typingProblem } from './typed.ts';

interface Step {
  readonly manager: string;
  readonly how: 'apply' | 'update';
  readonly force?: boolean;
  readonly object: KubeObject;
}

interface Outcome {
  readonly error?: string;
  readonly object?: Readonly<Record<string, unknown>>;
  readonly managers?: readonly ManagedFieldsEntry[];
}

interface Story {
  readonly title: string;
  readonly steps: readonly Step[];
  readonly outcomes: readonly Outcome[];
}

const golden = JSON.parse(readFileSync(new URL('../../../test/golden/kube-apply.json', import.meta.url), 'utf8')) as {
  readonly apply: readonly Story[];
};

describe('server-side apply agrees with the Go implementation', () => {
  for (const story of golden.apply) {
    it(story.title, () => {
      let live: KubeObject | undefined;
      story.steps.forEach((step, index) => {
        const expected = story.outcomes[index] ?? {};
        const result = play(step, live);
        const where = `step ${index + 1}`;
        if (expected.error !== undefined) {
          assert.ok(typeof result === 'string', `${where} fails`);
          assert.equal(sortedLines(result), sortedLines(expected.error), where);
          return;
        }
        assert.ok(typeof result !== 'string', `${where} succeeds: ${JSON.stringify(result)}`);
        live = result;
        const { managedFields = [], ...metadata } = result.metadata;
        assert.deepEqual(withoutVoids({ ...result, metadata }), withoutVoids(expected.object), where);
        assert.deepEqual(sharesIn(managedFields), sharesIn(expected.managers ?? []), where);
      });
    });
  }
});

/** The object that a step leaves, or the message it fails with. */
function play(step: Step, live: KubeObject | undefined): KubeObject | string {
  const definition = definitionOf(step.object);
  if (step.how === 'update') {
    const next = {
      ...step.object,
      metadata: { ...step.object.metadata, managedFields: live?.metadata.managedFields },
    } as KubeObject;
    return trackUpdate({ definition, old: live, next, manager: step.manager, subresource: '', nowMs: 0, custom: true });
  }
  const problem = typingProblem(step.object, wholeSchema(definition));
  if (problem !== undefined) return problem;
  try {
    const { manager, object: config, force = false } = step;
    const applied = applyConfiguration({ definition, live, config, manager, subresource: '', force, nowMs: 0 });
    const merged = applied.merged as unknown as KubeObject;
    return { ...merged, metadata: { ...merged.metadata, managedFields: applied.managedFields } };
  } catch (error) {
    if (error instanceof ApiError) return error.message;
    throw error;
  }
}

function definitionOf(object: KubeObject): ResourceDefinition {
  const found = builtinResources.find((each) => each.kind === object.kind && apiVersionOf(each) === object.apiVersion);
  assert.ok(found !== undefined, object.kind);
  return found;
}

/** Typed Go objects carry empty structs and nulls that JSON objects leave out. */
function withoutVoids(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutVoids);
  if (!isObject(value)) return value;
  const kept: Record<string, unknown> = {};
  for (const [key, field] of Object.entries(value)) {
    const inner = withoutVoids(field);
    if (inner === null || inner === undefined || (isObject(inner) && Object.keys(inner).length === 0)) continue;
    kept[key] = inner;
  }
  return kept;
}

function sharesIn(entries: readonly ManagedFieldsEntry[]): Readonly<Record<string, unknown>> {
  return Object.fromEntries(entries.map((entry) => [`${entry.operation} ${entry.manager}`, entry.fieldsV1]));
}

/** The order of paths in a conflict's message is not part of the contract, nor is the wrapping of typing errors. */
function sortedLines(message: string): string {
  return message
    .replace(/^failed to create typed patch object \([^)]*\): /, '')
    .split('\n')
    .sort()
    .join('\n');
}
