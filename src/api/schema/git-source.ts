import { standardConditionSchema } from './common.ts';
import { choice, flag, int32, int64, listByKey, listOf, object, text, time, withRules, word } from './fields.ts';

type RevertState = 'Pending' | 'Pushed' | 'Skipped' | 'Conflicted' | 'Failed';

const secretReference = (description: string) =>
  object(description, {
    secretRef: object('A Secret in the same namespace.', { name: text('The name of the Secret.') }),
  });

const url = withRules(text('The repository: https://…, ssh://… or user@host:path.').max(2048), [
  {
    rule: "self.matches('^(https?|ssh|file)://.+') || self.matches('^[^@/:-][^@/:]*@[^:/]+:.+')",
    message: 'use https://host/path, ssh://user@host/path or user@host:path',
  },
  {
    rule: "!self.matches('^https?://[^/]*@')",
    message: 'take the credentials out of the URL and put them into a Secret that spec.credentials.secretRef names',
  },
]);

const path = withRules(text('The folder to apply, from the root of the repository; all of it if unset.').max(1024), [
  {
    rule: "!self.matches('^/') && !self.matches('(^|/)[.][.](/|$)')",
    message: 'write the folder from the root of the repository, without a leading / and without ..',
  },
]);

const interval = withRules(text('How often to look for commits, such as 1m; 1m if unset.').max(32), [
  {
    rule: "self.matches('^([0-9]+([.][0-9]+)?(ms|s|m|h))+$')",
    message: 'write a duration such as 30s, 5m or 1h',
  },
]);

export const gitSourceSpecSchema = object('What is wanted.', {
  url,
  branch: text('The branch to follow; main if unset.').max(255).optional(),
  path: path.optional(),
  targetNamespace: text('The namespace of objects that name none; that of this GitSource if unset.').optional(),
  serviceAccountName: text('The ServiceAccount whose rights every change uses; default if unset.').optional(),
  interval: interval.optional(),
  credentials: secretReference('How to read from and push to the repository.').optional(),
  webhook: secretReference('How the forge proves that a push notice is its own.').optional(),
  prune: flag('Whether objects that left the repository are deleted.').optional(),
  suspend: flag('Whether nothing is read or applied for now.').optional(),
  onAbort: choice(
    ['PullRequest', 'Push', 'None'],
    'What happens to the repository when a Rollout aborts: a pull request or a pushed commit that reverts the change, or nothing; None if unset.',
  ).optional(),
  commitAuthor: object('Who reverts.', {
    name: text('The name of the author.'),
    email: text('The e-mail address of the author.'),
  }).optional(),
});

const inventoryEntry = object('An object that was applied.', {
  group: text('The API group; empty for core.').optional(),
  version: text('The API version.'),
  kind: text('The kind.'),
  namespace: text('The namespace; empty for objects of the cluster.').optional(),
  name: text('The name.'),
  file: text('The file that it came from.').optional(),
});

const revertEntry = object('What was done about one abort.', {
  key: text('Identifies the abort: the UID of the Rollout and the commit that was aborted.'),
  state: word<RevertState>('Pending, Pushed, Skipped, Conflicted or Failed.'),
  rollout: text('The Rollout, as namespace/name.'),
  podTemplateHash: text('The hash of the aborted version.').optional(),
  abortedRevision: text('The commit that brought the aborted version.').optional(),
  stableRevision: text('The commit that brought the stable version.').optional(),
  commitRevision: text('The commit that reverts.').optional(),
  reason: text('Why the Rollout was aborted.').optional(),
  attempts: int32('How often it was tried.').optional(),
  message: text('What happened, or what is tried next.').optional(),
  time: time('When this entry last changed.'),
});

export const gitSourceStatusSchema = object('What was found.', {
  observedGeneration: int64('The metadata.generation that this status is about.').optional(),
  conditions: listByKey(
    ['type'],
    standardConditionSchema,
    'Ready, Reconciling and Stalled, with what to do.',
  ).optional(),
  lastAppliedRevision: text('The commit that was applied last without an error.').optional(),
  lastAttemptedRevision: text('The commit that was tried last.').optional(),
  lastHandledRequest: text('The value of the request annotation that was last obeyed.').optional(),
  lastPushNotice: time('When a push notice last reached a replica that was not at work on this.').optional(),
  inventory: object('What was applied.', {
    entries: listOf(inventoryEntry, 'The objects.').optional(),
  }).optional(),
  reverts: listByKey(['key'], revertEntry, 'What was done about aborts, the latest last.').optional(),
  history: listOf(
    object('A commit that was applied.', {
      revision: text('The commit.'),
      appliedAt: time('When it was applied.'),
    }),
    'The commits that were applied, the latest first.',
  ).optional(),
});
