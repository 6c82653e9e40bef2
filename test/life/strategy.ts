/** A way to update, and the points at which an update that nobody touches rests. */
export interface Strategy {
  readonly name: 'canary' | 'canary behind a router' | 'blue-green';
  /** What has to be there before the Rollout. */
  readonly surroundings: readonly object[];
  rollout(spec?: Readonly<Record<string, unknown>>): Record<string, unknown>;
  readonly halts: readonly Halt[];
  readonly healthy: (version: string, replicas?: number) => Picture;
  /** After an abort, when the pods of the aborted version are gone. */
  readonly aborted: (versions: Versions, detail: string) => Picture;
  /** An edit that makes no sense, what is said of it, and the edit that takes it back. */
  readonly nonsense: { readonly edit: object; readonly message: string; readonly mend: object };
  /** An update that is paused before it began. */
  readonly heldBack: (versions: Versions) => Picture;
  /** Promoted in full, and its pods still do not start. */
  readonly promotedInVain: (versions: Versions) => Picture;
  /** A first version whose pods do not start. */
  readonly stuckFirst: (version: string) => Picture;
  /** Of all versions together, for so many wanted. */
  readonly podsMax: (replicas: number) => number;
}

/** A point at which an update waits for somebody, or something. */
export interface Halt {
  readonly name: string;
  /** Of the new version. */
  readonly image: string;
  /** False while the pods of the new version do not start. */
  readonly comes: boolean;
  /** What the strategy has on top for this halt only. */
  readonly spec?: Readonly<Record<string, unknown>>;
  /** What a user does at the halts before this one, in their order. */
  readonly way: readonly Move[];
  /** What a user does to get on from here, and where that leads: to the name of a halt, or to the end. */
  readonly next: { readonly move: Move; readonly leadsTo: string } | undefined;
  readonly picture: (versions: Versions, replicas?: number) => Picture;
  /** What is different in the picture of a version that supersedes `fresh` here, if anything. */
  readonly superseded?: (picture: Picture, fresh: string) => Picture;
}

/** What a user does to an update: the writes of `promote`, of `promote --full`, and of `promote` in a step that is no pause. */
export type Move = 'promote' | 'promote full' | 'promote past the step';

export interface Versions {
  readonly stable: string;
  readonly fresh: string;
}

/** What a user sees of a Rollout. */
export interface Picture {
  readonly phase: string;
  readonly message: string;
  readonly step?: number | undefined;
  /** Of the new version in percent: in status, and at the route. */
  readonly weight?: number;
  /** Available of wanted pods, by image: `{ 'shop:1': '4/4' }`; versions without pods are left out. */
  readonly pods: Readonly<Record<string, string>>;
  /** Images that Services lead to. */
  readonly services: Readonly<Record<string, string>>;
}
