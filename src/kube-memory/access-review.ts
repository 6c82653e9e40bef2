import type { JsonObject } from './json-value.ts';
import { objectAt, stringAt } from './json-value.ts';
import type { UserInfo, Verb } from './request.ts';

/** Kinds that are questions to the server rather than stored objects: they can only be created. */
export const REVIEW_KINDS = [
  review('authorization.k8s.io', 'SelfSubjectAccessReview', 'selfsubjectaccessreviews', false),
  review('authorization.k8s.io', 'SubjectAccessReview', 'subjectaccessreviews', false),
  review('authorization.k8s.io', 'LocalSubjectAccessReview', 'localsubjectaccessreviews', true),
  review('authorization.k8s.io', 'SelfSubjectRulesReview', 'selfsubjectrulesreviews', false),
  review('authentication.k8s.io', 'SelfSubjectReview', 'selfsubjectreviews', false),
] as const;

function review<Kind extends string>(group: string, kind: Kind, plural: string, namespaced: boolean) {
  return { group, version: 'v1', kind, plural, namespaced } as const;
}

/** What an authorisation decision is taken on. */
export interface AccessQuestion {
  readonly user: UserInfo;
  readonly verb: Verb | (string & {});
  readonly group: string;
  readonly resource: string;
  readonly subresource: string;
  readonly namespace: string;
  readonly name: string;
}

export interface AccessAnswer {
  readonly allowed: boolean;
  readonly reason?: string;
}

export type Authorize = (question: AccessQuestion) => AccessAnswer;

/** Answers a review: who the caller is, or whether someone may do something. */
export function answerReview(
  kind: (typeof REVIEW_KINDS)[number]['kind'],
  body: JsonObject,
  user: UserInfo,
  authorize: Authorize,
): JsonObject {
  switch (kind) {
    case 'SelfSubjectReview':
      return { ...body, status: { userInfo: { username: user.username, groups: user.groups } } };
    case 'SelfSubjectRulesReview':
      return {
        ...body,
        status: {
          resourceRules: [{ verbs: ['*'], apiGroups: ['*'], resources: ['*'] }, ...selfReviewRules()],
          nonResourceRules: [{ verbs: ['*'], nonResourceURLs: ['*'] }],
          incomplete: false,
        },
      };
    case 'SelfSubjectAccessReview':
      return { ...body, status: answerOf(body, user, authorize) };
    case 'SubjectAccessReview':
    case 'LocalSubjectAccessReview': {
      const groups: unknown = objectAt(body, 'spec')['groups'];
      const subject = {
        username: stringAt(body, 'spec', 'user') ?? '',
        groups: Array.isArray(groups) ? groups.map(String) : [],
      };
      return { ...body, status: answerOf(body, subject, authorize) };
    }
  }
}

/** Anybody may ask about oneself. */
function selfReviewRules(): readonly JsonObject[] {
  return REVIEW_KINDS.filter(({ kind }) => kind.startsWith('Self')).map(({ group, plural }) => ({
    verbs: ['create'],
    apiGroups: [group],
    resources: [plural],
  }));
}

function answerOf(body: JsonObject, user: UserInfo, authorize: Authorize): AccessAnswer {
  const asked = objectAt(body, 'spec', 'resourceAttributes');
  const text = (field: string): string => stringAt(asked, field) ?? '';
  return authorize({
    user,
    verb: text('verb'),
    group: text('group'),
    resource: text('resource'),
    subresource: text('subresource'),
    namespace: text('namespace'),
    name: text('name'),
  });
}
