import type { KubeObject } from '../../api/kube-object.ts';
import type { FieldError, OpenApiSchema } from '../resource.ts';

export function ruleErrors(
  _object: KubeObject,
  _schema: OpenApiSchema,
  _old: KubeObject | undefined,
): readonly FieldError[] {
  return [];
}

export function ruleProblem(_rule: unknown, _schema: OpenApiSchema, _isRoot: boolean): string | undefined {
  return undefined;
}
