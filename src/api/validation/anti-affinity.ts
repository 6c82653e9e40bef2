import type { CanaryStrategy } from '../rollout.ts';
import { invalid, type Problem } from './problem.ts';

export function validateAntiAffinity(rule: CanaryStrategy['antiAffinity'], path: string): readonly Problem[] {
  if (rule === undefined) return [];
  const preferred = rule.preferredDuringSchedulingIgnoredDuringExecution;
  const required = rule.requiredDuringSchedulingIgnoredDuringExecution;
  const problems: Problem[] = [];
  if ((preferred === undefined) === (required === undefined)) {
    const names = 'antiAffinity.PreferredDuringSchedulingIgnoredDuringExecution';
    const value = `${names}: ${preferred !== undefined} ${names.replace('Preferred', 'Required')}: ${required !== undefined}`;
    problems.push(invalid(path, value, 'AntiAffinity must have exactly one strategy listed'));
  }
  if (preferred !== undefined && (preferred.weight < 1 || preferred.weight > 100)) {
    problems.push(invalid(`${path}.weight`, preferred.weight, 'AntiAffinity weight must be between 1-100'));
  }
  return problems;
}
