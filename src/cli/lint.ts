import { dirname } from 'node:path';
import type { AnalysisTemplate, ClusterAnalysisTemplate } from '../api/analysis.ts';
import { KINDS } from '../api/kinds.ts';
import type { KubeObject, ResourceKind } from '../api/kube-object.ts';
import type { Rollout } from '../api/rollout.ts';
import type { HttpRoute, Ingress, Service } from '../api/workloads.ts';
import { customResourceDefinitions } from '../api/crd/definitions.ts';
import { validateManifest } from '../api/validation/manifest.ts';
import { validateReferences } from '../api/validation/references.ts';
import { conditionProblem } from '../core/analysis/expression/program.ts';
import { fieldsOf } from '../lib/fields-of.ts';
import { isPlainObject } from '../lib/merge-patch.ts';
import type { YamlParser } from '../ports/git.ts';
import { warningsFor, type WarningRule } from './lint-warnings.ts';
import { unknownFields } from './unknown-fields.ts';
import { readManifestFiles, type FileFault, type FileObject } from './manifest-files.ts';

export interface LintOptions {
  readonly filename: readonly string[];
  readonly format: 'text' | 'json' | 'sarif';
}

export interface LintResult {
  readonly text: string;
  /** 1 when there is anything to mend; warnings are none. */
  readonly exitCode: 0 | 1;
}

interface Finding extends FileFault {
  /** `Rollout/shop`; empty when the document could not be read. */
  readonly object: string;
  readonly rule: 'invalid-manifest' | WarningRule;
}

/** The verb `lint`: what is wrong with manifests, by the rules that the controller itself applies. Needs no cluster. */
export function lintVerb(options: LintOptions, yaml: YamlParser): LintResult {
  const { objects, faults } = readManifestFiles(options.filename, yaml);
  const findings: Finding[] = faults.map((fault) => ({ ...fault, object: '', rule: 'invalid-manifest' }));
  for (const entry of objects) findings.push(...findingsIn(entry, objects));
  const exitCode = findings.some(isProblem) ? 1 : 0;
  switch (options.format) {
    case 'text':
      return { text: textOf(findings, objects.length), exitCode };
    case 'json':
      return {
        text: JSON.stringify({ objects: objects.length, findings: findings.map(leveled) }, undefined, 2),
        exitCode,
      };
    case 'sarif':
      return { text: JSON.stringify(sarifOf(findings), undefined, 2), exitCode };
  }
}

function findingsIn(entry: FileObject, all: readonly FileObject[]): readonly Finding[] {
  const { object, file, line } = entry;
  if (!isServed(object)) return [];
  const name = `${object.kind}/${object.metadata.name}`;
  const problems = validateManifest(object);
  const found = problems.length === 0 && object.kind === 'Rollout' ? validateAmong(entry, all) : problems;
  const messages = [...fieldProblems(object), ...found.map(({ message }) => message)];
  const faults = [...messages, ...conditionProblems(object)].map((message): Finding => {
    return { file, line, object: name, rule: 'invalid-manifest', message };
  });
  // What is invalid would not run at all.
  if (faults.length > 0) return faults;
  return warningsFor(object).map(({ rule, message }) => ({ file, line, object: name, rule, message }));
}

function isProblem({ rule }: Finding): boolean {
  return rule === 'invalid-manifest';
}

function leveled(finding: Finding): Finding & { readonly level: 'error' | 'warning' } {
  return { ...finding, level: isProblem(finding) ? 'error' : 'warning' };
}

/** Others have kinds of the same name. */
function isServed({ apiVersion }: KubeObject): boolean {
  return apiVersion === undefined || DEFINITIONS.some(({ spec }) => apiVersion.startsWith(`${spec.group}/`));
}

const DEFINITIONS = customResourceDefinitions();

function fieldProblems(object: KubeObject): readonly string[] {
  return unknownFields(object, DEFINITIONS).map((path) => `${path}: there is no such field; it would be dropped`);
}

/** Conditions that can never be evaluated; what depends on arguments is known in a run only. */
function conditionProblems(object: KubeObject): readonly string[] {
  if (!object.kind.startsWith('Analysis') && object.kind !== 'ClusterAnalysisTemplate') return [];
  const spec = fieldsOf(object['spec']);
  const metrics: readonly unknown[] = Array.isArray(spec['metrics']) ? spec['metrics'] : [];
  return metrics.flatMap((metric, index) =>
    ['successCondition', 'failureCondition'].flatMap((field) => {
      const text = isPlainObject(metric) ? metric[field] : undefined;
      if (typeof text !== 'string' || text === '' || text.includes('{{')) return [];
      const problem = conditionProblem(text);
      return problem === undefined ? [] : [`spec.metrics[${index}].${field}: ${problem.message}`];
    }),
  );
}

/** References are checked as far as the files hold objects of that kind: what is absent may be in the cluster already. */
function validateAmong(entry: FileObject, all: readonly FileObject[]): ReturnType<typeof validateReferences> {
  const known = validateReferences(entry.object as Rollout, {
    services: nearest<Service>(entry, all, KINDS.service),
    ingresses: nearest<Ingress>(entry, all, KINDS.ingress),
    analysisTemplates: nearest<AnalysisTemplate>(entry, all, KINDS.analysisTemplate),
    clusterAnalysisTemplates: nearest<ClusterAnalysisTemplate>(entry, all, KINDS.clusterAnalysisTemplate),
    httpRoutes: nearest<HttpRoute>(entry, all, KINDS.httpRoute),
    grpcRoutes: nearest<HttpRoute>(entry, all, KINDS.grpcRoute),
  });
  return known.filter(({ kind }) => kind !== 'NotFound');
}

/**
 * Objects of a kind by name. Of several with one name, as in folders for several environments, the one in the same file
 * counts, else the one in the same folder; what is in another namespace never does.
 */
function nearest<T>(entry: FileObject, all: readonly FileObject[], kind: ResourceKind): Readonly<Record<string, T>> {
  const found = all.filter((other) => isOfKind(other.object, kind) && mayBeMeant(entry.object, other.object, kind));
  const byDistance = found.toSorted((left, right) => distance(entry, right) - distance(entry, left));
  return Object.fromEntries(byDistance.map(({ object }) => [object.metadata.name, object as unknown as T]));
}

function isOfKind(object: KubeObject, { kind, group }: ResourceKind): boolean {
  const [before = '', after] = (object.apiVersion ?? '').split('/');
  return object.kind === kind && (after === undefined ? '' : before) === group;
}

/** A route of the Gateway API may be in another namespace, which is compared where it is read. */
function mayBeMeant(rollout: KubeObject, other: KubeObject, kind: ResourceKind): boolean {
  const [own, theirs] = [rollout.metadata.namespace, other.metadata.namespace];
  const isElsewhere = own !== undefined && theirs !== undefined && own !== theirs;
  return !kind.namespaced || kind === KINDS.httpRoute || kind === KINDS.grpcRoute || !isElsewhere;
}

function distance(from: FileObject, to: FileObject): number {
  if (from.file === to.file) return 0;
  return dirname(from.file) === dirname(to.file) ? 1 : 2;
}

function textOf(findings: readonly Finding[], objects: number): string {
  const lines = findings.map((finding) => {
    const { file, line, object, message } = finding;
    const about = `${isProblem(finding) ? '' : 'warning: '}${object === '' ? '' : `${object}: `}`;
    return `${file}:${line}: ${about}${message}`;
  });
  const problems = findings.filter(isProblem).length;
  const warnings = findings.length - problems;
  const counts = [counted(objects, 'object'), counted(problems, 'problem')];
  return [...lines, [...counts, ...(warnings === 0 ? [] : [counted(warnings, 'warning')])].join(', ')].join('\n');
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`;
}

/** Static Analysis Results Interchange Format 2.1.0, which code hosts show beside the lines. */
function sarifOf(findings: readonly Finding[]): unknown {
  return {
    $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
    version: '2.1.0',
    runs: [
      {
        tool: {
          driver: { name: 'headgate', rules: [...new Set(findings.map(({ rule }) => rule))].map((id) => ({ id })) },
        },
        results: findings.map(leveled).map(({ file, line, object, message, rule, level }) => ({
          ruleId: rule,
          level,
          message: { text: object === '' ? message : `${object}: ${message}` },
          locations: [{ physicalLocation: { artifactLocation: { uri: file }, region: { startLine: line } } }],
        })),
      },
    ],
  };
}
