import { parseDurationMs } from '../../lib/duration.ts';
import type { GitSource } from '../git-source.ts';
import { forbidden, invalid, required, type Problem } from './problem.ts';
import { unsupportedInGitSource } from './supported.ts';

/** What the operator of the controller allows GitSources to do. */
export interface GitSourceRights {
  /** Repositories on the disk of the controller. */
  readonly fileUrls: 'allowed' | 'refused';
  /** Whether objects may go to other namespaces than that of the GitSource. */
  readonly namespaces: 'own' | 'any';
}

/** Shorter than this, reading the repository would be all that happens. */
const INTERVAL_MIN_MS = 1_000;

export function validateGitSource(source: GitSource, rights: GitSourceRights): readonly Problem[] {
  return [
    ...unsupportedInGitSource(source),
    ...validateUrl(source, rights),
    ...validatePath(source.spec.path),
    ...validateInterval(source.spec.interval),
    ...validateNamespace(source, rights),
  ];
}

function validateUrl({ spec }: GitSource, rights: GitSourceRights): readonly Problem[] {
  const path = 'spec.url';
  const scheme = schemeOf(spec.url);
  if (scheme === undefined) {
    return [invalid(path, spec.url, 'use https://host/path, ssh://user@host/path or user@host:path')];
  }
  if (/^https?:\/\/[^/]*@/.test(spec.url)) {
    return [
      forbidden(path, 'take the credentials out of the URL and put them into a Secret that spec.credentials names'),
    ];
  }
  if (scheme === 'file' && rights.fileUrls === 'refused') {
    return [forbidden(path, 'the controller does not read repositories from its own disk; use https or ssh')];
  }
  if (scheme === 'ssh' && spec.credentials === undefined) {
    const detail = 'ssh needs a Secret with the keys identity and known_hosts; name it in spec.credentials.secretRef';
    return [required('spec.credentials', detail)];
  }
  return [];
}

function schemeOf(url: string): 'https' | 'http' | 'ssh' | 'file' | undefined {
  const scheme = /^(https?|ssh|file):\/\/./.exec(url)?.[1];
  if (scheme === 'https' || scheme === 'http' || scheme === 'ssh' || scheme === 'file') return scheme;
  return /^[^@/:-][^@/:]*@[^:/]+:./.test(url) ? 'ssh' : undefined;
}

function validatePath(path: string | undefined): readonly Problem[] {
  if (path === undefined) return [];
  if (!path.startsWith('/') && !path.split('/').includes('..')) return [];
  return [invalid('spec.path', path, 'write the folder from the root of the repository, without .. in it')];
}

function validateInterval(interval: string | undefined): readonly Problem[] {
  if (interval === undefined) return [];
  const ms = parseDurationMs(interval);
  if (ms !== undefined && ms >= INTERVAL_MIN_MS) return [];
  return [invalid('spec.interval', interval, 'write a duration of at least 1s, such as 30s, 5m or 1h')];
}

function validateNamespace({ spec, metadata }: GitSource, rights: GitSourceRights): readonly Problem[] {
  const target = spec.targetNamespace;
  if (target === undefined || target === metadata.namespace || rights.namespaces === 'any') return [];
  const detail = 'the controller lets a GitSource write to its own namespace only; move the GitSource there';
  return [forbidden('spec.targetNamespace', detail)];
}
