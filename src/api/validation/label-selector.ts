import type { LabelSelector } from '../rollout.ts';
import { forbidden, invalid, required, type Problem } from './problem.ts';

export function validateLabelSelector(selector: LabelSelector, path: string): readonly Problem[] {
  return (selector.matchExpressions ?? []).flatMap(({ operator, values }, index) => {
    const at = `${path}.matchExpressions[${index}]`;
    const count = values?.length ?? 0;
    switch (operator) {
      case 'In':
      case 'NotIn':
        return count > 0 ? [] : [required(`${at}.values`, "must be specified when `operator` is 'In' or 'NotIn'")];
      case 'Exists':
      case 'DoesNotExist':
        if (count === 0) return [];
        return [forbidden(`${at}.values`, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'")];
      default:
        return [invalid(`${at}.operator`, operator, 'not a valid selector operator')];
    }
  });
}

export function isEmptySelector(selector: LabelSelector): boolean {
  return Object.keys(selector.matchLabels ?? {}).length === 0 && (selector.matchExpressions ?? []).length === 0;
}

export function selectorMatches(selector: LabelSelector, labels: Readonly<Record<string, string>>): boolean {
  const equal = Object.entries(selector.matchLabels ?? {}).every(([key, value]) => labels[key] === value);
  return (
    equal &&
    (selector.matchExpressions ?? []).every(({ key, operator, values }) => {
      const value = labels[key];
      const among = value !== undefined && (values ?? []).includes(value);
      if (operator === 'In') return among;
      if (operator === 'NotIn') return !among;
      return operator === 'Exists' ? value !== undefined : value === undefined;
    })
  );
}
